/* coroutine.c - see coroutine.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/coroutine.h"

#include "preload/hot/clock.h"
#include "preload/hot/current.h"
#include "preload/hot/fiber.h"
#include "preload/hot/request.h"
#include "preload/hot/turn.h"

enum { N_LEFT = 512, WAYS = 4 };

/* A context that was left while it worked for somebody.  Only who goes on at AT, or leaves it
 * again, takes it from there, one thread after the other; of a request that is over anybody may
 * take the place. */
struct left {
	_Atomic(const void *) at; /* its ucontext_t; a fiber's root; NULL: the place is free */
	bool own;                 /* on a coroutine's own stack; else a loop's, or a thread's */
	uint32_t turn;            /* ... the number of its turn */
	struct rp_handoff handoff;
};

/* Somebody writes there. */
#define TAKEN ((const void *)1)

static struct left lefts[N_LEFT];

_Atomic uint64_t rp_coroutine_end_at;

static struct left *ways_of(const void *at)
{
	uint64_t mixed = ((uint64_t)(uintptr_t)at >> 4) * 0x9e3779b97f4a7c15u;

	return &lefts[(mixed >> 32) % (N_LEFT / WAYS) * WAYS];
}

static bool lives(const struct left *l)
{
	return rp_request_lives(l->handoff.request, l->handoff.serial);
}

static void copy(struct left *to, const struct left *from)
{
	to->own = from->own;
	to->turn = from->turn;
	to->handoff = from->handoff;
}

/* What AT was left with is INTO's; it is forgotten here.  False: for nobody. */
static bool take_out(const void *at, struct left *into)
{
	for (struct left *l = ways_of(at), *end = l + WAYS; l < end; l++) {
		const void *its = at;

		if (atomic_load(&l->at) != at)
			continue;
		copy(into, l);
		if (atomic_compare_exchange_strong(&l->at, &its, NULL))
			return lives(into);
	}
	return false;
}

/* Where there is no room it is nobody's. */
static void put_in(const struct left *what)
{
	for (struct left *l = ways_of(what->at), *end = l + WAYS; l < end; l++) {
		const void *its = atomic_load(&l->at);

		if (its == TAKEN || (its && lives(l)) ||
		    !atomic_compare_exchange_strong(&l->at, &its, TAKEN))
			continue;
		copy(l, what);
		atomic_store(&l->at, what->at);
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

void rp_coroutine_keeps(const void *at, const struct rp_handoff *handoff)
{
	struct left l;

	take_out(at, &l);
	l.own = true;
	l.at = at;
	l.handoff = *handoff;
	if (handoff->serial)
		put_in(&l);
}

bool rp_coroutine_kept(const void *at, struct rp_handoff *handoff)
{
	for (struct left *l = ways_of(at), *end = l + WAYS; l < end; l++) {
		struct left its;

		if (atomic_load(&l->at) != at)
			continue;
		copy(&its, l);
		*handoff = its.handoff;
		return atomic_load(&l->at) == at && lives(&its);
	}
	return false;
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

	s->coroutine.found = false;
	s->coroutine.lo = on ? lo : 0;
	s->coroutine.hi = on ? lo + n : 0;
}

static bool begins(const struct rp_self *s, const struct rp_regs *regs)
{
	uint64_t end = atomic_load_explicit(&rp_coroutine_end_at, memory_order_relaxed);

	if (!end || regs->sp % 8 || regs->sp + 8 > s->coroutine.hi ||
	    !rp_coroutine_is_at(s, regs->sp))
		return false;
	return end == rp_coroutine_returns_to(regs);
}

static void go_on(struct rp_self *s, const struct left *l)
{
	if (!l->own && s->turn.looped && l->turn != s->turn.number) {
		rp_current_leave();
		return;
	}
	rp_current_go_on(&l->handoff);
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
	s->coroutine.own = (by == RP_BY_CLIENT || s->coroutine.found) && rp_coroutine_is_here(s);
	if (rp_unlikely(s->coroutine.own && s->coroutine.found))
		rp_fiber_has_taken(s);
}

void rp_coroutine_loops(struct rp_self *s)
{
	s->green = RP_GREEN_NOT;
	s->loops++;
	if (rp_likely(!s->coroutine.lo) || s->coroutine.found || !rp_coroutine_is_here(s))
		return;
	s->coroutine.loop = s->coroutine.lo;
	s->coroutine.lo = s->coroutine.hi = 0;
	s->coroutine.own = false;
}

RP_EARLY void rp_coroutine_forked(void)
{
	for (unsigned i = 0; i < N_LEFT; i++)
		if (lefts[i].at == TAKEN)
			lefts[i].at = NULL;
}
