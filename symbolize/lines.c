/* lines.c - address to source line within a unit.
 *
 * Room: symbolize.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/lines.h"

static void read_lines(struct rp_cu *cu)
{
	cu->has_lines = true;
	if (dwarf_getsrclines(&cu->die, &cu->lines, &cu->n_lines) != 0)
		cu->n_lines = 0;
}

/* The last row at or before ADDR; libdw sorts rows by address and, at one address, the end of a
 * sequence first. */
static Dwarf_Line *row_of(struct rp_cu *cu, uint64_t addr)
{
	size_t first = 0, n = cu->n_lines;
	Dwarf_Addr at;

	while (n > 1) {
		size_t half = n / 2;

		if (dwarf_lineaddr(dwarf_onesrcline(cu->lines, first + half), &at) == 0 &&
		    at <= addr)
			first += half;
		n -= half;
	}
	Dwarf_Line *row = n ? dwarf_onesrcline(cu->lines, first) : NULL;

	return row && dwarf_lineaddr(row, &at) == 0 && at <= addr ? row : NULL;
}

struct rp_line rp_lines_find(struct rp_cu *cu, uint64_t addr)
{
	bool ended = true;
	int line = 0;

	if (!cu->has_lines)
		read_lines(cu);
	Dwarf_Line *row = row_of(cu, addr);

	if (!row || dwarf_lineendsequence(row, &ended) != 0 || ended)
		return (struct rp_line){0};
	if (dwarf_lineno(row, &line) != 0 || line < 0)
		line = 0;
	return (struct rp_line){dwarf_linesrc(row, NULL, NULL), (uint32_t)line};
}
