/* dies.c - DIEs: their attributes, those that they refer to, and what comes after them.
 *
 * Room: symbolize.  Whoever walks only ever moves forward, so that a walk ends with its unit,
 * whatever the siblings say.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/dies.h"

#include <dwarf.h>

bool rp_dies_open(const struct rp_die *die, struct rp_attrs *attrs)
{
	*attrs = (struct rp_attrs){.unit = die->unit, .bytes = {die->at, die->unit->end}};
	attrs->abbrev = rp_dies_next(die->unit, &attrs->bytes);
	return attrs->abbrev != NULL;
}

bool rp_dies_attr(struct rp_attrs *attrs, unsigned *name, struct rp_value *value)
{
	if (attrs->i == attrs->abbrev->n_attrs)
		return false;
	const struct rp_attr *attr = &attrs->abbrev->attr[attrs->i++];

	*name = attr->name;
	rp_forms_read(&attrs->bytes, attr, attrs->unit->widths, value);
	return true;
}

/* OFFSET counts from the unit's header. */
static bool within(struct rp_unit *unit, uint64_t offset, struct rp_die *die)
{
	if (!unit || offset < (uint64_t)(unit->die - unit->begin) ||
	    offset >= (uint64_t)(unit->end - unit->begin))
		return false;
	*die = (struct rp_die){unit, unit->begin + offset};
	return rp_units_root(unit) && rp_units_table(unit);
}

static bool at_offset(struct rp_dwarf *dwarf, uint64_t offset, struct rp_die *die)
{
	struct rp_unit *unit = dwarf ? rp_units_around(dwarf, offset) : NULL;

	return unit && within(unit, offset - (uint64_t)(unit->begin - unit->base), die);
}

bool rp_dies_refer(struct rp_unit *unit, const struct rp_value *value, struct rp_die *die)
{
	struct rp_unit *type;

	switch (value->form) {
	case DW_FORM_ref1:
	case DW_FORM_ref2:
	case DW_FORM_ref4:
	case DW_FORM_ref8:
	case DW_FORM_ref_udata:
		return within(unit, value->number, die);
	case DW_FORM_ref_addr:
		return at_offset(unit->dwarf, value->number, die);
	case DW_FORM_ref_sup4:
	case DW_FORM_ref_sup8:
	case DW_FORM_GNU_ref_alt:
		return at_offset(unit->dwarf->alt, value->number, die);
	case DW_FORM_ref_sig8:
		type = rp_units_of_type(unit->dwarf, value->number);
		return type && within(type, type->type_offset, die);
	default:
		return false;
	}
}

/* Whether SIBLING leads forward, and stays in the unit. */
static bool jump(const struct rp_unit *unit, struct rp_bytes *bytes, uint64_t sibling)
{
	if (sibling < (uint64_t)(bytes->at - unit->begin) ||
	    sibling > (uint64_t)(unit->end - unit->begin))
		return false;
	bytes->at = unit->begin + sibling;
	return true;
}

void rp_dies_leave(const struct rp_unit *unit, struct rp_bytes *bytes, uint64_t sibling)
{
	size_t depth = 1;

	if (jump(unit, bytes, sibling))
		return;
	while (depth && rp_bytes_left(bytes)) {
		uint64_t code = rp_bytes_uleb(bytes);
		const struct rp_abbrev *abbrev = code ? rp_abbrevs_get(unit->table, code) : NULL;

		if (!code)
			depth--;
		else if (!abbrev)
			bytes->at = bytes->end;
		else if (sibling = rp_abbrevs_pass(abbrev, bytes, unit->widths),
		         abbrev->has_children && !jump(unit, bytes, sibling))
			depth++;
	}
}

void rp_dies_pass(const struct rp_unit *unit, const struct rp_abbrev *abbrev,
                  struct rp_bytes *bytes)
{
	uint64_t sibling = rp_abbrevs_pass(abbrev, bytes, unit->widths);

	if (abbrev->has_children)
		rp_dies_leave(unit, bytes, sibling);
}
