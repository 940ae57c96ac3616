/* code.h - where the code of a DIE is, and of what it is a copy.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_CODE_H
#define RP_SYMBOLIZE_CODE_H

#include "symbolize/dies.h"
#include "symbolize/ranges.h"

struct rp_code {
	struct rp_value low, high, ranges;
	struct rp_value origin; /* abstract_origin */
	uint64_t call_file, call_line;
	uint64_t sibling; /* 0: not said */
};

/* Reads what is wanted of the DIE of UNIT whose code BYTES are behind of; they move behind its
 * attributes. */
void rp_code_read(const struct rp_unit *unit, const struct rp_abbrev *abbrev,
                  struct rp_bytes *bytes, struct rp_code *code);

/* Puts the address ranges of CODE into RANGES, in place of what is there. */
void rp_code_ranges(const struct rp_unit *unit, const struct rp_code *code,
                    struct rp_ranges *ranges);

#endif
