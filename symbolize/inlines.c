/* inlines.c - the copies of other functions inside one function.
 *
 * Room: symbolize.  Only functions that an address hit are expanded.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/inlines.h"

#include <dwarf.h>

#include "symbolize/dies.h"
#include "symbolize/ranges.h"

struct copy_walk {
	struct rp_dies dies;
	struct rp_object *object;
	struct rp_function *outermost;
	Dwarf_Files *files; /* of the unit; call sites name their file by number */
	size_t n_files;
};

static void walk(struct copy_walk *w, struct rp_function *into, Dwarf_Die *parent, uint32_t rank);

static uint64_t number_of(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attr;
	Dwarf_Word value;

	if (!dwarf_attr(die, name, &attr) || dwarf_formudata(&attr, &value) != 0)
		return 0;
	return value;
}

static void add_copy(struct copy_walk *w, struct rp_function *into, Dwarf_Die *die, uint32_t rank)
{
	struct rp_function *copy = rp_pool_take(&w->object->shared->pool, sizeof(*copy));
	uint64_t file = number_of(die, DW_AT_call_file);

	copy->die = *die;
	copy->into = into;
	copy->call_line = (uint32_t)number_of(die, DW_AT_call_line);
	if (file < w->n_files)
		copy->call_file = dwarf_filesrc(w->files, file, NULL, NULL);
	rp_ranges_add(&w->outermost->copies, die, copy, rank);
	walk(w, copy, die, rank + 1);
}

static void walk(struct copy_walk *w, struct rp_function *into, Dwarf_Die *parent, uint32_t rank)
{
	Dwarf_Die die;

	if (!rp_dies_enter(&w->dies, parent, &die))
		return;
	do {
		int tag = dwarf_tag(&die);

		if (tag == DW_TAG_inlined_subroutine)
			add_copy(w, into, &die, rank);
		else if (tag == DW_TAG_lexical_block)
			walk(w, into, &die, rank);
	} while (rp_dies_next(&w->dies, &die));
	rp_dies_leave(&w->dies);
}

void rp_inlines_expand(struct rp_object *object, struct rp_cu *cu, struct rp_function *function)
{
	struct copy_walk w = {.object = object, .outermost = function};

	if (function->expanded)
		return;
	function->expanded = true;
	if (dwarf_getsrcfiles(&cu->root, &w.files, &w.n_files) != 0)
		w.n_files = 0;
	w.dies = rp_dies_begin(&cu->root);
	walk(&w, function, &function->die, 1);
	rp_spans_flatten(&function->copies);
}
