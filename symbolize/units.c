/* units.c - the units of .debug_info.
 *
 * Room: symbolize.  Headers are read at once, the first DIE of a unit when somebody asks: its
 * abbreviation is looked up without compiling the whole table.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/units.h"

#include <dwarf.h>
#include <stdlib.h>

enum { MIN_VERSION = 2, MAX_VERSION = 5 };

static uint64_t read_offset(struct rp_bytes *b, const struct rp_unit *u)
{
	return rp_bytes_sized(b, u->widths.offset_bytes);
}

/* What is behind the version: DWARF 5 has another order, and more. */
static void read_rest(struct rp_unit *u, struct rp_bytes *b, bool types)
{
	u->type = types ? DW_UT_type : DW_UT_compile;
	if (u->widths.version >= 5) {
		u->type = rp_bytes_u8(b);
		u->widths.addr_bytes = rp_bytes_u8(b);
		u->abbrev = read_offset(b, u);
	} else {
		u->abbrev = read_offset(b, u);
		u->widths.addr_bytes = rp_bytes_u8(b);
	}
	bool has_type = u->type == DW_UT_type || u->type == DW_UT_split_type;

	if (has_type || u->type == DW_UT_skeleton || u->type == DW_UT_split_compile)
		u->signature = rp_bytes_u64(b);
	if (has_type)
		u->type_offset = read_offset(b, u);
}

static bool is_readable(const struct rp_unit *u)
{
	return u->widths.version >= MIN_VERSION && u->widths.version <= MAX_VERSION &&
	       (u->widths.addr_bytes == 4 || u->widths.addr_bytes == 8) && u->die < u->end;
}

/* The unit at B, which moves behind it; false at the end. */
static bool read_header(struct rp_unit *u, struct rp_bytes *b, bool types)
{
	u->begin = b->at;
	u->widths.offset_bytes = 4;
	uint64_t n = rp_bytes_u32(b);

	if (n == UINT32_MAX) {
		u->widths.offset_bytes = 8;
		n = rp_bytes_u64(b);
	}
	if (!n || n > rp_bytes_left(b))
		return false;
	struct rp_bytes inside = {b->at, b->at + n};

	u->end = inside.end;
	u->widths.version = (uint8_t)rp_bytes_u16(&inside);
	read_rest(u, &inside, types);
	u->die = inside.at;
	b->at = u->end;
	return true;
}

static struct rp_unit *read_units(struct rp_dwarf *dwarf, enum rp_section which, size_t *n)
{
	struct rp_bytes b = rp_sections_bytes(&dwarf->sections, which);
	struct rp_unit *unit = NULL, u = {.dwarf = dwarf, .base = b.at};
	size_t cap = 0;

	for (*n = 0; rp_bytes_left(&b) && read_header(&u, &b, which == RP_SECTION_TYPES);) {
		if (!is_readable(&u))
			continue;
		if (*n == cap) {
			cap = cap ? cap * 2 : 64;
			unit = realloc(unit, cap * sizeof(*unit));
			if (!unit)
				abort(); /* as in pool.c */
		}
		unit[(*n)++] = u;
	}
	return unit;
}

void rp_units_find(struct rp_dwarf *dwarf)
{
	dwarf->unit = read_units(dwarf, RP_SECTION_INFO, &dwarf->n_units);
}

static uint64_t table_key(const struct rp_unit *unit)
{
	return unit->abbrev << 3 | (uint64_t)(unit->widths.addr_bytes == 8) << 2 |
	       (uint64_t)(unit->widths.offset_bytes == 8) << 1 | (unit->widths.version < 3);
}

const struct rp_abbrevs *rp_units_table(struct rp_unit *unit)
{
	struct rp_dwarf *d = unit->dwarf;
	struct rp_abbrevs *table;

	if (unit->table)
		return unit->table;
	table = rp_addrmap_get(&d->tables, table_key(unit));
	if (!table) {
		struct rp_bytes b = rp_sections_from(&d->sections, RP_SECTION_ABBREV, unit->abbrev);

		if (rp_bytes_left(&b) > d->abbrev_budget)
			b.end = b.at + d->abbrev_budget;
		table = rp_pool_take(d->pool, sizeof(*table));
		d->abbrev_budget -= rp_abbrevs_read(table, b, unit->widths, d->pool);
		rp_addrmap_put(&d->tables, table_key(unit), table);
	}
	return unit->table = table;
}

/* The abbreviation of the unit's first DIE.  Where a table is there already, it is used: after dwz
 * thousands of units share one. */
static const struct rp_abbrev *root_abbrev(struct rp_unit *unit, uint64_t code)
{
	struct rp_dwarf *d = unit->dwarf;
	bool shared =
	        unit > d->unit && unit < d->unit + d->n_units && unit[-1].abbrev == unit->abbrev;

	if (shared || unit->table || rp_addrmap_get(&d->tables, table_key(unit)))
		return rp_abbrevs_get(rp_units_table(unit), code);
	struct rp_bytes b = rp_sections_from(&d->sections, RP_SECTION_ABBREV, unit->abbrev);
	struct rp_abbrev *one = rp_pool_take(d->pool, sizeof(*one));
	const uint8_t *from = b.at;

	if (rp_bytes_left(&b) > d->abbrev_budget)
		b.end = b.at + d->abbrev_budget;
	bool found = rp_abbrevs_read_one(one, &b, code, unit->widths, d->pool);

	d->abbrev_budget -= (size_t)(b.at - from);
	return found ? one : NULL;
}

static void take_attr(struct rp_root *root, unsigned name, const struct rp_value *value)
{
	switch (name) {
	case DW_AT_name:
		root->name = *value;
		break;
	case DW_AT_comp_dir:
		root->comp_dir = *value;
		break;
	case DW_AT_dwo_name:
	case DW_AT_GNU_dwo_name:
		root->dwo_name = *value;
		break;
	case DW_AT_low_pc:
		root->low = *value;
		break;
	case DW_AT_high_pc:
		root->high = *value;
		break;
	case DW_AT_ranges:
		root->ranges = *value;
		break;
	case DW_AT_language:
		root->language = (uint16_t)value->number;
		break;
	default:
		break;
	}
}

static void take_base(struct rp_unit *unit, unsigned name, const struct rp_value *value)
{
	switch (name) {
	case DW_AT_stmt_list:
		unit->root.has_line = true;
		unit->root.line = value->number;
		break;
	case DW_AT_str_offsets_base:
		unit->root.str_offsets_base = value->number;
		break;
	case DW_AT_addr_base:
	case DW_AT_GNU_addr_base:
		unit->root.addr_base = value->number;
		break;
	case DW_AT_rnglists_base:
		unit->root.rnglists_base = value->number;
		break;
	case DW_AT_GNU_ranges_base:
		unit->root.ranges_base = value->number;
		break;
	case DW_AT_GNU_dwo_id:
		unit->signature = value->number;
		break;
	default:
		break;
	}
}

/* A .dwo has no attributes for its bases: tables begin behind the header of their part. */
static void set_split_bases(struct rp_unit *unit)
{
	bool wide = unit->widths.offset_bytes == 8, five = unit->widths.version >= 5;

	unit->root.str_offsets_base = unit->str_offsets_part + (five ? wide ? 16 : 8 : 0);
	unit->root.rnglists_base = unit->rnglists_part + (wide ? 20 : 12);
}

bool rp_units_root(struct rp_unit *unit)
{
	struct rp_bytes b = {unit->die, unit->end};
	struct rp_value value;

	if (unit->root.read)
		return unit->root.tag != 0;
	unit->root.read = true;
	const struct rp_abbrev *a = root_abbrev(unit, rp_bytes_uleb(&b));

	if (!a)
		return false;
	if (unit->skeleton)
		set_split_bases(unit);
	unit->root.tag = a->tag;
	unit->root.has_children = a->has_children;
	for (uint32_t i = 0; i < a->n_attrs; i++) {
		rp_forms_read(&b, &a->attr[i], unit->widths, &value);
		take_attr(&unit->root, a->attr[i].name, &value);
		take_base(unit, a->attr[i].name, &value);
	}
	unit->root.children = b.at;
	if (unit->skeleton)
		unit->root.low_pc = unit->skeleton->root.low_pc;
	else if (!rp_forms_addr(unit, &unit->root.low, &unit->root.low_pc))
		unit->root.low_pc = 0;
	return true;
}

struct rp_unit *rp_units_around(struct rp_dwarf *dwarf, uint64_t offset)
{
	size_t lo = 0, n = dwarf->n_units;

	if (!n || offset > (uint64_t)(dwarf->unit[n - 1].end - dwarf->unit->base))
		return NULL;
	const uint8_t *at = dwarf->unit->base + offset;

	while (n > 1) {
		size_t half = n / 2;

		if (dwarf->unit[lo + half].begin <= at)
			lo += half;
		n -= half;
	}
	struct rp_unit *unit = &dwarf->unit[lo];

	return at >= unit->die && at < unit->end ? unit : NULL;
}

static void index_types(struct rp_dwarf *d, struct rp_unit *unit, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (unit[i].type == DW_UT_type || unit[i].type == DW_UT_split_type)
			rp_addrmap_put(&d->signatures, unit[i].signature, &unit[i]);
}

struct rp_unit *rp_units_of_type(struct rp_dwarf *dwarf, uint64_t signature)
{
	if (!dwarf->has_types) {
		dwarf->has_types = true;
		dwarf->type_unit = read_units(dwarf, RP_SECTION_TYPES, &dwarf->n_type_units);
		index_types(dwarf, dwarf->unit, dwarf->n_units);
		index_types(dwarf, dwarf->type_unit, dwarf->n_type_units);
	}
	return rp_addrmap_get(&dwarf->signatures, signature);
}
