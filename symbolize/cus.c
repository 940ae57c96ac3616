/* cus.c - which compilation unit an address is in.
 *
 * Room: symbolize.  Reads the unit DIEs only; what is in a unit is read when an address hits it.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/cus.h"

#include <dwarf.h>

#include "symbolize/code.h"
#include "symbolize/split.h"

/* RANK: of units that claim the same code, since the linker kept one copy for all, the first
 * counts, as it does for every other reader. */
static void add_unit(struct rp_object *o, struct rp_unit *unit, struct rp_ranges *ranges,
                     uint32_t rank)
{
	struct rp_cu *cu = rp_pool_take(&o->shared->pool, sizeof(*cu));
	struct rp_code code = {.low = unit->root.low,
	                       .high = unit->root.high,
	                       .ranges = unit->root.ranges};

	cu->unit = unit;
	rp_code_ranges(unit, &code, ranges);
	for (size_t i = 0; i < ranges->n; i++)
		rp_spans_add(&o->cus, ranges->at[i].lo, ranges->at[i].hi, cu, rank);
	if (!ranges->n) {
		cu->next = o->rangeless;
		o->rangeless = cu;
	}
}

void rp_cus_map(struct rp_object *object)
{
	struct rp_dwarf *dwarf = object->dwarf;
	struct rp_ranges ranges = {0};

	for (size_t i = 0; i < dwarf->n_units; i++) {
		struct rp_unit *unit = &dwarf->unit[i];

		if (unit->type != DW_UT_compile && unit->type != DW_UT_skeleton)
			continue;
		if (rp_units_root(unit) && (unit->root.tag == DW_TAG_compile_unit ||
		                            unit->root.tag == DW_TAG_skeleton_unit))
			add_unit(object, unit, &ranges, (uint32_t)(dwarf->n_units - i));
	}
	rp_ranges_free(&ranges);
	rp_spans_flatten(&object->cus);
}

struct rp_cu *rp_cus_find(struct rp_object *object, uint64_t addr)
{
	return rp_spans_find(&object->cus, addr);
}

struct rp_unit *rp_cus_body(struct rp_cu *cu)
{
	struct rp_unit *split = cu->unit->root.dwo_name.form ? rp_split_unit(cu->unit) : NULL;

	return split ? split : cu->unit;
}
