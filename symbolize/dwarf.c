/* dwarf.c - the debug information of one file.
 *
 * Room: symbolize.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/dwarf.h"

#include <stdlib.h>

#include "symbolize/split.h"
#include "symbolize/units.h"

void rp_dwarf_allow(struct rp_dwarf *dwarf)
{
	struct rp_sections *s = &dwarf->sections;
	struct rp_bytes abbrev = rp_sections_bytes(s, RP_SECTION_ABBREV);
	struct rp_bytes info = rp_sections_bytes(s, RP_SECTION_INFO);
	size_t n_info = rp_bytes_left(&info);

	/* Honest files read a table twice, and each range once for every walk. */
	dwarf->abbrev_budget = 8 * rp_bytes_left(&abbrev) + n_info;
	dwarf->range_budget = 16 * n_info + 4096;
}

struct rp_dwarf *rp_dwarf_open(Elf *elf, bool dwo, struct rp_pool *pool)
{
	struct rp_dwarf *dwarf = rp_pool_take(pool, sizeof(*dwarf));

	dwarf->pool = pool;
	rp_sections_find(&dwarf->sections, elf, dwo);
	rp_units_find(dwarf);
	if (dwarf->n_units) {
		rp_dwarf_allow(dwarf);
		return dwarf;
	}
	rp_dwarf_close(dwarf);
	return NULL;
}

static void free_tables(struct rp_dwarf *dwarf)
{
	for (size_t i = 0; i < dwarf->tables.cap; i++)
		if (dwarf->tables.slot[i].value)
			rp_abbrevs_free(dwarf->tables.slot[i].value);
	rp_addrmap_free(&dwarf->tables);
}

void rp_dwarf_close(struct rp_dwarf *dwarf)
{
	if (!dwarf)
		return;
	rp_dwarf_close(dwarf->alt);
	rp_split_close(dwarf->split);
	free_tables(dwarf);
	rp_addrmap_free(&dwarf->signatures);
	free(dwarf->unit);
	free(dwarf->type_unit);
	rp_sections_free(&dwarf->sections);
	rp_elfopen_close(&dwarf->own);
}
