/* lines.c - the line number program, run once for all addresses wanted of a unit.
 *
 * Room: symbolize.  No row is kept: an address takes what it needs when the rows go past it.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/lines.h"

#include <dwarf.h>

struct header {
	struct rp_widths widths;
	struct rp_bytes program;
	uint8_t step_bytes; /* minimum_instruction_length */
	int8_t line_base;
	uint8_t line_range, opcode_base;
	uint8_t n_args[256]; /* of the standard opcodes, from 1 */
};

struct row {
	uint64_t addr;
	uint32_t file, line;
};

struct run {
	const struct header *header;
	struct rp_wants *wants;
	struct row row, last;              /* the registers, and the row before */
	bool has_last, dead;               /* dead: a sequence that the linker threw away */
	size_t i;                          /* the first want not below the last row */
	uint64_t next;                     /* its address */
	uint32_t advance[256], lines[256]; /* of the special opcodes */
};

static void read_args(struct header *h, struct rp_bytes *b)
{
	for (unsigned i = 1; i < h->opcode_base; i++)
		h->n_args[i] = rp_bytes_u8(b);
}

static bool read_length(struct header *h, struct rp_bytes *b)
{
	uint64_t n = rp_bytes_u32(b);

	h->widths.offset_bytes = 4;
	if (n == UINT32_MAX) {
		h->widths.offset_bytes = 8;
		n = rp_bytes_u64(b);
	}
	if (!n || n > rp_bytes_left(b))
		return false;
	b->end = b->at + n;
	return true;
}

/* Reads all before the tables; TABLES are what is left of the header. */
static bool read_header(struct header *h, struct rp_unit *unit, struct rp_bytes *tables)
{
	struct rp_bytes b;

	/* In a .dwo file the only table needs no attribute. */
	if (!rp_units_root(unit) || !(unit->root.has_line || unit->skeleton))
		return false;
	b = rp_sections_from(&unit->dwarf->sections, RP_SECTION_LINE,
	                     unit->root.line + unit->line_part);
	*h = (struct header){.widths = unit->widths};
	if (!read_length(h, &b))
		return false;
	h->widths.version = (uint8_t)rp_bytes_u16(&b);
	if (h->widths.version < 2 || h->widths.version > 5)
		return false;
	if (h->widths.version >= 5) {
		h->widths.addr_bytes = rp_bytes_u8(&b);
		rp_bytes_u8(&b); /* segment selectors */
	}
	uint64_t n = rp_bytes_sized(&b, h->widths.offset_bytes);

	if (n > rp_bytes_left(&b))
		return false;
	*tables = (struct rp_bytes){b.at, b.at + n};
	h->program = (struct rp_bytes){b.at + n, b.end};
	h->step_bytes = rp_bytes_u8(tables);
	if (h->widths.version >= 4)
		rp_bytes_u8(tables); /* operations in an instruction: 1 but on VLIW machines */
	rp_bytes_u8(tables);         /* default_is_stmt */
	h->line_base = (int8_t)rp_bytes_u8(tables);
	h->line_range = rp_bytes_u8(tables);
	h->opcode_base = rp_bytes_u8(tables);
	read_args(h, tables);
	return h->line_range != 0;
}

/* The wants from the last row up to UNTIL have that row, if none that begins later. */
static void hand_out(struct run *r, uint64_t until)
{
	for (; r->i < r->wants->n && r->wants->at[r->i].addr < until; r->i++) {
		struct rp_want *want = &r->wants->at[r->i];

		if (want->row_lo > r->last.addr)
			continue;
		want->row_lo = r->last.addr;
		want->file = r->last.file;
		want->line = r->last.line;
	}
	r->next = r->i < r->wants->n ? r->wants->at[r->i].addr : UINT64_MAX;
}

static void begin_here(struct run *r)
{
	r->i = rp_wants_from(r->wants, 0, r->wants->n, r->row.addr);
	r->next = r->i < r->wants->n ? r->wants->at[r->i].addr : UINT64_MAX;
	r->dead = !r->has_last && r->row.addr == 0;
}

static inline void emit(struct run *r)
{
	if (r->has_last && r->row.addr > r->next && !r->dead)
		hand_out(r, r->row.addr);
	else if (!r->has_last || r->row.addr < r->last.addr)
		begin_here(r);
	r->last = r->row;
	r->has_last = true;
}

static void reset(struct run *r)
{
	r->row = (struct row){0, 1, 1};
	r->has_last = r->dead = false;
}

static void run_extended(struct run *r, struct rp_bytes *b)
{
	uint64_t n = rp_bytes_uleb(b);
	struct rp_bytes inside = *b;

	if (!rp_bytes_skip(b, n))
		return;
	inside.end = b->at;
	switch (rp_bytes_u8(&inside)) {
	case DW_LNE_end_sequence:
		emit(r);
		reset(r);
		break;
	case DW_LNE_set_address:
		r->row.addr = rp_bytes_sized(&inside, rp_bytes_left(&inside) >= 8 ? 8 : 4);
		break;
	default: /* define_file was never used; set_discriminator */
		break;
	}
}

static void run_standard(struct run *r, uint8_t op, struct rp_bytes *b)
{
	const struct header *h = r->header;

	switch (op) {
	case DW_LNS_copy:
		emit(r);
		break;
	case DW_LNS_advance_pc:
		r->row.addr += rp_bytes_uleb(b) * h->step_bytes;
		break;
	case DW_LNS_advance_line:
		r->row.line += (uint32_t)rp_bytes_sleb(b);
		break;
	case DW_LNS_set_file:
		r->row.file = (uint32_t)rp_bytes_uleb(b);
		break;
	case DW_LNS_const_add_pc:
		r->row.addr += r->advance[255];
		break;
	case DW_LNS_fixed_advance_pc:
		r->row.addr += rp_bytes_u16(b);
		break;
	default: /* of no concern, or not known: the header tells its arguments */
		for (unsigned i = 0; i < h->n_args[op]; i++)
			rp_bytes_uleb(b);
	}
}

static void prepare(struct run *r)
{
	const struct header *h = r->header;

	for (unsigned op = h->opcode_base; op < 256; op++) {
		unsigned adjusted = op - h->opcode_base;

		r->advance[op] = adjusted / h->line_range * h->step_bytes;
		r->lines[op] = (uint32_t)(h->line_base + (int)(adjusted % h->line_range));
	}
}

static void run(struct run *r)
{
	struct rp_bytes b = r->header->program;
	uint8_t opcode_base = r->header->opcode_base;

	while (b.at < b.end) {
		uint8_t op = *b.at++;

		if (op >= opcode_base) {
			r->row.addr += r->advance[op];
			r->row.line += r->lines[op];
			emit(r);
		} else if (op) {
			run_standard(r, op, &b);
		} else {
			run_extended(r, &b);
		}
	}
}

void rp_lines_find(struct rp_unit *unit, struct rp_wants *wants, struct rp_files *files)
{
	struct header h;
	struct rp_bytes tables;
	struct run r = {.header = &h, .wants = wants};

	if (!read_header(&h, unit, &tables))
		return;
	rp_files_read(files, unit, &tables, h.widths);
	prepare(&r);
	reset(&r);
	run(&r);
}

void rp_lines_files(struct rp_unit *unit, struct rp_files *files)
{
	struct header h;
	struct rp_bytes tables;

	if (read_header(&h, unit, &tables))
		rp_files_read(files, unit, &tables, h.widths);
}
