/* dies.h - walking DIEs of files that may be damaged: always ends, never too deep.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_DIES_H
#define RP_SYMBOLIZE_DIES_H

#include <stdbool.h>
#include <stddef.h>
#include <elfutils/libdw.h>

struct rp_dies {
	size_t budget; /* DIEs that may still be visited */
	unsigned depth;
};

/* A walk within the unit of DIE. */
struct rp_dies rp_dies_begin(Dwarf_Die *die);

/* To the first child of PARENT; false when there is none (then do not leave). */
bool rp_dies_enter(struct rp_dies *dies, Dwarf_Die *parent, Dwarf_Die *child);

/* From DIE to its sibling, in place. */
bool rp_dies_next(struct rp_dies *dies, Dwarf_Die *die);

void rp_dies_leave(struct rp_dies *dies);

#endif
