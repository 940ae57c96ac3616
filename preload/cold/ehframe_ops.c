/* ehframe_ops.c - call frame instructions to rows: a state, and a row whenever it moves on.
 *
 * Room: cold, pure.  DWARF 5 section 6.4.2 and the GNU additions.  Only rsp, rbp, rbx and the
 * return address are followed; anything that a row cannot say makes the rule RP_CFA_RULE.
 * SPDX-License-Identifier: MIT
 */
#include "preload/cold/ehframe_ops.h"

enum {
	N_REMEMBERED = 16,
	CFA_MAX = 1 << 26, /* 27 signed bits */
	SAVED_MAX = 1 << 13,
	DEREF_MAX = 1 << 15,
};

/* Where the caller's value of a column is. */
struct where {
	enum { SAME, AT_CFA, AT_BP, UNDEFINED, OTHER } kind;
	int64_t off;
};

struct state {
	unsigned cfa; /* 0..15 register, or enum rp_cfa */
	int64_t off;
	struct where bp, bx, sp, ra;
};

struct run {
	const struct rp_cie *cie;
	struct rp_rows *rows;
	struct state now, first; /* first: after the CIE's own instructions */
	struct state kept[N_REMEMBERED];
	unsigned n_kept;
	uint64_t loc;
	uint32_t end;
	bool lost; /* an instruction that nobody knows: the rest has no meaning */
};

void rp_ehframe_emit(struct rp_rows *rows, struct rp_row row)
{
	const struct rp_row *last = rows->n ? &rows->at[rows->n - 1] : NULL;

	if (last && last->cfa == row.cfa && last->bp == row.bp && last->bx == row.bx)
		return;
	if (rows->cut || (rows->n == rows->cap && !rows->grow(rows))) {
		rows->cut = true;
		return;
	}
	rows->at[rows->n++] = row;
}

static int16_t pack_saved(struct where where)
{
	int64_t n = where.off / 8;
	unsigned kind = where.kind == AT_CFA ? RP_SAVED_AT_CFA : RP_SAVED_AT_BP;

	if (where.kind == SAME)
		return RP_SAVED_NOT;
	if (where.kind > AT_BP || where.off % 8 || n >= SAVED_MAX || n < -SAVED_MAX)
		return RP_SAVED_LOST;
	return (int16_t)((uint16_t)n << RP_SAVED_BITS | kind);
}

static uint32_t pack_cfa(unsigned kind, int64_t off)
{
	if (kind == RP_CFA_RULE || off >= CFA_MAX || off < -CFA_MAX)
		return RP_CFA_RULE;
	return (uint32_t)off << RP_CFA_BITS | kind;
}

/* The kernel's own rules for its signal frames lead to the link register, not to the pc. */
static uint32_t rule_with_link(const struct run *r)
{
	const struct state *s = &r->now;

	if (r->cie->signal)
		return RP_CFA_SIGNAL;
	if (s->bx.kind == UNDEFINED)
		return RP_CFA_END;
	return s->sp.kind == SAME ? pack_cfa(s->cfa, s->off) : RP_CFA_RULE;
}

static uint32_t rule_of(const struct run *r)
{
	const struct state *s = &r->now;

	if (r->lost)
		return RP_CFA_RULE;
	if (r->cie->machine->link)
		return rule_with_link(r);
	if (r->cie->signal) /* glibc's __restore_rt: rsp from uc_mcontext.gregs[REG_RSP] */
		return s->cfa == RP_CFA_AT_SP && s->off == (160 << RP_DEREF_BITS) ? RP_CFA_SIGNAL
		                                                                  : RP_CFA_RULE;
	if (s->ra.kind == UNDEFINED)
		return RP_CFA_END;
	if (s->ra.kind != AT_CFA || s->ra.off != -8 || s->sp.kind != SAME)
		return RP_CFA_RULE;
	return pack_cfa(s->cfa, s->off);
}

/* The row of what was true from LOC to here. */
static void flush(struct run *r)
{
	struct rp_row row = {.pc = (uint32_t)r->loc, .cfa = rule_of(r)};

	if (r->loc >= r->end)
		return;
	if ((row.cfa & 31) < RP_CFA_SIGNAL) {
		row.bp = pack_saved(r->now.bp);
		row.bx = pack_saved(r->now.bx);
	}
	rp_ehframe_emit(r->rows, row);
}

static void advance(struct run *r, uint64_t delta)
{
	if (!delta || !r->rows)
		return;
	flush(r);
	delta *= r->cie->code_align;
	r->loc = delta < UINT32_MAX ? r->loc + delta : r->end;
}

/* N * ALIGN; what overflows is no offset of anything, but must not be undefined either. */
static int64_t scaled(uint64_t n, int64_t align)
{
	return (int64_t)(n * (uint64_t)align);
}

static unsigned cfa_register(const struct rp_machine *machine, uint64_t reg)
{
	if (reg == machine->sp)
		return RP_REG_SP;
	if (reg == machine->bp)
		return RP_REG_BP;
	return reg < 16 && !machine->link ? (unsigned)reg : RP_CFA_RULE;
}

static void set_cfa(struct run *r, uint64_t reg, int64_t off)
{
	r->now.cfa = cfa_register(r->cie->machine, reg);
	r->now.off = off;
}

static void set_cfa_offset(struct run *r, int64_t off)
{
	if (r->now.cfa >= 16)
		r->now.cfa = RP_CFA_RULE;
	r->now.off = off;
}

/* rsp + 8 + ((rip & 15) >= N) * 8, as linkers write it for the lazy PLT. */
static bool is_plt(const uint8_t *at, uint64_t n)
{
	static const uint8_t expr[] = {0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x30, 0x2a, 0x33, 0x24, 0x22};

	if (n != sizeof expr)
		return false;
	for (unsigned i = 0; i < sizeof expr; i++)
		if (i == 6 ? at[i] < 0x30 || at[i] > 0x3f : at[i] != expr[i])
			return false;
	return true;
}

/* An addend after the dereference; -1: something else. */
static int64_t addend_of(struct rp_din *in)
{
	uint8_t op;
	uint64_t value;

	if (in->at == in->end)
		return 0;
	op = rp_din_u8(in);
	if (op == 0x23) { /* plus_uconst */
		value = rp_din_uleb(in);
	} else if (op >= 0x30 && op <= 0x4f) { /* lit, plus */
		value = op - 0x30u;
		if (rp_din_u8(in) != 0x22)
			return -1;
	} else {
		return -1;
	}
	return in->bad || in->at != in->end || value >= 1 << RP_DEREF_BITS ? -1 : (int64_t)value;
}

static void set_cfa_expression(struct run *r, const uint8_t *at, uint64_t n)
{
	const struct rp_machine *m = r->cie->machine;
	struct rp_din in = {.at = at, .end = at + n};
	uint8_t reg = (uint8_t)(rp_din_u8(&in) - 0x70); /* breg0 */
	int64_t off = rp_din_sleb(&in);

	r->now.cfa = RP_CFA_RULE;
	r->now.off = 0;
	if (is_plt(at, n)) {
		r->now.cfa = RP_CFA_PLT;
		r->now.off = at[6] - 0x30;
		return;
	}
	if (in.bad || reg > 31)
		return;
	if (in.at == in.end) {
		set_cfa(r, reg, off);
		return;
	}
	if ((reg != m->bp && reg != m->sp) || off >= DEREF_MAX || off < -DEREF_MAX)
		return;
	if (rp_din_u8(&in) != 0x06) /* deref */
		return;
	int64_t add = addend_of(&in);

	if (add < 0)
		return;
	r->now.cfa = reg == m->bp ? RP_CFA_AT_BP : RP_CFA_AT_SP;
	r->now.off = off * (1 << RP_DEREF_BITS) + add;
}

static struct where *column(const struct run *r, struct state *s, uint64_t reg)
{
	const struct rp_machine *machine = r->cie->machine;

	if (reg == machine->bp)
		return &s->bp;
	if (reg == machine->bx)
		return &s->bx;
	if (reg == machine->sp)
		return &s->sp;
	return reg == machine->ra ? &s->ra : NULL;
}

static void set(struct run *r, uint64_t reg, int kind, int64_t off)
{
	struct where *where = column(r, &r->now, reg);

	if (where)
		*where = (struct where){.kind = kind, .off = off};
}

static void restore(struct run *r, uint64_t reg)
{
	struct where *where = column(r, &r->now, reg);

	if (where)
		*where = *column(r, &r->first, reg);
}

/* [rbp + n] is how functions with a realigned stack save; no other expression is followed. */
static void set_expression(struct run *r, uint64_t reg, const uint8_t *at, uint64_t n)
{
	struct rp_din in = {.at = at, .end = at + n};
	uint8_t op = rp_din_u8(&in);
	int64_t off = rp_din_sleb(&in);
	bool at_bp = op == 0x70 + r->cie->machine->bp && !in.bad && in.at == in.end;

	set(r, reg, at_bp ? AT_BP : OTHER, off);
}

static void remember(struct run *r)
{
	if (r->n_kept == N_REMEMBERED)
		r->lost = true;
	else
		r->kept[r->n_kept++] = r->now;
}

static void recall(struct run *r)
{
	if (r->n_kept == 0)
		r->lost = true;
	else
		r->now = r->kept[--r->n_kept];
}

/* The instructions whose operands are a register and a number. */
static void run_register_op(struct run *r, uint8_t op, struct rp_din *in)
{
	uint64_t reg = rp_din_uleb(in);
	int64_t align = r->cie->data_align;

	switch (op) {
	case 0x05: /* offset_extended */
		set(r, reg, AT_CFA, scaled(rp_din_uleb(in), align));
		break;
	case 0x11: /* offset_extended_sf */
		set(r, reg, AT_CFA, scaled((uint64_t)rp_din_sleb(in), align));
		break;
	case 0x2f: /* GNU_negative_offset_extended */
		set(r, reg, AT_CFA, scaled(0 - rp_din_uleb(in), align));
		break;
	case 0x06: /* restore_extended */
		restore(r, reg);
		break;
	case 0x07: /* undefined */
		set(r, reg, UNDEFINED, 0);
		break;
	case 0x08: /* same_value */
		set(r, reg, SAME, 0);
		break;
	case 0x14: /* val_offset: of rsp with 0 is what every function does anyway */
	case 0x15: /* val_offset_sf; the number is signed or small */
	{
		int64_t off = rp_din_sleb(in);

		set(r, reg, reg == r->cie->machine->sp && off == 0 ? SAME : OTHER, 0);
		break;
	}
	case 0x09: /* register */
		rp_din_uleb(in);
		set(r, reg, OTHER, 0);
		break;
	}
}

static void run_cfa_op(struct run *r, uint8_t op, struct rp_din *in)
{
	uint64_t n;
	const uint8_t *at;

	switch (op) {
	case 0x0c: /* def_cfa */
		n = rp_din_uleb(in);
		set_cfa(r, n, (int64_t)rp_din_uleb(in));
		break;
	case 0x12: /* def_cfa_sf */
		n = rp_din_uleb(in);
		set_cfa(r, n, scaled((uint64_t)rp_din_sleb(in), r->cie->data_align));
		break;
	case 0x0d: /* def_cfa_register */
		set_cfa(r, rp_din_uleb(in), r->now.off);
		break;
	case 0x0e:                                           /* def_cfa_offset */
		set_cfa_offset(r, (int64_t)rp_din_uleb(in)); /* after an expression: no rule */
		break;
	case 0x13: /* def_cfa_offset_sf */
		set_cfa_offset(r, scaled((uint64_t)rp_din_sleb(in), r->cie->data_align));
		break;
	case 0x0f: /* def_cfa_expression */
		n = rp_din_uleb(in);
		at = rp_din_take(in, n);
		if (at)
			set_cfa_expression(r, at, n);
		break;
	}
}

static void run_expression_op(struct run *r, uint8_t op, struct rp_din *in)
{
	uint64_t reg = rp_din_uleb(in);
	uint64_t n = rp_din_uleb(in);
	const uint8_t *at = rp_din_take(in, n);

	if (!at)
		return;
	if (op == 0x10)
		set_expression(r, reg, at, n);
	else
		set(r, reg, OTHER, 0);
}

static void run_extended(struct run *r, uint8_t op, struct rp_din *in)
{
	switch (op) {
	case 0x00: /* nop */
		break;
	case 0x02:
		advance(r, rp_din_uint(in, 1));
		break;
	case 0x03:
		advance(r, rp_din_uint(in, 2));
		break;
	case 0x04:
		advance(r, rp_din_uint(in, 4));
		break;
	case 0x0a:
		remember(r);
		break;
	case 0x0b:
		recall(r);
		break;
	case 0x0c:
	case 0x0d:
	case 0x0e:
	case 0x0f:
	case 0x12:
	case 0x13:
		run_cfa_op(r, op, in);
		break;
	case 0x10:
	case 0x16: /* expression, val_expression */
		run_expression_op(r, op, in);
		break;
	case 0x2e: /* GNU_args_size */
		rp_din_uleb(in);
		break;
	case 0x05:
	case 0x06:
	case 0x07:
	case 0x08:
	case 0x09:
	case 0x11:
	case 0x14:
	case 0x15:
	case 0x2f:
		run_register_op(r, op, in);
		break;
	case 0x2d: /* AARCH64_negate_ra_state: signatures are taken off wherever they are */
		r->lost = !r->cie->machine->link;
		break;
	default: /* also set_loc, which no compiler writes here */
		r->lost = true;
	}
}

static void run_ops(struct run *r, struct rp_din in)
{
	while (!in.bad && in.at < in.end && !r->lost && r->loc < r->end) {
		uint8_t op = rp_din_u8(&in);

		if (op >> 6 == 1)
			advance(r, op & 63);
		else if (op >> 6 == 2)
			set(r, op & 63, AT_CFA, scaled(rp_din_uleb(&in), r->cie->data_align));
		else if (op >> 6 == 3)
			restore(r, op & 63);
		else
			run_extended(r, op, &in);
	}
	if (in.bad)
		r->lost = true;
}

void rp_ehframe_run(const struct rp_cie *cie, struct rp_din ops, uint32_t lo, uint32_t hi,
                    struct rp_rows *rows)
{
	struct run r = {.cie = cie, .loc = lo, .end = hi};

	r.now.cfa = RP_CFA_RULE;
	run_ops(&r, cie->ops); /* rows is still NULL: a CIE does not advance */
	r.first = r.now;
	r.rows = rows;
	run_ops(&r, ops);
	flush(&r);
}
