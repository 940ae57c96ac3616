/* unwinder.c - see unwinder.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/unwinder.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include "preload/hot/sys.h"
#include "preload/hot/unwinder_parts.h"
#include "preload/limits.h"
#include "preload/real.h"
#include "store/records.h"

_Atomic(const struct rp_unwinder *) rp_unwinder_now;
_Atomic bool rp_unwinder_paused;
_Atomic uint32_t rp_unwinder_walkers;

static_assert(RP_UNWINDER_ROOMS == 2 * RP_MAX_TRACKS + 1, "two a track, one for our thread");

/* Not on the stack: the handler must stay small. */
static struct rp_unwinding rooms[RP_UNWINDER_ROOMS];

enum { SIGNAL_FRAME = 1 }; /* of init_local2: the pc is no return address */
enum { GO_ON = RP_N_STOPS };

static bool is_known(const struct rp_unwinder *unwinder, uint64_t pc)
{
	const struct rp_unwinder_module *base = unwinder->modules;

	for (uint32_t n = unwinder->n_modules; n > 1;) {
		uint32_t half = n / 2;

		base = base[half].lo <= pc ? base + half : base;
		n -= half;
	}
	return unwinder->n_modules && pc >= base->lo && pc < base->hi;
}

/* One frame outwards into PC and SP: GO_ON, or why not. */
static unsigned step(struct rp_unwinding *u, uint64_t *pc, uint64_t *sp, bool *exact)
{
	const struct rp_unwinder_entries *call = &u->unwinder->call;
	uint64_t from = *sp;

	if (!is_known(u->unwinder, *pc))
		return RP_STOP_UNKNOWN_PC;
	int ret = call->step(u->cursor);

	if (u->strayed)
		return RP_STOP_BOUNDS;
	if (ret < 0)
		return RP_STOP_RULE;
	*exact = call->is_signal_frame(u->cursor) > 0;
	if (ret == 0 || call->get_reg(u->cursor, RP_UNWINDER_PC, pc) < 0 || *pc == 0)
		return RP_STOP_END;
	if (call->get_reg(u->cursor, RP_UNWINDER_SP, sp) < 0 || (*sp <= from && !*exact))
		return RP_STOP_BOUNDS;
	return GO_ON;
}

static void walk_frames(struct rp_unwinding *u)
{
	struct rp_walk *walk = u->walk;
	uint64_t pc = u->regs->pc, sp = u->regs->sp;
	bool exact = u->regs->exact;
	unsigned stop = GO_ON;

	walk->n = 0;
	rp_unwinder_context(u->context, u->regs);
	if (u->unwinder->call.init_local2(u->cursor, u->context, exact ? SIGNAL_FRAME : 0) < 0)
		stop = RP_STOP_RULE;
	while (stop == GO_ON) {
		if (walk->n == walk->cap) {
			stop = RP_STOP_DEPTH;
			break;
		}
		if (walk->exact)
			walk->exact[walk->n] = exact;
		walk->pc[walk->n++] = pc;
		stop = step(u, &pc, &sp, &exact);
	}
	walk->stop = stop;
}

static void give_locks(struct rp_unwinding *u)
{
	while (u->n_locks)
		rp_real.pthread_mutex_unlock(u->locks[--u->n_locks]);
}

bool rp_unwinder_fenced(void (*run)(struct rp_unwinding *u), unsigned room)
{
	struct rp_unwinding *u = &rooms[room];
	volatile bool back = false;

	rp_unwinding = u;
	if (__builtin_setjmp(u->escape) == 0) {
		run(u);
		back = true;
	}
	rp_unwinding = NULL;
	give_locks(&rooms[room]);
	return back;
}

/* In our handler everything is masked; elsewhere a handler of the host could come on top, use
 * libunwind itself, or leave by longjmp. */
static bool walk_masked(struct rp_unwinding *u, unsigned room)
{
	uint64_t mask = u->regs->exact ? 0 : rp_sigmask(SIG_SETMASK, ~0ull);
	bool back = rp_unwinder_fenced(walk_frames, room);

	if (!u->regs->exact)
		rp_sigmask(SIG_SETMASK, mask);
	return back && (u->walk->stop == RP_STOP_END || u->walk->stop == RP_STOP_DEPTH);
}

bool rp_unwinder_walk(const struct rp_tables *tables, const struct rp_regs *regs,
                      const struct rp_window *window, struct rp_walk *walk, unsigned room)
{
	const struct rp_unwinder *unwinder = atomic_load(&rp_unwinder_now);
	struct rp_unwinding *u = &rooms[room];
	bool whole = false;

	if (rp_likely(!unwinder) || unwinder->generation != tables->generation || rp_unwinding)
		return false;
	int host_errno = errno;

	atomic_fetch_add(&rp_unwinder_walkers, 1);
	if (!atomic_load(&rp_unwinder_paused)) {
		u->unwinder = unwinder;
		u->window = *window;
		u->regs = regs;
		u->walk = walk;
		u->strayed = false;
		whole = walk_masked(u, room);
	}
	atomic_fetch_sub(&rp_unwinder_walkers, 1);
	errno = host_errno;
	return whole;
}
