/* words.c - what a DIE and those it stands for say of its name.
 *
 * Room: symbolize.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/words.h"

#include <dwarf.h>

/* A copy of a definition of a declaration: three.  More than these is damage, or a circle. */
enum { MAX_HOPS = 8 };

static void take(struct rp_words *words, const struct rp_unit *unit, unsigned name,
                 const struct rp_value *value)
{
	switch (name) {
	case DW_AT_name:
		if (!words->name)
			words->name = rp_forms_text(unit, value);
		break;
	case DW_AT_linkage_name:
	case DW_AT_MIPS_linkage_name:
		if (!words->linkage)
			words->linkage = rp_forms_text(unit, value);
		break;
	case DW_AT_decl_line:
		if (!words->decl_line)
			words->decl_line = (uint32_t)value->number;
		break;
	default:
		break;
	}
}

/* The words of one DIE, and the next on the way. */
static bool read_one(struct rp_words *words, struct rp_die *die)
{
	struct rp_attrs attrs;
	struct rp_value value, next = {0};
	unsigned name;

	words->declared = *die;
	if (!rp_dies_open(die, &attrs))
		return false;
	if (!words->tag)
		words->tag = attrs.abbrev->tag;
	if (!words->language)
		words->language = die->unit->root.language;
	while (rp_dies_attr(&attrs, &name, &value)) {
		if (name == DW_AT_abstract_origin || name == DW_AT_specification)
			next = value;
		else
			take(words, die->unit, name, &value);
	}
	return next.form && rp_dies_refer(die->unit, &next, die);
}

void rp_words_read(const struct rp_die *die, struct rp_words *words)
{
	struct rp_die at = *die;

	*words = (struct rp_words){0};
	for (int i = 0; i < MAX_HOPS && read_one(words, &at); i++)
		;
}
