/* stack.c - walks a stack by the rows of cold/ehframe.c; never guesses, stops and says why.
 *
 * Room: hot.  Reads three things: the tables, the window, and the few code bytes before the
 * innermost return address.  No lock, no allocation; a system call only off the known stack.
 * SPDX-License-Identifier: MIT
 */
#include "preload/hot/stack.h"
#include "store/records.h"

enum { PAGE_BYTES = 4096, GO_ON = RP_N_STOPS, N_HINTS = 4096 };

/* The walk reads other functions' frames: what a sanitizer calls poisoned is its business. */
#define READS_STACK __attribute__((no_sanitize("address")))
typedef uint64_t __attribute__((aligned(1), may_alias)) loose_u64;

_Atomic(const struct rp_tables *) rp_tables_now;
_Atomic uint32_t rp_tables_stale;
_Atomic uint32_t rp_tables_unloads;
static _Atomic uint32_t readers; /* written by whoever walks, read by cold/modules.c */

static _Atomic uint64_t hints[N_HINTS]; /* module's index << 32 | row's; see find */

struct found {
	const struct rp_module_rows *module;
	const struct rp_row *row;
};

struct walker {
	const struct rp_tables *tables;
	struct rp_window window;
	struct rp_regs at;
	bool bp_lost, bx_lost;
};

void rp_tables_loading(void)
{
	atomic_fetch_add(&rp_tables_stale, 1);
}

void rp_tables_unloading(void)
{
	atomic_fetch_add(&rp_tables_unloads, 1);
	atomic_fetch_add(&rp_tables_stale, 1);
}

/* All sequentially consistent: a writer that publishes and then sees no reader knows that
 * every later reader sees what it published. */
const struct rp_tables *rp_tables_take(void)
{
	const struct rp_tables *tables;

	atomic_fetch_add(&readers, 1);
	tables = atomic_load(&rp_tables_now);
	if (tables && tables->unloads != atomic_load(&rp_tables_unloads))
		return NULL;
	return tables;
}

void rp_tables_give(void)
{
	atomic_fetch_sub(&readers, 1);
}

bool rp_tables_idle(void)
{
	return atomic_load(&readers) == 0;
}

static bool window_grow(struct rp_window *window, uint64_t end)
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

READS_STACK static bool load(struct rp_window *window, uint64_t addr, uint64_t *value)
{
	if (addr < window->lo || addr > UINT64_MAX - 8)
		return false;
	if (addr + 8 > window->hi && !window_grow(window, addr + 8))
		return false;
	*value = *(const loose_u64 *)(uintptr_t)(addr + (uint64_t)window->delta);
	return true;
}

static const struct rp_module_rows *module_of(const struct rp_tables *tables, uint64_t pc)
{
	const struct rp_module_rows *base = tables->modules;
	uint32_t n = tables->n_modules;

	if (!n)
		return NULL;
	while (n > 1) {
		uint32_t half = n / 2;

		base = base[half].lo <= pc ? base + half : base;
		n -= half;
	}
	return pc >= base->lo && pc < base->hi ? base : NULL;
}

static const struct rp_row *row_of(const struct rp_module_rows *module, uint64_t pc)
{
	uint32_t off = (uint32_t)(pc - module->lo);
	uint32_t page = off >> RP_ROWS_PAGE_BITS;

	if (!module->n_rows)
		return NULL;
	uint32_t at = module->pages[page];
	uint32_t n = module->pages[page + 1] - at;

	/* Among the rows of the page: how many began. */
	while (n > 0) {
		uint32_t half = n / 2;
		bool began = module->rows[at + half].pc <= off;

		at = began ? at + half + 1 : at;
		n = began ? n - half - 1 : half;
	}
	return at ? &module->rows[at - 1] : NULL;
}

/* Is this the row of PC, so that nothing needs to be searched? */
static bool is_row_of(const struct rp_module_rows *module, uint32_t row, uint64_t pc)
{
	if (pc < module->lo || pc >= module->hi || row >= module->n_rows)
		return false;
	uint64_t off = pc - module->lo;

	return module->rows[row].pc <= off &&
	       (row + 1 == module->n_rows || module->rows[row + 1].pc > off);
}

/* The module and the row that hold PC, or NULL for what there is not.  Asks the hints first:
 * where a pc was found last time.  A hint is tried, never believed, so it may be anybody's and
 * of any age. */
static struct found find(const struct rp_tables *tables, uint64_t pc)
{
	_Atomic uint64_t *slot = &hints[(pc ^ pc >> 11) % N_HINTS];
	uint64_t hint = atomic_load_explicit(slot, memory_order_relaxed);
	uint32_t row = (uint32_t)hint, at = (uint32_t)(hint >> 32);
	struct found found;

	if (at < tables->n_modules && is_row_of(&tables->modules[at], row, pc)) {
		found.module = &tables->modules[at];
		found.row = &found.module->rows[row];
		return found;
	}
	found.module = module_of(tables, pc);
	found.row = found.module ? row_of(found.module, pc) : NULL;
	if (found.row)
		atomic_store_explicit(slot,
		                      (uint64_t)(found.module - tables->modules) << 32 |
		                              (uint64_t)(found.row - found.module->rows),
		                      memory_order_relaxed);
	return found;
}

/* The bytes of a call by register or memory ("ff /2") whose mod-r/m byte is MODRM. */
static unsigned indirect_call_bytes(uint8_t modrm, uint8_t sib)
{
	unsigned mod = modrm >> 6, rm = modrm & 7;
	unsigned n = 2;

	if (((modrm >> 3) & 7) != 2)
		return 0;
	if (mod == 3)
		return n;
	if (rm == 4)
		n++;
	if (mod == 1)
		return n + 1;
	return mod == 2 || rm == 5 || (rm == 4 && (sib & 7) == 5) ? n + 4 : n;
}

READS_STACK static bool call_ends_at(uint64_t pc)
{
	const uint8_t *end = (const uint8_t *)(uintptr_t)pc;

	if (end[-5] == 0xe8)
		return true;
	for (unsigned n = 2; n <= 7; n++)
		if (end[-(int)n] == 0xff &&
		    indirect_call_bytes(end[1 - (int)n], end[2 - (int)n]) == n)
			return true;
	return false;
}

/* Hand-written code that pushes without saying so (glibc's __mpn_*: every printf of a double)
 * gives the innermost frame a wrong CFA.  What it takes for the return address is then hardly
 * ever behind a call; better a short stack than an invented caller. */
static bool returns_behind_call(const struct walker *w, uint64_t ra)
{
	struct found at = find(w->tables, ra - 1);

	if (at.row && (at.row->cfa & 31) == RP_CFA_SIGNAL)
		return true; /* the handler was interrupted; the kernel calls without a call */
	if (ra < PAGE_BYTES)
		return false;
	bool mapped = at.module && ra - 8 >= at.module->text_lo && ra <= at.module->text_hi &&
	              atomic_load_explicit(&rp_tables_stale, memory_order_relaxed) == 0;

	if (!mapped && !rp_stack_readable(ra - 8))
		return false;
	return call_ends_at(ra);
}

static unsigned stop_of_read(const struct walker *w, uint64_t addr)
{
	return w->window.delta && addr >= w->window.lo ? RP_STOP_COPY_SHORT : RP_STOP_BOUNDS;
}

static bool reg(const struct walker *w, unsigned n, uint64_t *value)
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
static unsigned leave_signal(struct walker *w)
{
	uint64_t gregs[RP_N_GREGS];
	uint64_t at = w->at.sp + RP_UC_GREGS;
	uint64_t from = w->at.sp;

	for (unsigned i = 0; i < RP_N_GREGS; i++)
		if (!load(&w->window, at + i * 8, &gregs[i]))
			return stop_of_read(w, at + i * 8);
	rp_regs_from_gregs(&w->at, gregs);
	w->bp_lost = w->bx_lost = false;
	if (w->at.sp > from && w->at.sp < w->window.hi)
		return GO_ON;
	/* From an alternate stack home; once, or a damaged context could lead in circles. */
	if (w->at.sp < w->window.home_lo || w->at.sp >= w->window.home_hi)
		return stop_of_read(w, w->at.sp);
	rp_window_live(&w->window, w->at.sp, w->window.home_lo, w->window.home_hi);
	w->window.home_lo = w->window.home_hi = 0;
	return GO_ON;
}

static unsigned cfa_of(struct walker *w, uint32_t rule, uint64_t *cfa)
{
	unsigned kind = rule & 31;
	int32_t off = (int32_t)rule >> RP_CFA_BITS;
	uint64_t base;

	if (kind < 16) {
		if (!reg(w, kind, &base))
			return RP_STOP_RULE;
		*cfa = base + (uint64_t)(int64_t)off;
		return GO_ON;
	}
	if (kind == RP_CFA_PLT) {
		*cfa = w->at.sp + 8 + ((int)(w->at.pc & 15) >= off) * 8;
		return GO_ON;
	}
	if (!reg(w, kind == RP_CFA_AT_BP ? RP_REG_BP : RP_REG_SP, &base))
		return RP_STOP_RULE;
	base += (uint64_t)(int64_t)(off >> RP_DEREF_BITS);
	if (!load(&w->window, base, cfa))
		return stop_of_read(w, base);
	*cfa += (uint32_t)off & ((1 << RP_DEREF_BITS) - 1);
	return GO_ON;
}

/* The caller's value of a register that RULE describes; *LOST when there is none. */
static uint64_t saved(struct walker *w, int16_t rule, uint64_t cfa, uint64_t now, bool *lost)
{
	int64_t n_bytes = (int64_t)(rule >> RP_SAVED_BITS) * 8;
	uint64_t value = now;

	switch (rule & 3) {
	case RP_SAVED_NOT:
		break;
	case RP_SAVED_AT_CFA:
		*lost = !load(&w->window, cfa + (uint64_t)n_bytes, &value);
		break;
	case RP_SAVED_AT_BP:
		/* gcc keeps this rule up to the ret, beyond the pop of rbp, which undoes it: then
		 * rbp is the caller's already, and points out of this frame. */
		if (w->at.exact && !w->bp_lost && (w->at.bp < w->at.sp || w->at.bp >= cfa))
			break;
		*lost = w->bp_lost || !load(&w->window, w->at.bp + (uint64_t)n_bytes, &value);
		break;
	default:
		*lost = true;
	}
	return value;
}

static unsigned leave_function(struct walker *w, const struct rp_row *row)
{
	uint64_t cfa, ra;
	unsigned stop = cfa_of(w, row->cfa, &cfa);

	if (stop != GO_ON)
		return stop;
	if (cfa < w->at.sp + 8 || cfa < 8) /* stacks only shrink towards their callers */
		return RP_STOP_BOUNDS;
	if (!load(&w->window, cfa - 8, &ra))
		return stop_of_read(w, cfa - 8);
	if (ra == 0)
		return RP_STOP_END;
	if (w->at.exact && !returns_behind_call(w, ra))
		return RP_STOP_RULE;
	bool bx_lost = w->bx_lost;
	uint64_t bx = saved(w, row->bx, cfa, w->at.bx, &bx_lost); /* before bp: it may need it */

	w->at.bp = saved(w, row->bp, cfa, w->at.bp, &w->bp_lost);
	w->at.bx = bx;
	w->bx_lost = bx_lost;
	w->at.pc = ra;
	w->at.sp = cfa;
	w->at.exact = false;
	w->at.gpr_known = 0;
	return GO_ON;
}

/* Coroutines return into the first instruction of a function that nobody called (glibc's
 * __start_context), and have no caller beyond.  The byte before it, where return addresses are
 * looked up, is another's: BEFORE is the row of that byte. */
static bool is_made_up(const struct walker *w, struct found before)
{
	const struct rp_row *row = before.row + 1;

	return !w->at.exact && row < before.module->rows + before.module->n_rows &&
	       row->pc == w->at.pc - before.module->lo && !returns_behind_call(w, w->at.pc);
}

/* One frame outwards: GO_ON, or why not. */
static unsigned step(struct walker *w)
{
	struct found at = find(w->tables, w->at.exact ? w->at.pc : w->at.pc - 1);

	if (!at.module)
		return RP_STOP_UNKNOWN_PC;
	if (!at.row)
		return RP_STOP_NO_ROW;
	if (is_made_up(w, at))
		return RP_STOP_END;
	switch (at.row->cfa & 31) {
	case RP_CFA_SIGNAL:
		return leave_signal(w);
	case RP_CFA_END:
		return RP_STOP_END;
	case RP_CFA_GAP:
		return RP_STOP_NO_ROW;
	case RP_CFA_RULE:
		return RP_STOP_RULE;
	}
	return leave_function(w, at.row);
}

void rp_stack_walk(const struct rp_tables *tables, const struct rp_regs *regs,
                   const struct rp_window *window, struct rp_walk *walk)
{
	struct walker w = {.tables = tables, .window = *window, .at = *regs};
	unsigned stop = GO_ON;

	walk->n = 0;
	while (stop == GO_ON) {
		if (walk->n == walk->cap) {
			stop = RP_STOP_DEPTH;
			break;
		}
		if (walk->exact)
			walk->exact[walk->n] = w.at.exact;
		walk->pc[walk->n++] = w.at.pc;
		stop = tables ? step(&w) : RP_STOP_NO_TABLES;
	}
	walk->stop = stop;
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
