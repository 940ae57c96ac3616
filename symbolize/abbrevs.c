/* abbrevs.c - abbreviation tables, compiled.
 *
 * Room: symbolize.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/abbrevs.h"

#include <dwarf.h>
#include <stdlib.h>

#include "symbolize/forms.h"

enum { MAX_ATTRS = 256 };

/* What follows the fixed bytes of a step.  The siblings are references of so many bytes. */
enum {
	THEN_END,
	THEN_LEB,
	THEN_TEXT,
	THEN_BLOCK1,
	THEN_BLOCK2,
	THEN_BLOCK4,
	THEN_BLOCK,
	THEN_INDIRECT,
	THEN_SIBLING1,
	THEN_SIBLING2,
	THEN_SIBLING4,
	THEN_SIBLING8,
	THEN_SIBLING_LEB,
};

static uint8_t kind_of(uint64_t tag)
{
	switch (tag) {
	case DW_TAG_subprogram:
		return RP_ABBREV_FUNCTION;
	case DW_TAG_inlined_subroutine:
		return RP_ABBREV_COPY;
	case DW_TAG_lexical_block:
	case DW_TAG_try_block:
	case DW_TAG_catch_block:
	case DW_TAG_with_stmt:
		return RP_ABBREV_BLOCK;
	case DW_TAG_namespace:
	case DW_TAG_module:
		return RP_ABBREV_SCOPE;
	case DW_TAG_class_type:
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
	case DW_TAG_interface_type:
	case DW_TAG_enumeration_type: /* Rust: methods and closures of enums */
	case DW_TAG_variant_part:
	case DW_TAG_variant:
		return RP_ABBREV_TYPE;
	default:
		return RP_ABBREV_OTHER;
	}
}

static uint8_t then_of(unsigned form)
{
	switch (form) {
	case DW_FORM_string:
		return THEN_TEXT;
	case DW_FORM_block1:
		return THEN_BLOCK1;
	case DW_FORM_block2:
		return THEN_BLOCK2;
	case DW_FORM_block4:
		return THEN_BLOCK4;
	case DW_FORM_block:
	case DW_FORM_exprloc:
		return THEN_BLOCK;
	case DW_FORM_indirect:
		return THEN_INDIRECT;
	default:
		return THEN_LEB;
	}
}

static uint8_t sibling_of(unsigned form)
{
	switch (form) {
	case DW_FORM_ref1:
		return THEN_SIBLING1;
	case DW_FORM_ref2:
		return THEN_SIBLING2;
	case DW_FORM_ref4:
		return THEN_SIBLING4;
	case DW_FORM_ref8:
		return THEN_SIBLING8;
	case DW_FORM_ref_udata:
		return THEN_SIBLING_LEB;
	default:
		return THEN_END;
	}
}

/* STEP has room for one more than there are attributes; returns how many were needed. */
static uint32_t compile(struct rp_step *step, const struct rp_attr *attr, uint32_t n,
                        struct rp_widths widths)
{
	uint32_t at = 0;

	step[0] = (struct rp_step){0, THEN_END};
	for (uint32_t i = 0; i < n; i++) {
		int n_bytes = rp_forms_bytes(attr[i].form, widths);
		uint8_t then = attr[i].name == DW_AT_sibling ? sibling_of(attr[i].form) : THEN_END;

		if (then == THEN_END && n_bytes >= 0) {
			step[at].n_bytes += (uint32_t)n_bytes;
			continue;
		}
		step[at].then = then == THEN_END ? then_of(attr[i].form) : then;
		step[++at] = (struct rp_step){0, THEN_END};
	}
	return at + 1;
}

/* The attributes of one abbreviation, up to the pair of zeros; how many there are. */
static uint32_t read_attrs(struct rp_bytes *bytes, struct rp_attr *attr, bool *fits)
{
	uint32_t n = 0;

	for (;;) {
		uint64_t name = rp_bytes_uleb(bytes), form = rp_bytes_uleb(bytes);
		int64_t implicit = form == DW_FORM_implicit_const ? rp_bytes_sleb(bytes) : 0;

		if (!name && !form)
			return n;
		*fits = n < MAX_ATTRS && name <= UINT16_MAX && form <= UINT16_MAX;
		if (!*fits)
			return 0;
		attr[n++] = (struct rp_attr){(uint16_t)name, (uint16_t)form, implicit};
	}
}

static bool has_code(const struct rp_attr *attr, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (attr[i].name == DW_AT_low_pc || attr[i].name == DW_AT_ranges)
			return true;
	return false;
}

static void fill(struct rp_abbrev *a, const struct rp_attr *attr, uint32_t n,
                 struct rp_widths widths, struct rp_pool *pool)
{
	struct rp_step step[MAX_ATTRS + 1];
	struct rp_attr *own = rp_pool_take(pool, n * sizeof(*own));

	a->n_attrs = n;
	a->attr = memcpy(own, attr, n * sizeof(*own));
	a->n_steps = compile(step, attr, n, widths);
	a->step = memcpy(rp_pool_take(pool, a->n_steps * sizeof(*step)), step,
	                 a->n_steps * sizeof(*step));
	a->has_code = has_code(attr, n);
}

/* The next abbreviation of the table; false at its end.  ONLY: nothing is compiled for codes other
 * than this, if it is not 0. */
static bool read_next(struct rp_abbrev *a, struct rp_bytes *bytes, uint64_t only,
                      struct rp_widths widths, struct rp_pool *pool)
{
	struct rp_attr attr[MAX_ATTRS];
	bool fits = true;

	*a = (struct rp_abbrev){.code = rp_bytes_uleb(bytes)};
	if (!a->code)
		return false;
	uint64_t tag = rp_bytes_uleb(bytes);

	a->tag = (uint16_t)tag;
	a->kind = kind_of(tag);
	a->has_children = rp_bytes_u8(bytes) != 0;
	uint32_t n = read_attrs(bytes, attr, &fits);

	if (fits && (!only || only == a->code))
		fill(a, attr, n, widths, pool);
	return fits;
}

static void add(struct rp_abbrevs *table, const struct rp_abbrev *a, struct rp_pool *pool)
{
	if (a->code != table->n + 1) {
		struct rp_abbrev *other = rp_pool_take(pool, sizeof(*other));

		*other = *a;
		rp_addrmap_put(&table->others, a->code, other);
		return;
	}
	if (table->n == table->cap) {
		table->cap = table->cap ? table->cap * 2 : 128;
		table->at = realloc(table->at, table->cap * sizeof(*table->at));
		if (!table->at)
			abort(); /* as in pool.c */
	}
	table->at[table->n++] = *a;
}

size_t rp_abbrevs_read(struct rp_abbrevs *table, struct rp_bytes bytes, struct rp_widths widths,
                       struct rp_pool *pool)
{
	const uint8_t *from = bytes.at;
	struct rp_abbrev a;

	while (read_next(&a, &bytes, 0, widths, pool))
		add(table, &a, pool);
	return (size_t)(bytes.at - from);
}

bool rp_abbrevs_read_one(struct rp_abbrev *abbrev, struct rp_bytes *bytes, uint64_t code,
                         struct rp_widths widths, struct rp_pool *pool)
{
	while (read_next(abbrev, bytes, code, widths, pool))
		if (abbrev->code == code)
			return true;
	return false;
}

static void pass_indirect(struct rp_bytes *die, struct rp_widths widths)
{
	struct rp_value value;

	rp_forms_read(die, &(struct rp_attr){.form = DW_FORM_indirect}, widths, &value);
}

static uint64_t pass_one(uint8_t then, struct rp_bytes *die, struct rp_widths widths)
{
	switch (then) {
	case THEN_LEB:
		rp_bytes_uleb(die);
		return 0;
	case THEN_TEXT:
		rp_bytes_text(die);
		return 0;
	case THEN_BLOCK1:
		rp_bytes_skip(die, rp_bytes_u8(die));
		return 0;
	case THEN_BLOCK2:
		rp_bytes_skip(die, rp_bytes_u16(die));
		return 0;
	case THEN_BLOCK4:
		rp_bytes_skip(die, rp_bytes_u32(die));
		return 0;
	case THEN_BLOCK:
		rp_bytes_skip(die, rp_bytes_uleb(die));
		return 0;
	case THEN_INDIRECT:
		pass_indirect(die, widths);
		return 0;
	case THEN_SIBLING1:
		return rp_bytes_u8(die);
	case THEN_SIBLING2:
		return rp_bytes_u16(die);
	case THEN_SIBLING4:
		return rp_bytes_u32(die);
	case THEN_SIBLING8:
		return rp_bytes_u64(die);
	case THEN_SIBLING_LEB:
		return rp_bytes_uleb(die);
	default:
		return 0;
	}
}

uint64_t rp_abbrevs_pass(const struct rp_abbrev *abbrev, struct rp_bytes *die,
                         struct rp_widths widths)
{
	uint64_t sibling = 0;

	for (uint32_t i = 0; i < abbrev->n_steps; i++) {
		rp_bytes_skip(die, abbrev->step[i].n_bytes);
		sibling |= pass_one(abbrev->step[i].then, die, widths);
	}
	return sibling;
}

void rp_abbrevs_free(struct rp_abbrevs *table)
{
	free(table->at);
	rp_addrmap_free(&table->others);
}
