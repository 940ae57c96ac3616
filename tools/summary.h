/* summary.h - the facts of a session that fit on one line, without symbols.
 *
 * Room: tools.  The numbers are those of the account that `reqprof show` prints.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SUMMARY_H
#define RP_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>
#include "store/catalog.h"

struct rp_summary {
	const struct rp_entry *entry;         /* borrowed from the catalogue */
	char *method, *target, *server, *tag; /* malloc'ed, untrusted text */
	uint64_t duration_ns, cpu_ns, waits_ns;
	uint32_t status; /* 0: none seen */
	bool complete;
};

/* Reads ENTRY's file.  false with WHY when it is no session. */
bool rp_summary_read(struct rp_summary *s, const struct rp_entry *entry, struct rp_why *why);
void rp_summary_free(struct rp_summary *s);

/* Whether the session PATH was made by the request that carried TAG; reads no further than the
 * request's own record. */
bool rp_summary_has_tag(const char *path, const char *tag);

#endif
