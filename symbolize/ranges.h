/* ranges.h - the address ranges of a DIE.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_RANGES_H
#define RP_SYMBOLIZE_RANGES_H

#include <stdbool.h>
#include <elfutils/libdw.h>

#include "symbolize/spans.h"

/* Whether DIE has code at all (a declaration has not). */
bool rp_ranges_has(Dwarf_Die *die);

/* Adds every range of DIE to SPANS as ITEM; how many there were. */
size_t rp_ranges_add(struct rp_spans *spans, Dwarf_Die *die, void *item, uint32_t rank);

#endif
