/* cus.c - which compilation unit an address is in.
 *
 * Room: symbolize.  Reads the unit DIEs only; what is in a unit is read when an address hits it.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/cus.h"

#include <dwarf.h>

#include "symbolize/functions.h"
#include "symbolize/ranges.h"

static void add_unit(struct rp_object *o, Dwarf_CU *unit, Dwarf_Die *die)
{
	struct rp_cu *cu = rp_pool_take(&o->shared->pool, sizeof(*cu));
	struct rp_cu **list = &o->cu;
	Dwarf_Half version;
	uint8_t type;

	cu->die = cu->root = *die;
	if (!rp_ranges_add(&o->cus, die, cu, 0))
		list = &o->rangeless;
	cu->next = *list;
	*list = cu;

	Dwarf_Die split = {0};

	if (dwarf_cu_info(unit, &version, &type, NULL, &split, NULL, NULL, NULL) == 0 &&
	    type == DW_UT_skeleton && split.addr)
		cu->root = split;
}

void rp_cus_map(struct rp_object *object)
{
	Dwarf_CU *unit = NULL;
	Dwarf_Die die;
	uint8_t type;

	/* An error ends the loop as the last unit does: what was read until then is good. */
	while (dwarf_get_units(object->dwarf, unit, &unit, NULL, &type, &die, NULL) == 0)
		if (dwarf_tag(&die) == DW_TAG_compile_unit ||
		    dwarf_tag(&die) == DW_TAG_skeleton_unit)
			add_unit(object, unit, &die);
	rp_spans_flatten(&object->cus);
}

struct rp_cu *rp_cus_find(struct rp_object *object, uint64_t addr)
{
	return rp_spans_find(&object->cus, addr);
}

bool rp_cus_map_rangeless(struct rp_object *object)
{
	size_t n_before = object->cus.n;
	struct rp_cu *next;

	for (struct rp_cu *cu = object->rangeless; cu; cu = next) {
		next = cu->next;
		rp_functions_read(object, cu);
		for (size_t i = 0; i < cu->functions.n; i++)
			rp_spans_add(&object->cus, cu->functions.at[i].lo, cu->functions.at[i].hi,
			             cu, 0);
		cu->next = object->cu;
		object->cu = cu;
	}
	object->rangeless = NULL;
	if (object->cus.n == n_before)
		return false;
	rp_spans_flatten(&object->cus);
	return true;
}

bool rp_cus_is_cplus(struct rp_cu *cu)
{
	switch (dwarf_srclang(&cu->root)) {
	case DW_LANG_C_plus_plus:
	case DW_LANG_C_plus_plus_03:
	case DW_LANG_C_plus_plus_11:
	case DW_LANG_C_plus_plus_14:
		return true;
	default:
		return false;
	}
}

void rp_cus_free(struct rp_object *object)
{
	for (struct rp_cu *cu = object->cu; cu; cu = cu->next)
		rp_functions_free(cu);
	rp_spans_free(&object->cus);
}
