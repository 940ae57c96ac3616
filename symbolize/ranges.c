/* ranges.c - the address ranges of a DIE.
 *
 * Room: symbolize.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/ranges.h"

#include <dwarf.h>

bool rp_ranges_has(Dwarf_Die *die)
{
	return dwarf_hasattr(die, DW_AT_low_pc) || dwarf_hasattr(die, DW_AT_ranges);
}

size_t rp_ranges_add(struct rp_spans *spans, Dwarf_Die *die, void *item, uint32_t rank)
{
	Dwarf_Addr base, lo, hi;
	ptrdiff_t at = 0;
	size_t n = 0;

	while ((at = dwarf_ranges(die, at, &base, &lo, &hi)) > 0) {
		/* Functions that the linker threw away keep ranges from 0 (GNU ld) or from the
		 * last addresses (lld): the latter are empty or wrap. */
		if (lo == 0 || lo >= hi)
			continue;
		rp_spans_add(spans, lo, hi, item, rank);
		n++;
	}
	return n;
}
