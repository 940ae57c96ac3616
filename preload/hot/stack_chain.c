/* stack_chain.c - frame pointers through code without rows, and the repair of a leaf.
 *
 * Room: hot.  A chain that leaves a frame out looks like any other.  What it leaves out has a
 * return address somewhere: none may lie between the stack pointer and the frame pointer, nor,
 * where code was interrupted, in a register.
 * SPDX-License-Identifier: MIT
 */
#include "preload/hot/stack_walker.h"

enum { FRAME_BYTES = 16384, PUSHES = 10, NEAR_BYTES = 4096 };

/* A code address in a register may be the return address, taken off the stack to get at what is
 * below (V8 and HotSpot do that when they push or drop arguments). */
static bool registers_are_clean(const struct rp_walker *w)
{
	if (w->at.gpr_known != 0xffff)
		return false;
	for (unsigned i = 0; i < 16; i++)
		if (i != RP_REG_SP && i != RP_REG_BP && rp_code_at(w, w->at.gpr[i]) != RP_CODE_NOT)
			return false;
	return true;
}

/* No return address of a frame left out between the stack pointer and BP.  In the frame of a
 * function that surely has a frame pointer, what looks like one is of the past; but where it was
 * interrupted, not the two words in which it would be while there is no frame. */
static bool frame_is_clean(struct rp_walker *w, uint64_t bp)
{
	uint64_t word;

	for (uint64_t at = w->at.sp; at < bp; at += 8) {
		if (!rp_walker_load(&w->window, at, &word))
			return false;
		if (rp_code_at(w, word) == RP_CODE_NOT)
			continue;
		if (w->at.exact && at < w->at.sp + 16)
			return false;
		return rp_code_has_frame(w->tables, w->at.pc, bp - w->at.sp);
	}
	return true;
}

/* Can the function that RA returns to have its frame at BP?  Only code without rows has to. */
static bool caller_is_right(struct rp_walker *w, uint64_t ra, uint64_t bp, uint64_t caller_bp)
{
	uint64_t further;

	switch (rp_code_at(w, ra)) {
	case RP_CODE_CALLED:
		return true;
	case RP_CODE_MADE:
		return caller_bp > bp && !(caller_bp & 7) &&
		       rp_walker_load(&w->window, caller_bp + 8, &further) &&
		       (rp_code_at(w, further) == RP_CODE_CALLED ||
		        rp_code_at(w, further) == RP_CODE_MADE);
	default:
		return false;
	}
}

static unsigned leave_frame(struct rp_walker *w, unsigned why)
{
	uint64_t bp = w->at.bp, caller_bp, ra;

	if (bp & 7 || bp < w->at.sp || bp - w->at.sp > FRAME_BYTES)
		return why;
	if (!rp_walker_load(&w->window, bp, &caller_bp) || !rp_walker_load(&w->window, bp + 8, &ra))
		return rp_walker_stop_of_read(w, bp);
	ra = rp_machine_strip(ra);
	if (!caller_is_right(w, ra, bp, caller_bp) || !frame_is_clean(w, bp))
		return why;
	w->at.bp = caller_bp;
	w->bx_lost = true;
	rp_walker_leave(w, ra, bp + 16);
	return RP_GO_ON;
}

/* Interrupted where it surely has no frame: before the frame pointer is set, or behind. */
static unsigned leave_frameless(struct rp_walker *w, unsigned slot, unsigned why)
{
	uint64_t ra, pushed;
	enum rp_code code;

	if (slot && (!rp_walker_load(&w->window, w->at.sp, &pushed) || pushed != w->at.bp))
		return why;
	if (!rp_walker_load(&w->window, w->at.sp + slot, &ra))
		return rp_walker_stop_of_read(w, w->at.sp + slot);
	code = rp_code_at(w, ra);
	if (code != RP_CODE_CALLED && code != RP_CODE_MADE)
		return why;
	w->bx_lost = true;
	rp_walker_leave(w, ra, w->at.sp + slot + 8);
	return RP_GO_ON;
}

unsigned rp_chain_step(struct rp_walker *w, unsigned why)
{
	uint8_t code[RP_CODE_BACK + RP_CODE_ON];
	int slot;

	if (w->bp_lost || atomic_load_explicit(&rp_tables_stale, memory_order_relaxed))
		return why;
	if (!w->at.exact)
		return leave_frame(w, why);
	if (!rp_code_peek(w->at.pc - RP_CODE_BACK, code, sizeof(code)))
		return why;
	slot = rp_machine_frameless(code + RP_CODE_BACK);
	if (slot != RP_CODE_NOWHERE)
		return leave_frameless(w, (unsigned)slot, why);
	return registers_are_clean(w) ? leave_frame(w, why) : why;
}

/* Code, known or not, that this word could lead into. */
static bool may_be_code(const struct rp_walker *w, uint64_t word)
{
	const struct rp_module_rows *module = rp_tables_module(w->tables, word);

	if (module)
		return rp_code_in_text(w, module, word);
	switch (rp_tables_map(w->tables, word)) {
	case RP_MAP_DATA:
		return false;
	case RP_MAP_NONE:
		return rp_stack_readable(word);
	default:
		return true;
	}
}

/* Does the call behind which RA is go to the function that PC is in? */
static bool calls_here(const struct rp_walker *w, uint64_t ra)
{
	struct rp_found here = rp_tables_find(w->tables, w->at.pc);
	uint8_t room[RP_CODE_BACK];
	const struct rp_row *row;
	const uint8_t *code;
	uint64_t target;

	if (!here.row || ra < here.module->text_lo + RP_CODE_BACK || ra > here.module->text_hi)
		return false;
	code = rp_code_before(w, here.module, ra, room);
	target = code ? rp_machine_call_target(code, ra) : 0;
	if (target < here.module->lo || target > w->at.pc || w->at.pc - target > NEAR_BYTES)
		return false;
	for (row = here.row; row > here.module->rows && row->pc > target - here.module->lo; row--)
		if ((row->cfa & 31) == RP_CFA_GAP)
			return false;
	return (row->cfa & 31) != RP_CFA_GAP;
}

unsigned rp_chain_repair(struct rp_walker *w, uint64_t ra_at, uint64_t ra)
{
	uint64_t word;

	if (!w->tables->n_maps || may_be_code(w, ra) ||
	    atomic_load_explicit(&rp_tables_stale, memory_order_relaxed))
		return RP_STOP_RULE;
	for (unsigned i = 1; i <= PUSHES; i++) {
		if (!rp_walker_load(&w->window, ra_at + i * 8, &word))
			return rp_walker_stop_of_read(w, ra_at + i * 8);
		if (rp_code_at(w, word) == RP_CODE_NOT)
			continue;
		if (!calls_here(w, word))
			return RP_STOP_RULE;
		w->bp_doubtful = w->bx_lost = true;
		rp_walker_leave(w, word, ra_at + i * 8 + 8);
		return RP_GO_ON;
	}
	return RP_STOP_RULE;
}
