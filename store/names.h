/* names.h - what the name of a session file says, taken apart.
 *
 * Room: store; the other direction is rp_catalog_name.  No malloc, no stdio.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_STORE_NAMES_H
#define RP_STORE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RP_NAME_END ".reqprof"
#define RP_PART_END ".part"   /* after RP_NAME_END while the session is being written */
#define RP_SIDE_END ".reqsym" /* instead of both: the names of its addresses, sidecar.h */

enum { RP_FILE_NAME_MAX = 128 + 5 }; /* RP_NAME_MAX and ".part" */

struct rp_named {
	uint64_t wall_ns;
	char id[24]; /* "4711-000007" */
	bool part;
};

/* What is beside the session NAME (a name or a path) for its symbols, into SIDE of CAP bytes; both
 * "X.reqprof" and "X.reqprof.part" have "X.reqsym".  false: it does not fit. */
bool rp_names_sidecar(char *side, size_t cap, const char *name);

/* false: NAME is not the name of a session file, with or without ".part". */
bool rp_names_parse(const char *name, struct rp_named *named);

#endif
