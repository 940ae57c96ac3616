/* code.c - where the code of a DIE is, and of what it is a copy.
 *
 * Room: symbolize.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/code.h"

#include <dwarf.h>

static void clear(struct rp_code *code)
{
	code->low.form = code->high.form = code->ranges.form = code->origin.form = 0;
	code->call_file = code->call_line = code->sibling = 0;
}

static void read_number(const struct rp_unit *unit, const struct rp_attr *attr,
                        struct rp_bytes *bytes, uint64_t *number)
{
	struct rp_value value;

	rp_forms_read(bytes, attr, unit->widths, &value);
	*number = value.number;
}

static void read_attr(const struct rp_unit *unit, const struct rp_attr *attr,
                      struct rp_bytes *bytes, struct rp_code *code)
{
	struct rp_value other;

	switch (attr->name) {
	case DW_AT_low_pc:
		rp_forms_read(bytes, attr, unit->widths, &code->low);
		return;
	case DW_AT_high_pc:
		rp_forms_read(bytes, attr, unit->widths, &code->high);
		return;
	case DW_AT_ranges:
		rp_forms_read(bytes, attr, unit->widths, &code->ranges);
		return;
	case DW_AT_abstract_origin:
		rp_forms_read(bytes, attr, unit->widths, &code->origin);
		return;
	case DW_AT_call_file:
		read_number(unit, attr, bytes, &code->call_file);
		return;
	case DW_AT_call_line:
		read_number(unit, attr, bytes, &code->call_line);
		return;
	case DW_AT_sibling:
		read_number(unit, attr, bytes, &code->sibling);
		return;
	default:
		rp_forms_read(bytes, attr, unit->widths, &other);
	}
}

void rp_code_read(const struct rp_unit *unit, const struct rp_abbrev *abbrev,
                  struct rp_bytes *bytes, struct rp_code *code)
{
	clear(code);
	for (uint32_t i = 0; i < abbrev->n_attrs; i++)
		read_attr(unit, &abbrev->attr[i], bytes, code);
}

/* High is an address, or a number of bytes. */
static bool high_of(const struct rp_unit *unit, const struct rp_value *high, uint64_t low,
                    uint64_t *hi)
{
	if (rp_forms_addr(unit, high, hi))
		return true;
	*hi = low + high->number;
	return high->form != 0;
}

void rp_code_ranges(const struct rp_unit *unit, const struct rp_code *code,
                    struct rp_ranges *ranges)
{
	uint64_t lo, hi;

	ranges->n = 0;
	if (code->ranges.form)
		rp_ranges_read(unit, &code->ranges, ranges);
	else if (rp_forms_addr(unit, &code->low, &lo) && high_of(unit, &code->high, lo, &hi))
		rp_ranges_add(ranges, lo, hi);
}
