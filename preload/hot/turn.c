/* turn.c - see turn.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/turn.h"

#include "preload/hot/bell.h"
#include "preload/hot/clock.h"
#include "preload/hot/coroutine.h"
#include "preload/hot/current.h"
#include "preload/hot/executor.h"
#include "preload/hot/node.h"
#include "preload/hot/request.h"
#include "preload/hot/sampler.h"
#include "preload/hot/unseen.h"

enum { MS = 1000000 };

_Atomic bool rp_turn_watching;
_Atomic uint8_t rp_turn_runs;

/* A loop counts in whole milliseconds, from when it last looked at the clock; an interpreter, whose
 * timers are not the loop's, before that as well (deno). */
static uint64_t due_ns(uint64_t looked_ns, uint64_t timeout_ns)
{
	uint8_t runs = atomic_load_explicit(&rp_turn_runs, memory_order_relaxed);
	uint64_t sooner_ns = runs == RP_RUNS_ANYTHING ? 2 * MS : MS;

	if (timeout_ns == RP_NEVER)
		return RP_NEVER;
	return looked_ns && timeout_ns > sooner_ns ? looked_ns + timeout_ns - sooner_ns : 0;
}

/* Who waits on a set: bits of its thread's address, and, for good, what is known of others. */
static _Atomic uint32_t waits_on[RP_MAX_FDS];
enum { NOTES = RP_SET_OF_SEVERAL | RP_SET_RUNG };

static uint32_t my_mark(void)
{
	return (uint32_t)((uintptr_t)&rp_self >> 4) << 2;
}

/* When something was noted first, of those that share a place. */
enum { N_NOTED = 64 };
static _Atomic uint64_t noted_ns[N_NOTED];

static uint32_t note(int epfd, uint32_t note)
{
	uint64_t none = 0;

	if (note & NOTES)
		atomic_compare_exchange_strong(&noted_ns[epfd % N_NOTED], &none, rp_mono_ns());
	return atomic_fetch_or_explicit(&waits_on[epfd], note, memory_order_relaxed) | note;
}

void rp_turn_comes_to(int epfd)
{
	struct rp_self *s = &rp_self;
	uint32_t me = my_mark(), was;

	if ((unsigned)epfd >= RP_MAX_FDS)
		return;
	s->turn.set = epfd;
	was = atomic_load_explicit(&waits_on[epfd], memory_order_relaxed);
	if (rp_unlikely(!(was & ~NOTES)))
		was = note(epfd, me);
	else if (rp_unlikely((was & ~NOTES) != me) && !(was & RP_SET_OF_SEVERAL))
		was = note(epfd, RP_SET_OF_SEVERAL);
	s->turn.shared = (was & NOTES) | (rp_executor_is_named(s) ? RP_SET_OF_SEVERAL : 0);
}

void rp_turn_set_made(int epfd)
{
	if ((unsigned)epfd < RP_MAX_FDS)
		atomic_store_explicit(&waits_on[epfd], 0, memory_order_relaxed);
}

/* Who wakes a loop of another thread puts what it is to do into its list, at any time. */
void rp_turn_set_rung(int epfd, bool again)
{
	uint32_t was;

	if ((unsigned)epfd >= RP_MAX_FDS)
		return;
	was = atomic_load_explicit(&waits_on[epfd], memory_order_relaxed);
	if (!(was & ~NOTES) && again)
		note(epfd, my_mark());
	else if ((was & ~NOTES) == my_mark())
		rp_self.turn.rang |= !again; /* who changes it may only get it ready to ring */
	else if (was & ~NOTES && !(was & RP_SET_RUNG))
		note(epfd, RP_SET_RUNG);
}

uint64_t rp_turn_shared_ns(const struct rp_self *s)
{
	uint32_t now = atomic_load_explicit(&waits_on[s->turn.set], memory_order_relaxed) & NOTES;

	if (rp_likely(now == s->turn.shared) || !rp_turn_notes_count(now) ||
	    rp_turn_notes_count(s->turn.shared) || rp_request_is_alone(s->request))
		return RP_NEVER;
	return atomic_load(&noted_ns[s->turn.set % N_NOTED]);
}

void rp_turn_brought(int epfd, bool by_bell)
{
	struct rp_turn *t = &rp_self.turn;

	t->rung = by_bell;
	if ((unsigned)epfd < RP_MAX_FDS)
		t->shared |= atomic_load_explicit(&waits_on[epfd], memory_order_relaxed) & NOTES;
}

void rp_turn_lasts(struct rp_turn *t, uint64_t timeout_ns)
{
	t->rings_ns = t->answered_ns = 0; /* of the last turn that was looked at */
	if (timeout_ns == RP_NEVER)
		t->due_ns = RP_NEVER;
	else if (timeout_ns) {
		t->back_ns = rp_mono_coarse_ns(); /* or later */
		t->due_ns = due_ns(t->back_ns, timeout_ns);
	}
}

void rp_turn_unseen(struct rp_turn *t, uint64_t timeout_ns)
{
	t->looped = true;
	t->leader_serial = 0;
	rp_coroutine_loops(&rp_self);
	rp_turn_lasts(t, timeout_ns);
}

/* May what this thread works for go on after a poll that brought nothing, since there is something
 * left to do?  It has been left by this turn's event, or was in the head that it brought. */
static bool goes_on(const struct rp_self *s)
{
	const struct rp_turn *t = &s->turn;

	if (s->armed != RP_ARMED || rp_turn_is_over(s, rp_mono_ns()))
		return false;
	if (rp_request_is_alone(s->request))
		return true;
	return t->kind == RP_TURN_ONE && !rp_turn_is_shared(s) && rp_turn_runs >= RP_RUNS_CALLBACKS;
}

/* Not for ever: who is never done gets its events after a while. */
static bool holds(struct rp_turn *t)
{
	uint64_t now_ns = rp_mono_ns();

	if (!t->held)
		t->held_since_ns = now_ns;
	if (t->held >= RP_HOLD_POLLS || now_ns - t->held_since_ns > RP_HOLD_NS)
		return false;
	t->held++;
	t->back_ns = now_ns;
	return true;
}

static bool has_timer(const struct rp_turn *t)
{
	return t->timer_serial && rp_request_lives(t->timer_request, t->timer_serial) &&
	       rp_request_is_alone(t->timer_request);
}

/* The thread has worked its turn for a request that is alone, and is about to wait, less long
 * than before: a timer has been set, by that request.  All that are due before those that were set
 * when it came are its own. */
static void find_timer(const struct rp_self *s, struct rp_turn *t, uint64_t timeout_ns)
{
	uint64_t now_ns = rp_mono_ns();
	bool works = (s->armed == RP_ARMED || s->armed == RP_ARMED_LIGHT) &&
	             rp_request_is_alone(s->request) && !rp_turn_is_over(s, now_ns) &&
	             !rp_current_is_told(s);

	t->timer_serial = 0;
	if (!works || !t->led || timeout_ns == RP_NEVER || t->due_ns <= now_ns + timeout_ns)
		return;
	t->timer_request = s->request;
	t->timer_serial = s->serial;
	t->others_ns = t->due_ns;
}

/* It is due, or will be in this turn; nothing else that came made the loop work. */
static void take_timer(struct rp_turn *t, bool rang)
{
	struct rp_handoff h = {t->timer_request, t->timer_serial, .by = RP_BY_TIMER};

	if (!has_timer(t))
		return;
	t->rings_ns = t->due_ns ? t->due_ns : 1; /* at once */
	t->due_ns = t->others_ns;
	t->led = rang;
	if (rang)
		rp_current_take(&h);
}

/* There are things left to do: they are for who the thread worked for in a turn that began when
 * nothing was. */
static void find_leader(const struct rp_self *s, struct rp_turn *t)
{
	bool works = (s->armed == RP_ARMED || s->armed == RP_ARMED_LIGHT) &&
	             !rp_turn_is_over(s, rp_mono_ns());

	if (t->kind == RP_TURN_BUSY)
		return;
	t->leader_request = s->request;
	t->leader_serial = works ? s->serial : 0;
}

bool rp_turn_wait(uint64_t timeout_ns, bool may_hold, int *most)
{
	struct rp_self *s = &rp_self;
	struct rp_turn *t = &s->turn;
	/* Who is told by a runtime has no need of it. */
	bool isolates =
	        atomic_load_explicit(&rp_n_live, memory_order_relaxed) && !rp_current_is_told(s);

	rp_node_waits();
	rp_coroutine_loops(s);
	rp_fiber_loops(s);
	if (isolates && *most > 1)
		*most = 1;
	t->fetches = t->ripe && !timeout_ns;
	t->ripe = false;
	if (t->fetches) {
		rp_current_leave();
		return false;
	}
	if (!timeout_ns && isolates && may_hold && holds(t)) {
		if (!goes_on(s))
			rp_current_leave();
		if (!t->looped)
			t->due_ns = RP_NEVER;
		t->looped = true;
		t->later++;
		return true;
	}
	/* Who has rung its own bell does not block either: the bell keeps it from sleeping. */
	bool busy = !timeout_ns || t->rang;

	find_timer(s, t, timeout_ns);
	if (busy)
		find_leader(s, t);
	rp_current_leave();
	s->head_serial = s->tagged = 0;
	t->looped = true;
	t->kind = busy ? RP_TURN_BUSY : RP_TURN_MANY;
	t->rang = false;
	if (timeout_ns) {
		t->held = 0;
		t->due_ns = due_ns(t->back_ns, timeout_ns); /* not before its last poll came back */
	}
	return false;
}

void rp_turn_ripens(int n)
{
	struct rp_turn *t = &rp_self.turn;
	bool could_block = t->kind == RP_TURN_MANY;

	rp_turn_begins(n);
	if (t->kind == RP_TURN_ONE) /* perhaps: that is seen when they are fetched */
		t->kind = RP_TURN_MANY;
	t->ripe = n > 0 && could_block;
	t->lone = n == 1;
}

static void fetched(struct rp_turn *t, int n)
{
	t->fetches = false;
	if (n == 1 && t->lone && t->kind == RP_TURN_MANY)
		t->kind = RP_TURN_ONE;
}

void rp_turn_begins(int n)
{
	struct rp_turn *t = &rp_self.turn;

	if (t->fetches) {
		fetched(t, n);
		return;
	}
	t->back_ns = rp_mono_ns();
	t->number++;
	t->later = 0;
	t->led = t->rung = t->unseen = false;
	t->rings_ns = t->answered_ns = 0;
	if (t->kind != RP_TURN_BUSY)
		t->leader_serial = 0;
	if (n == 1 && t->kind == RP_TURN_MANY)
		t->kind = RP_TURN_ONE;
	take_timer(t, n == 0);
}

/* When it began nobody looked at turns. */
static void look_back(struct rp_turn *t)
{
	t->unseen = false;
	rp_turn_brought(t->set, rp_bell_rings(t->set, t->data));
}

/* All that is done in this turn is for REQUEST, which is alone: the loop slept until its event
 * came, and of what was begun before nothing was left to do.  Who has been answered may have left
 * tasks that go on. */
static bool is_led_by(const struct rp_turn *t, uint32_t request)
{
	if (!t->rung && (t->kind == RP_TURN_ONE || t->kind == RP_TURN_UNSEEN))
		return true;
	return t->leader_serial && t->leader_request == request &&
	       rp_request_lives(request, t->leader_serial);
}

bool rp_turn_leads(uint32_t request)
{
	const struct rp_turn *t = &rp_self.turn;

	return !t->looped || (is_led_by(t, request) && rp_mono_ns() < t->due_ns);
}

static bool allows(uint32_t request, enum rp_source by, bool reads)
{
	struct rp_self *s = &rp_self;
	struct rp_turn *t = &s->turn;
	uint8_t runs = atomic_load_explicit(&rp_turn_runs, memory_order_relaxed);

	if (rp_unlikely(t->unseen))
		look_back(t);
	if (rp_unlikely(t->rings_ns) && request != t->timer_request) {
		t->due_ns = t->rings_ns;
		t->rings_ns = 0;
	}
	if (!t->looped || (by == RP_BY_CLIENT && rp_coroutine_is_here(s)))
		return true;
	if (t->due_ns != RP_NEVER && rp_turn_is_over(s, s->claimed ? s->claimed_ns : rp_mono_ns()))
		return false;
	if ((rp_request_is_alone(request) && is_led_by(t, request)) ||
	    (runs == RP_RUNS_INLINE && !rp_turn_is_shared(s) && t->kind != RP_TURN_BUSY))
		return true;
	if (t->kind != RP_TURN_ONE || rp_turn_is_shared(s) ||
	    (t->rung && (by == RP_BY_CLIENT || by == RP_BY_UPSTREAM)))
		return false;
	return runs == RP_RUNS_CALLBACKS || (runs == RP_RUNS_TASKS && by == RP_BY_CLIENT && reads);
}

static bool judged(bool ok, uint32_t request, bool reads)
{
	if (ok && reads && rp_self.turn.kind == RP_TURN_ONE)
		rp_self.turn.led = true;
	if (!ok && request < RP_MAX_REQUESTS)
		atomic_fetch_add_explicit(&rp_requests[request].unsure, 1, memory_order_relaxed);
	return ok;
}

bool rp_turn_allows(uint32_t request, enum rp_source by, bool reads)
{
	return judged(allows(request, by, reads), request, reads);
}

bool rp_turn_is_guest(bool watched)
{
	struct rp_self *s = &rp_self;

	return !s->turn.looped && !rp_coroutine_is_here(s) &&
	       rp_executor_is(s, watched || s->turn.polls || rp_unseen_waits());
}

bool rp_turn_allows_client(uint32_t request, bool watched, bool reads)
{
	struct rp_self *s = &rp_self;

	if (rp_fiber_is_guest())
		return judged(rp_fiber_takes(s, request), request, reads);
	rp_fiber_over(s);
	bool guest = rp_turn_is_guest(watched);
	bool shared = rp_turn_is_shared(s) && !rp_coroutine_is_here(s);

	s->lone =
	        (guest || shared) && rp_request_is_alone(request) && !(guest && rp_unseen_waits());
	return judged(guest ? s->lone : allows(request, RP_BY_CLIENT, reads), request, reads);
}
