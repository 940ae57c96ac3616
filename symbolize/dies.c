/* dies.c - walking DIEs of files that may be damaged: always ends, never too deep.
 *
 * Room: symbolize.  A damaged DW_AT_sibling may point back, or forward into the middle of what was
 * visited already, which multiplies the work on every level; hence the budget.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/dies.h"

enum { MAX_DEPTH = 256 };

struct rp_dies rp_dies_begin(Dwarf_Die *die)
{
	Dwarf_Off unit = dwarf_dieoffset(die) - dwarf_cuoffset(die), next = 0;
	size_t header;
	struct rp_dies dies = {0, 0};

	/* A DIE is at least one byte, so the unit's length bounds their number. */
	if (dwarf_next_unit(dwarf_cu_getdwarf(die->cu), unit, &next, &header, NULL, NULL, NULL,
	                    NULL, NULL, NULL) == 0 &&
	    next > unit)
		dies.budget = next - unit;
	return dies;
}

bool rp_dies_enter(struct rp_dies *dies, Dwarf_Die *parent, Dwarf_Die *child)
{
	if (dies->depth >= MAX_DEPTH || !dies->budget || dwarf_child(parent, child) != 0)
		return false;
	dies->depth++;
	dies->budget--;
	return true;
}

bool rp_dies_next(struct rp_dies *dies, Dwarf_Die *die)
{
	const void *from = die->addr;

	if (!dies->budget || dwarf_siblingof(die, die) != 0 || die->addr <= from)
		return false;
	dies->budget--;
	return true;
}

void rp_dies_leave(struct rp_dies *dies)
{
	dies->depth--;
}
