/* ranges.c - lists of address ranges: .debug_ranges up to DWARF 4, .debug_rnglists since.
 *
 * Room: symbolize.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/ranges.h"

#include <dwarf.h>
#include <stdlib.h>

void rp_ranges_add(struct rp_ranges *ranges, uint64_t lo, uint64_t hi)
{
	/* Functions that the linker threw away keep ranges from 0 (GNU ld) or from the last
	 * addresses (lld): the latter are empty or wrap. */
	if (lo == 0 || lo >= hi)
		return;
	if (ranges->n == ranges->cap) {
		ranges->cap = ranges->cap ? ranges->cap * 2 : 64;
		ranges->at = realloc(ranges->at, ranges->cap * sizeof(*ranges->at));
		if (!ranges->at)
			abort(); /* as in pool.c */
	}
	ranges->at[ranges->n++] = (struct rp_range){lo, hi};
}

static bool spend(const struct rp_unit *unit)
{
	if (!unit->dwarf->range_budget)
		return false;
	unit->dwarf->range_budget--;
	return true;
}

/* Pairs of addresses; from the last address on: a new base; zeros: the end. */
static void read_pairs(const struct rp_unit *unit, uint64_t offset, struct rp_ranges *ranges)
{
	const struct rp_unit *holder = unit->skeleton ? unit->skeleton : unit;
	unsigned width = holder->widths.addr_bytes;
	uint64_t base = unit->root.low_pc, last = width == 4 ? UINT32_MAX : UINT64_MAX;

	if (unit->skeleton)
		offset += holder->root.ranges_base;
	struct rp_bytes b = rp_sections_from(&holder->dwarf->sections, RP_SECTION_RANGES, offset);

	while (rp_bytes_left(&b) >= 2 * width && spend(unit)) {
		uint64_t lo = rp_bytes_sized(&b, width), hi = rp_bytes_sized(&b, width);

		if (!lo && !hi)
			return;
		if (lo == last)
			base = hi;
		else
			rp_ranges_add(ranges, base + lo, base + hi);
	}
}

struct list {
	const struct rp_unit *unit;
	struct rp_bytes bytes;
	uint64_t base;
};

static uint64_t indexed(struct list *l)
{
	uint64_t addr = 0, index = rp_bytes_uleb(&l->bytes);

	return rp_forms_addr_at(l->unit, index, &addr) ? addr : 0;
}

static uint64_t plain(struct list *l)
{
	return rp_bytes_sized(&l->bytes, l->unit->widths.addr_bytes);
}

static void add_length(struct list *l, struct rp_ranges *ranges, uint64_t lo)
{
	rp_ranges_add(ranges, lo, lo + rp_bytes_uleb(&l->bytes));
}

static void add_offsets(struct list *l, struct rp_ranges *ranges)
{
	uint64_t lo = rp_bytes_uleb(&l->bytes), hi = rp_bytes_uleb(&l->bytes);

	rp_ranges_add(ranges, l->base + lo, l->base + hi);
}

/* One entry of .debug_rnglists; false at the end. */
static bool read_entry(struct list *l, struct rp_ranges *ranges)
{
	uint64_t lo;

	switch (rp_bytes_u8(&l->bytes)) {
	case DW_RLE_base_addressx:
		l->base = indexed(l);
		return true;
	case DW_RLE_startx_endx:
		lo = indexed(l);
		rp_ranges_add(ranges, lo, indexed(l));
		return true;
	case DW_RLE_startx_length:
		add_length(l, ranges, indexed(l));
		return true;
	case DW_RLE_offset_pair:
		add_offsets(l, ranges);
		return true;
	case DW_RLE_base_address:
		l->base = plain(l);
		return true;
	case DW_RLE_start_end:
		lo = plain(l);
		rp_ranges_add(ranges, lo, plain(l));
		return true;
	case DW_RLE_start_length:
		add_length(l, ranges, plain(l));
		return true;
	default: /* DW_RLE_end_of_list, and what is not known */
		return false;
	}
}

static void read_list(const struct rp_unit *unit, uint64_t offset, struct rp_ranges *ranges)
{
	struct list l = {unit,
	                 rp_sections_from(&unit->dwarf->sections, RP_SECTION_RNGLISTS, offset),
	                 unit->root.low_pc};

	while (rp_bytes_left(&l.bytes) && spend(unit) && read_entry(&l, ranges))
		;
}

/* From the number of a list to its offset. */
static bool find_list(const struct rp_unit *unit, uint64_t index, uint64_t *offset)
{
	unsigned width = unit->widths.offset_bytes;
	struct rp_bytes b = rp_sections_from(&unit->dwarf->sections, RP_SECTION_RNGLISTS,
	                                     unit->root.rnglists_base);

	if (index >= rp_bytes_left(&b) / width)
		return false;
	rp_bytes_skip(&b, index * width);
	*offset = unit->root.rnglists_base + rp_bytes_sized(&b, width);
	return true;
}

void rp_ranges_read(const struct rp_unit *unit, const struct rp_value *value,
                    struct rp_ranges *ranges)
{
	uint64_t offset = value->number + unit->rnglists_part;

	if (unit->widths.version < 5)
		read_pairs(unit, value->number, ranges);
	else if (value->form != DW_FORM_rnglistx || find_list(unit, value->number, &offset))
		read_list(unit, offset, ranges);
}

void rp_ranges_free(struct rp_ranges *ranges)
{
	free(ranges->at);
	*ranges = (struct rp_ranges){0};
}
