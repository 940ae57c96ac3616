/* coroutine.c - see coroutine.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/coroutine.h"

#include "preload/hot/clock.h"
#include "preload/hot/current.h"
#include "preload/hot/request.h"
#include "preload/hot/stack.h"
#include "preload/hot/turn.h"

enum { N_LEFT = 512, WAYS = 4 };

/* A context that was left while it worked for somebody.  BUSY: one looks; nobody waits for him. */
struct left {
	_Atomic uint8_t busy;
	bool own;      /* on a coroutine's own stack; else a loop's, or a thread's */
	uint32_t turn; /* ... the number of its turn */
	const ucontext_t *at;
	struct rp_handoff handoff;
};

static struct left lefts[N_LEFT];

_Atomic uint64_t rp_coroutine_end_at;

static bool enter(struct left *l)
{
	return !atomic_exchange_explicit(&l->busy, 1, memory_order_acquire);
}

static void leave(struct left *l)
{
	atomic_store_explicit(&l->busy, 0, memory_order_release);
}

static struct left *ways_of(const ucontext_t *at)
{
	uint64_t mixed = ((uint64_t)(uintptr_t)at >> 4) * 0x9e3779b97f4a7c15u;

	return &lefts[(mixed >> 32) % (N_LEFT / WAYS) * WAYS];
}

static bool lives(const struct left *l)
{
	return rp_request_lives(l->handoff.request, l->handoff.serial);
}

/* What AT was left with is INTO's; it is forgotten here.  False: for nobody. */
static bool take_out(const ucontext_t *at, struct left *into)
{
	bool found = false;

	for (struct left *l = ways_of(at), *end = l + WAYS; l < end; l++) {
		if (!enter(l))
			continue;
		if (l->at == at) {
			l->at = NULL;
			into->own = l->own;
			into->turn = l->turn;
			into->handoff = l->handoff;
			found = lives(l);
		}
		leave(l);
	}
	return found;
}

/* Where there is no room it is nobody's. */
static void put_in(const struct left *what)
{
	for (struct left *l = ways_of(what->at), *end = l + WAYS; l < end; l++) {
		bool free;

		if (!enter(l))
			continue;
		free = !l->at || !lives(l);
		if (free) {
			l->at = what->at;
			l->own = what->own;
			l->turn = what->turn;
			l->handoff = what->handoff;
		}
		leave(l);
		if (free)
			return;
	}
}

static void keep(const struct rp_self *s, const ucontext_t *at, uint64_t sp)
{
	bool on = rp_coroutine_is_at(s, sp);
	struct left l;

	take_out(at, &l);
	if (on && !s->coroutine.own)
		return;
	l.own = on;
	l.turn = s->turn.number;
	l.at = at;
	l.handoff = (struct rp_handoff){.request = s->request,
	                                .serial = s->serial,
	                                .by = on ? RP_BY_COROUTINE : s->by,
	                                .queue = s->queue,
	                                .tid = s->tid,
	                                .at_ns = rp_mono_ns()};
	put_in(&l);
}

/* The stack of TO, if it is a coroutine's: makecontext leaves it where the host has put it.  In the
 * context of a thread's own stack nobody has put anything: what is found there by chance would hold
 * the stack that is left now, too. */
static void look_at_stack(struct rp_self *s, const ucontext_t *to, const struct rp_regs *regs)
{
	uint64_t here = (uint64_t)(uintptr_t)__builtin_frame_address(0);
	uint64_t lo = (uint64_t)(uintptr_t)to->uc_stack.ss_sp;
	uint64_t n = (uint64_t)to->uc_stack.ss_size;
	bool chance = here - lo < n && lo != s->coroutine.lo;
	bool on = regs->sp - lo < n && lo != s->coroutine.loop && !chance;

	s->coroutine.lo = on ? lo : 0;
	s->coroutine.hi = on ? lo + n : 0;
}

static bool begins(const struct rp_self *s, const struct rp_regs *regs)
{
	uint64_t end = atomic_load_explicit(&rp_coroutine_end_at, memory_order_relaxed);

	if (!end || regs->sp % 8 || regs->sp + 8 > s->coroutine.hi ||
	    !rp_coroutine_is_at(s, regs->sp))
		return false;
	return end == (rp_machine_here->link ? regs->bx : *(const uint64_t *)(uintptr_t)regs->sp);
}

static void go_on(struct rp_self *s, const struct left *l)
{
	if (!l->own && s->turn.looped && l->turn != s->turn.number) {
		rp_current_leave();
		return;
	}
	rp_current_take(&l->handoff);
	s->coroutine.own = l->own && rp_current_works(l->handoff.request, l->handoff.serial);
}

void rp_coroutine_moves(const ucontext_t *to)
{
	struct rp_regs regs;

	rp_regs_from_context(&regs, to);
	look_at_stack(&rp_self, to, &regs);
}

void rp_coroutine_switches(const ucontext_t *from, const ucontext_t *to)
{
	struct rp_self *s = &rp_self;
	uint64_t sp = (uint64_t)(uintptr_t)__builtin_frame_address(0);
	bool on = rp_coroutine_is_at(s, sp), works, found;
	struct rp_regs regs;
	struct left l;

	if (s->ours || s->moving)
		return;
	works = rp_current_works(s->request, s->serial) && !rp_coroutine_is_left(s, sp) &&
	        rp_request_lives(s->request, s->serial) && !rp_turn_is_over(s, rp_mono_ns());
	if (!works)
		rp_current_leave();
	if (from && works)
		keep(s, from, sp);
	else if (from)
		take_out(from, &l);
	found = take_out(to, &l);
	rp_regs_from_context(&regs, to);
	look_at_stack(s, to, &regs);
	if (begins(s, &regs)) {
		s->coroutine.own = works;
		if (works && s->by == RP_BY_CLIENT)
			s->by = RP_BY_COROUTINE;
	} else if (found && atomic_load_explicit(&rp_coroutine_end_at, memory_order_relaxed)) {
		go_on(s, &l);
	} else if (on) {
		rp_current_leave();
	} else { /* as if it were called: what holds for the thread, or its turn, still does */
		s->coroutine.own = false;
	}
}

void rp_coroutine_takes(struct rp_self *s, enum rp_source by)
{
	s->coroutine.own = by == RP_BY_CLIENT && rp_coroutine_is_here(s);
}

void rp_coroutine_loops(struct rp_self *s)
{
	if (rp_likely(!s->coroutine.lo) || !rp_coroutine_is_here(s))
		return;
	s->coroutine.loop = s->coroutine.lo;
	s->coroutine.lo = s->coroutine.hi = 0;
	s->coroutine.own = false;
}

RP_EARLY void rp_coroutine_forked(void)
{
	for (unsigned i = 0; i < N_LEFT; i++)
		leave(&lefts[i]);
}
