/* ranges.h - lists of address ranges.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_RANGES_H
#define RP_SYMBOLIZE_RANGES_H

#include "symbolize/units.h"

struct rp_range {
	uint64_t lo, hi; /* hi is outside */
};

/* All zero is empty. */
struct rp_ranges {
	struct rp_range *at;
	size_t n, cap;
};

/* Adds [LO, HI), unless it is empty or was thrown away by the linker. */
void rp_ranges_add(struct rp_ranges *ranges, uint64_t lo, uint64_t hi);

/* Adds the list that DW_AT_ranges with VALUE names in a DIE of UNIT. */
void rp_ranges_read(const struct rp_unit *unit, const struct rp_value *value,
                    struct rp_ranges *ranges);

void rp_ranges_free(struct rp_ranges *ranges);

#endif
