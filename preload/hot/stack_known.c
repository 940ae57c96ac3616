/* stack_known.c - the short way through frames that were walked before.
 *
 * Room: hot.  Most frames of a walk are those of the walk before, by rules that fit into a word:
 * one load instead of module, row and what else a row may say.  A set has its own words and they go
 * with it, so none is ever stale; that of a module which may go counts where that was just found
 * standing.
 * SPDX-License-Identifier: MIT
 */
#include "preload/hot/stack_walker.h"

/* A word: the return address above its index; the number of its module in the set, from 1, if that
 * may go; what the caller's CFA is from, and where its rbp and rbx are, in words below the CFA (0:
 * where they were).  0: nothing. */
enum { CFA_BITS = 13, SLOT_BITS = 4, BP_AT = CFA_BITS + 1, BX_AT = BP_AT + SLOT_BITS };
enum { MODULE_AT = BX_AT + SLOT_BITS, TAG_AT = 29 };
enum { MOST_CFA = (1 << CFA_BITS) - 1, BY_BP = 1 << CFA_BITS, MOST_SLOT = (1 << SLOT_BITS) - 1 };
enum { MOST_MODULE = (1 << (TAG_AT - MODULE_AT)) - 1 };

static_assert(RP_TABLES_KNOWN == 4096, "the tag is what is above");
static_assert(TAG_AT + 47 - 12 == 64 && MODULE_AT < TAG_AT, "it fits");

static _Atomic uint64_t *word_of(const struct rp_tables *tables, uint64_t pc)
{
	return &tables->known[pc % RP_TABLES_KNOWN];
}

/* 0: it cannot go, or there is none. */
static uint64_t number_of(const struct rp_tables *tables, const struct rp_module_rows *module)
{
	return module && !module->fixed ? (uint64_t)(module - tables->modules) + 1 : 0;
}

/* -1: such a rule has no place in a word. */
static int slot_of(int16_t rule)
{
	int n = -(rule >> RP_SAVED_BITS);

	if ((rule & 3) == RP_SAVED_NOT)
		return 0;
	return (rule & 3) == RP_SAVED_AT_CFA && n > 0 && n <= MOST_SLOT ? n : -1;
}

void rp_known_learn(const struct rp_tables *tables, const struct rp_module_rows *module,
                    const struct rp_row *row, uint64_t pc)
{
	unsigned kind = row->cfa & 31;
	int32_t offset = (int32_t)row->cfa >> RP_CFA_BITS;
	uint64_t number = number_of(tables, module);
	int bp = slot_of(row->bp), bx = slot_of(row->bx);

	if (!tables->known || number > MOST_MODULE || rp_machine_here->link || pc >> 47 || bp < 0 ||
	    bx < 0 || (kind != RP_REG_SP && kind != RP_REG_BP) || offset <= 0 || offset % 8 != 0 ||
	    offset / 8 > MOST_CFA)
		return;
	atomic_store_explicit(word_of(tables, pc),
	                      pc >> 12 << TAG_AT | number << MODULE_AT | (uint64_t)bx << BX_AT |
	                              (uint64_t)bp << BP_AT | (kind == RP_REG_BP ? BY_BP : 0) |
	                              (uint64_t)offset / 8,
	                      memory_order_relaxed);
}

RP_READS_STACK static inline uint64_t load(const struct rp_window *window, uint64_t addr)
{
	return *(const rp_loose_u64 *)(uintptr_t)(addr + (uint64_t)window->delta);
}

/* Everything in registers; what is not plain is left for the long way, untouched. */
void rp_known_run(struct rp_walker *w, struct rp_walk *walk)
{
	const struct rp_window window = w->window;
	const struct rp_tables *tables = w->tables;
	uint64_t pc = w->at.pc, sp = w->at.sp, bp = w->at.bp, bx = w->at.bx;
	uint32_t n = walk->n;
	uint64_t standing = number_of(tables, w->sure);
	bool bx_lost = w->bx_lost;

	while (n < walk->cap) {
		uint64_t word = atomic_load_explicit(word_of(tables, pc), memory_order_relaxed);
		uint64_t cfa = (word & BY_BP ? bp : sp) + (word & MOST_CFA) * 8;
		unsigned bp_slot = word >> BP_AT & MOST_SLOT, bx_slot = word >> BX_AT & MOST_SLOT;
		uint64_t number = word >> MODULE_AT & MOST_MODULE;

		if (word >> TAG_AT != pc >> 12 || cfa < sp + 8 || cfa > window.hi || cfa < sp ||
		    (number && number != standing))
			break;
		/* Slots reach down 15 words: no further than a frame, but where it is small. */
		if (cfa - MOST_SLOT * 8 < window.lo)
			break;
		uint64_t ra = load(&window, cfa - 8);

		if (!ra)
			break;
		bp = bp_slot ? load(&window, cfa - bp_slot * 8) : bp;
		bx = bx_slot ? load(&window, cfa - bx_slot * 8) : bx;
		bx_lost &= !bx_slot;
		sp = cfa;
		pc = ra;
		if (walk->exact)
			walk->exact[n] = 0;
		walk->pc[n++] = pc;
	}
	if (n == walk->n)
		return;
	walk->n = n;
	rp_walker_leave(w, pc, sp);
	w->at.bp = bp;
	w->at.bx = bx;
	w->bx_lost = bx_lost;
}
