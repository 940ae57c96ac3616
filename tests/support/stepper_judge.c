/* stepper_judge.c - see stepper_judge.h.  SPDX-License-Identifier: MIT */
#include "tests/support/stepper_judge.h"
#include "preload/hot/stack.h"
#include "store/records.h"

#define UNW_LOCAL_ONLY
#include <libunwind.h>
#include <ucontext.h>

enum verdict { RIGHT, TRUNCATED, WRONG };

static void count(struct stepper_tally *tally, enum verdict verdict)
{
	if (verdict == RIGHT)
		tally->right++;
	else if (verdict == TRUNCATED)
		tally->truncated++;
	else
		tally->wrong++;
}

static void add(struct stepper_tally *sum, const struct stepper_tally *tally)
{
	sum->right += tally->right;
	sum->truncated += tally->truncated;
	sum->wrong += tally->wrong;
}

static void mark(struct stepper_score *score, const struct stepper_spot *one)
{
	struct stepper_spot *spot = score->spots;

	while (spot < score->spots + score->n_spots &&
	       (spot->pc != one->pc || spot->caller != one->caller))
		spot++;
	if (spot == score->spots + STEPPER_SPOTS) {
		score->n_spots_lost++;
		return;
	}
	if (spot == score->spots + score->n_spots) {
		score->n_spots++;
		*spot = *one;
		return;
	}
	add(&spot->ours, &one->ours);
	add(&spot->unw, &one->unw);
}

/* N frames were found, the last of which was said to be outermost if ENDED. */
static enum verdict verdict_of(const struct stepper_truth *truth, const uint64_t *pcs, uint32_t n,
                               bool ended)
{
	if (n > truth->n + 1 || n == 0)
		return WRONG;
	for (uint32_t i = 0; i < n; i++)
		if (pcs[i] != truth->pc[i])
			return WRONG;
	if (!ended)
		return TRUNCATED;
	return n == truth->n + 1 ? RIGHT : WRONG;
}

static void first_wrong(const struct stepper_truth *truth, const struct rp_walk *walk,
                        struct stepper_spot *spot)
{
	uint32_t i = 0;

	while (i < walk->n && i <= truth->n && walk->pc[i] == truth->pc[i])
		i++;
	spot->frame = i;
	spot->instead = i < walk->n ? walk->pc[i] : 0;
}

static enum verdict walk_ours(const struct stepper_truth *truth, const void *uc,
                              struct stepper_spot *spot)
{
	uint64_t pcs[SHADOW_FRAMES];
	struct rp_walk walk = {.pc = pcs, .cap = SHADOW_FRAMES};
	struct rp_window window;
	struct rp_regs regs;

	rp_regs_from_context(&regs, uc);
	rp_window_live(&window, regs.sp, truth->stack_lo, truth->stack_hi);
	rp_stack_walk(rp_tables_take(), &regs, &window, &walk);
	rp_tables_give();
	spot->stop = walk.stop;
	first_wrong(truth, &walk, spot);
	return verdict_of(truth, pcs, walk.n, walk.stop == RP_STOP_END);
}

static enum verdict walk_unw(const struct stepper_truth *truth, void *uc)
{
	uint64_t pcs[SHADOW_FRAMES];
	unw_cursor_t cursor;
	unw_word_t pc;
	uint32_t n = 0;
	int more = unw_init_local2(&cursor, uc, UNW_INIT_SIGNAL_FRAME) == 0 ? 1 : -1;

	while (more > 0 && n < SHADOW_FRAMES && unw_get_reg(&cursor, UNW_REG_IP, &pc) == 0) {
		pcs[n++] = pc;
		more = unw_step(&cursor);
	}
	return verdict_of(truth, pcs, n, more == 0);
}

/* A walk that ends since modules came or went is counted, but marks no instruction. */
static bool is_news(struct stepper_score *score, enum verdict ours, uint64_t stop)
{
	uint64_t *news = NULL;

	if (stop == RP_STOP_UNKNOWN_PC)
		news = &score->unknown;
	else if (stop == RP_STOP_NO_TABLES)
		news = &score->stale;
	else if (stop == RP_STOP_NO_ROW)
		news = &score->bare;
	if (ours != TRUNCATED || !news)
		return false;
	++*news;
	return true;
}

void stepper_judge(const struct stepper_plan *plan, struct stepper_truth *truth, void *uc,
                   bool beside)
{
	struct stepper_score *score = plan->score;
	struct stepper_spot spot = {.pc = truth->pc[0], .caller = truth->n ? truth->pc[1] : 0};
	enum verdict ours = walk_ours(truth, uc, &spot);
	enum verdict unw = beside ? walk_unw(truth, uc) : RIGHT;

	count(&spot.ours, ours);
	count(&score->ours, ours);
	if (beside) {
		count(&spot.unw, unw);
		count(&score->unw, unw);
		count(&score->beside, ours);
	}
	if (plan->loads && is_news(score, ours, spot.stop))
		return;
	if (ours != RIGHT || unw != RIGHT)
		mark(score, &spot);
}

__attribute__((noinline)) unsigned stepper_unwind(struct shadow_frame *frames, unsigned cap)
{
	unw_context_t context;
	unw_cursor_t cursor;
	unw_word_t pc, sp;
	unsigned n = 0;

	unw_getcontext(&context);
	unw_init_local(&cursor, &context);
	if (unw_step(&cursor) <= 0) /* to the caller: its frame is the first */
		return 0;
	while (n < cap && unw_step(&cursor) > 0) {
		unw_get_reg(&cursor, UNW_REG_IP, &pc);
		unw_get_reg(&cursor, UNW_REG_SP, &sp);
		frames[n++] = (struct shadow_frame){.slot = sp - 8, .pc = pc};
	}
	return n;
}
