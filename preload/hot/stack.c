/* stack.c - walks a stack by the rows of cold/ehframe.c; never guesses, stops and says why.
 *
 * Room: hot.  Reads three things: the tables, the window, and a few bytes of code around the
 * innermost frame and of code made at run time (stack_chain.c).  No lock, no allocation.
 * SPDX-License-Identifier: MIT
 */
#include "preload/hot/stack_walker.h"

enum { PAGE_BYTES = 4096, BIRTH_BYTES = 32 };

bool rp_walker_grow(struct rp_window *window, uint64_t end)
{
	if (window->hi >= window->reach || end > window->reach || end < window->hi)
		return false;
	while (window->hi < end) {
		if (!rp_stack_readable(window->hi))
			return false;
		window->hi += PAGE_BYTES;
	}
	return true;
}

/* Hand-written code that pushes without saying so (glibc's __mpn_*: every printf of a double)
 * gives the innermost frame a wrong CFA.  What it takes for the return address is then hardly
 * ever behind a call; better a short stack than an invented caller. */
static bool returns_behind_call(const struct rp_walker *w, uint64_t ra)
{
	struct rp_found at = rp_tables_find(w->tables, ra - 1);

	if (at.row && (at.row->cfa & 31) == RP_CFA_SIGNAL)
		return true; /* the handler was interrupted; the kernel calls without a call */
	return rp_code_behind_call(w, ra);
}

/* Does a function without a caller begin at RA?  Nothing calls it: a coroutine returns there. */
static bool is_outermost(const struct rp_walker *w, uint64_t ra)
{
	struct rp_found at = rp_tables_find(w->tables, ra);

	return at.row && (at.row->cfa & 31) == RP_CFA_END && at.row->pc == ra - at.module->lo &&
	       at.module->fixed;
}

static bool reg(const struct rp_walker *w, unsigned n, uint64_t *value)
{
	switch (n) {
	case RP_REG_SP:
		*value = w->at.sp;
		return true;
	case RP_REG_BP:
		*value = w->at.bp;
		return !w->bp_lost;
	case RP_REG_BX:
		*value = w->at.bx;
		return !w->bx_lost;
	}
	*value = w->at.gpr[n];
	return w->at.gpr_known >> n & 1;
}

/* Everything comes back from the ucontext_t that the kernel left at the stack pointer. */
static unsigned leave_signal(struct rp_walker *w)
{
	uint64_t gregs[RP_N_GREGS];
	uint64_t at = w->at.sp + RP_UC_GREGS;
	uint64_t from = w->at.sp;

	for (unsigned i = 0; i < RP_N_GREGS; i++)
		if (!rp_walker_load(&w->window, at + i * 8, &gregs[i]))
			return rp_walker_stop_of_read(w, at + i * 8);
	rp_regs_from_gregs(&w->at, gregs);
	w->bp_lost = w->bx_lost = false;
	if (w->at.sp > from && w->at.sp < w->window.hi)
		return RP_GO_ON;
	/* From an alternate stack home; once, or a damaged context could lead in circles. */
	if (w->at.sp < w->window.home_lo || w->at.sp >= w->window.home_hi)
		return rp_walker_stop_of_read(w, w->at.sp);
	rp_window_live(&w->window, w->at.sp, w->window.home_lo, w->window.home_hi);
	w->window.home_lo = w->window.home_hi = 0;
	return RP_GO_ON;
}

static unsigned cfa_of(struct rp_walker *w, uint32_t rule, uint64_t *cfa)
{
	unsigned kind = rule & 31;
	int32_t off = (int32_t)rule >> RP_CFA_BITS;
	uint64_t base;

	if (kind < 16) {
		if (!reg(w, kind, &base))
			return RP_STOP_RULE;
		*cfa = base + (uint64_t)(int64_t)off;
		return RP_GO_ON;
	}
	if (kind == RP_CFA_PLT) {
		*cfa = w->at.sp + 8 + ((int)(w->at.pc & 15) >= off) * 8;
		return RP_GO_ON;
	}
	if (!reg(w, kind == RP_CFA_AT_BP ? RP_REG_BP : RP_REG_SP, &base))
		return RP_STOP_RULE;
	base += (uint64_t)(int64_t)(off >> RP_DEREF_BITS);
	if (!rp_walker_load(&w->window, base, cfa))
		return rp_walker_stop_of_read(w, base);
	*cfa += (uint32_t)off & ((1 << RP_DEREF_BITS) - 1);
	return RP_GO_ON;
}

/* The caller's value of a register that RULE describes; *LOST when there is none. */
static uint64_t saved(struct rp_walker *w, int16_t rule, uint64_t cfa, uint64_t now, bool *lost)
{
	int64_t n_bytes = (int64_t)(rule >> RP_SAVED_BITS) * 8;
	uint64_t value = now;

	switch (rule & 3) {
	case RP_SAVED_NOT:
		break;
	case RP_SAVED_AT_CFA:
		*lost = !rp_walker_load(&w->window, cfa + (uint64_t)n_bytes, &value);
		break;
	case RP_SAVED_AT_BP:
		/* gcc keeps this rule up to the ret, beyond the pop of rbp, which undoes it: then
		 * rbp is the caller's already, and points out of this frame. */
		if (w->at.exact && !w->bp_lost && (w->at.bp < w->at.sp || w->at.bp >= cfa))
			break;
		*lost = w->bp_lost ||
		        !rp_walker_load(&w->window, w->at.bp + (uint64_t)n_bytes, &value);
		break;
	default:
		*lost = true;
	}
	return value;
}

static unsigned leave_function(struct rp_walker *w, const struct rp_row *row)
{
	uint64_t cfa, ra, ra_at;
	unsigned stop = cfa_of(w, row->cfa, &cfa);
	bool by_bp = (row->cfa & 31) == RP_REG_BP || (row->cfa & 31) == RP_CFA_AT_BP;

	if (stop == RP_GO_ON)
		stop = rp_machine_return(w, row, cfa, &ra, &ra_at);
	if (stop != RP_GO_ON)
		return stop;
	if (ra == 0) {
		w->at.sp = cfa;
		return RP_STOP_END;
	}
	if ((w->at.exact || (w->bp_doubtful && by_bp)) && !returns_behind_call(w, ra) &&
	    !is_outermost(w, ra))
		return w->at.exact ? rp_chain_repair(w, ra_at, ra) : RP_STOP_RULE;
	bool bx_lost = w->bx_lost;
	uint64_t bx = saved(w, row->bx, cfa, w->at.bx, &bx_lost); /* before bp: it may need it */

	w->at.bp = saved(w, row->bp, cfa, w->at.bp, &w->bp_lost);
	w->bp_doubtful &= (row->bp & 3) == RP_SAVED_NOT;
	w->at.bx = bx;
	w->bx_lost = bx_lost;
	rp_walker_leave(w, ra, cfa);
	return RP_GO_ON;
}

/* Coroutines return into the first instruction of a function that nobody called (glibc's
 * __start_context), and have no caller beyond.  The byte before it, where return addresses are
 * looked up, is another's: BEFORE is the row of that byte. */
static bool is_made_up(const struct rp_walker *w, struct rp_found before)
{
	const struct rp_row *row = before.row + 1;

	return !w->at.exact && row < before.module->rows + before.module->n_rows &&
	       row->pc == w->at.pc - before.module->lo && !returns_behind_call(w, w->at.pc);
}

/* Where threads are born (clone): libc ends the rules of the function at its system call, since
 * they hold for the parent alone, and the child goes on in an outermost function behind. */
static bool is_birth(const struct rp_walker *w, struct rp_found gap)
{
	const struct rp_module_rows *module = gap.module;
	const struct rp_row *next = gap.row + 1;

	return w->at.exact && gap.row > module->rows && next < module->rows + module->n_rows &&
	       (next->cfa & 31) == RP_CFA_END && next->pc - gap.row->pc <= BIRTH_BYTES;
}

static unsigned leave_birth(struct rp_walker *w, struct rp_found gap)
{
	bool called = w->at.pc - gap.module->lo > gap.row->pc;
	bool child = called && w->at.gpr_known & 1 && w->at.gpr[0] == 0; /* what it returned */

	return child ? RP_STOP_END : leave_function(w, gap.row - 1);
}

/* Code made at run time, or a hole in a module's rows (V8 has its builtins in one). */
static unsigned leave_rowless(struct rp_walker *w, const struct rp_module_rows *module)
{
	uint64_t pc = w->at.exact ? w->at.pc : w->at.pc - 1;

	if (module)
		return w->tables->n_maps && rp_code_in_text(w, module, pc)
		               ? rp_chain_step(w, RP_STOP_NO_ROW)
		               : RP_STOP_NO_ROW;
	if (rp_tables_map(w->tables, pc) == RP_MAP_MADE)
		return rp_chain_step(w, RP_STOP_NO_CHAIN);
	atomic_store_explicit(&rp_tables_strange, 1, memory_order_relaxed);
	return RP_STOP_UNKNOWN_PC;
}

/* One frame outwards: RP_GO_ON, or why not. */
static unsigned step(struct rp_walker *w)
{
	struct rp_found at = rp_tables_find(w->tables, w->at.exact ? w->at.pc : w->at.pc - 1);

	if (at.module && !rp_walker_sure(w, at.module, w->at.exact ? w->at.pc : w->at.pc - 1))
		return RP_STOP_UNKNOWN_PC;
	w->sure = at.module;
	if (!at.row)
		return leave_rowless(w, at.module);
	if (is_made_up(w, at))
		return RP_STOP_END;
	switch (at.row->cfa & 31) {
	case RP_CFA_SIGNAL:
		return leave_signal(w);
	case RP_CFA_END:
		return RP_STOP_END;
	case RP_CFA_GAP:
		return is_birth(w, at) ? leave_birth(w, at) : leave_rowless(w, at.module);
	case RP_CFA_RULE:
		return RP_STOP_RULE;
	}
	if (!w->at.exact)
		rp_known_learn(w->tables, at.module, at.row, w->at.pc);
	return leave_function(w, at.row);
}

static bool is_plain(const struct rp_walker *w)
{
	return !w->at.exact && !w->bp_lost && !w->bp_doubtful && w->tables->known;
}

void rp_stack_walk(const struct rp_tables *tables, const struct rp_regs *regs,
                   const struct rp_window *window, struct rp_walk *walk)
{
	struct rp_walker w = {.tables = tables, .window = *window, .at = *regs};
	unsigned stop = RP_GO_ON;

	walk->n = 0;
	while (stop == RP_GO_ON) {
		if (walk->n == walk->cap) {
			stop = RP_STOP_DEPTH;
			break;
		}
		if (walk->exact)
			walk->exact[walk->n] = w.at.exact;
		walk->pc[walk->n++] = w.at.pc;
		if (tables && is_plain(&w))
			rp_known_run(&w, walk);
		stop = tables ? step(&w) : RP_STOP_NO_TABLES;
	}
	walk->stop = stop;
}

uint64_t rp_stack_root(const struct rp_tables *tables, const struct rp_regs *regs,
                       const struct rp_window *window)
{
	struct rp_walker w = {.tables = tables, .window = *window, .at = *regs};
	unsigned stop;

	while ((stop = step(&w)) == RP_GO_ON)
		;
	bool ends = stop == RP_STOP_END || stop == RP_STOP_NO_ROW || stop == RP_STOP_RULE ||
	            (stop == RP_STOP_UNKNOWN_PC && !atomic_load(&rp_tables_stale));

	return ends ? w.at.sp : 0;
}

void rp_window_live(struct rp_window *window, uint64_t sp, uint64_t stack_lo, uint64_t stack_hi)
{
	uint64_t page = sp & ~(uint64_t)(PAGE_BYTES - 1);
	uint64_t red = sp - RP_RED_ZONE;

	*window = (struct rp_window){.home_lo = stack_lo, .home_hi = stack_hi};
	if (sp >= stack_lo && sp < stack_hi) {
		window->lo = red < stack_lo ? stack_lo : red;
		window->hi = stack_hi;
		return;
	}
	window->lo = red < page && !rp_stack_readable(page - 8) ? page : red;
	window->hi = rp_stack_readable(page) ? page + PAGE_BYTES : page;
	window->reach = window->hi > page ? page + RP_WINDOW_REACH : 0;
}
