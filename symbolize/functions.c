/* functions.c - the functions of a unit.
 *
 * Room: symbolize.  A unit has far more DIEs than functions, so the first walk goes past types and
 * past the inside of functions; the second, into those, is only for addresses that the first did
 * not explain.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/functions.h"

#include <dwarf.h>

#include "symbolize/dies.h"
#include "symbolize/inlines.h"
#include "symbolize/ranges.h"

struct unit_walk {
	struct rp_dies dies;
	struct rp_object *object;
	struct rp_cu *cu;
	bool types;      /* the second walk */
	unsigned hidden; /* how many types and functions we are inside of */
};

static void walk(struct unit_walk *w, Dwarf_Die *parent);

static void walk_hidden(struct unit_walk *w, Dwarf_Die *parent)
{
	if (!w->types)
		return;
	w->hidden++;
	walk(w, parent);
	w->hidden--;
}

static void add_function(struct unit_walk *w, Dwarf_Die *die)
{
	struct rp_function *f;

	if (w->types != (w->hidden > 0) || !rp_ranges_has(die))
		return;
	f = rp_pool_take(&w->object->shared->pool, sizeof(*f));
	f->die = *die;
	rp_ranges_add(&w->cu->functions, die, f, 0);
}

static void visit(struct unit_walk *w, Dwarf_Die *die)
{
	switch (dwarf_tag(die)) {
	case DW_TAG_subprogram:
		add_function(w, die);
		walk_hidden(w, die);
		break;
	case DW_TAG_namespace:
	case DW_TAG_module:
		walk(w, die);
		break;
	case DW_TAG_class_type:
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
	case DW_TAG_enumeration_type: /* Rust: methods and closures of enums */
	case DW_TAG_variant_part:
	case DW_TAG_variant:
	case DW_TAG_lexical_block:
	case DW_TAG_inlined_subroutine:
		walk_hidden(w, die);
		break;
	default:
		break;
	}
}

static void walk(struct unit_walk *w, Dwarf_Die *parent)
{
	Dwarf_Die die;

	if (!rp_dies_enter(&w->dies, parent, &die))
		return;
	do
		visit(w, &die);
	while (rp_dies_next(&w->dies, &die));
	rp_dies_leave(&w->dies);
}

static void walk_unit(struct rp_object *object, struct rp_cu *cu, bool types)
{
	struct unit_walk w = {.object = object, .cu = cu, .types = types};

	w.dies = rp_dies_begin(&cu->root);
	walk(&w, &cu->root);
	rp_spans_flatten(&cu->functions);
}

void rp_functions_read(struct rp_object *object, struct rp_cu *cu)
{
	if (cu->walked)
		return;
	cu->walked = true;
	walk_unit(object, cu, false);
}

bool rp_functions_read_types(struct rp_object *object, struct rp_cu *cu)
{
	size_t n_before = cu->functions.n;

	if (cu->walked_types)
		return false;
	cu->walked_types = true;
	walk_unit(object, cu, true);
	return cu->functions.n != n_before;
}

struct rp_function *rp_functions_find(struct rp_object *object, struct rp_cu *cu, uint64_t addr)
{
	rp_functions_read(object, cu);
	struct rp_function *f = rp_spans_find(&cu->functions, addr);

	if (!f)
		return NULL;
	rp_inlines_expand(object, cu, f);
	struct rp_function *copy = rp_spans_find(&f->copies, addr);

	return copy ? copy : f;
}

void rp_functions_free(struct rp_cu *cu)
{
	/* A function is in as many spans as it has ranges; freeing it twice is harmless. */
	for (size_t i = 0; i < cu->functions.n; i++)
		rp_spans_free(&((struct rp_function *)cu->functions.at[i].item)->copies);
	rp_spans_free(&cu->functions);
}
