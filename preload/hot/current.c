/* current.c - see current.h: opens and closes the segments of a thread.
 *
 * Room: hot.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/current.h"

#include <string.h>
#include "preload/hot/blame.h"
#include "preload/hot/clock.h"
#include "preload/hot/conn.h"
#include "preload/hot/coroutine.h"
#include "preload/hot/fiber.h"
#include "preload/hot/mask.h"
#include "preload/hot/request.h"
#include "preload/hot/sampler.h"
#include "preload/hot/seat.h"
#include "preload/hot/sys.h"
#include "preload/hot/turn.h"
#include "preload/place.h"

_Thread_local struct rp_self rp_self;

static void open_segment(struct rp_self *s, struct rp_track *t, uint64_t now_ns, uint64_t cpu_ns)
{
	struct rp_usage u;

	rp_sampler_usage(&u);
	s->track = t;
	s->track_gen = atomic_load(&t->hold) >> 2;
	s->mono_mark_ns = now_ns;
	s->begin_cpu_ns = s->cpu_mark_ns = cpu_ns;
	s->begin_minor = u.minor_faults;
	s->begin_major = u.major_faults;
	s->begin_voluntary = s->voluntary_mark = u.switches_voluntary;
	s->begin_forced = u.switches_forced;
	s->handler_ns = s->hooks_ns = s->ticks = 0;
	s->asked = 0;
	s->heir = false;
	memset(t->shorts, 0, sizeof(t->shorts));
	memset(t->calls, 0, sizeof(t->calls));
	t->upstreams = 0;
}

static _Atomic uint32_t off; /* sources that were wrong once */

uint32_t rp_current_off(void)
{
	return atomic_load_explicit(&off, memory_order_relaxed);
}

void rp_current_disbelieve(enum rp_source by)
{
	atomic_fetch_or_explicit(&off, 1u << by, memory_order_relaxed);
}

void rp_current_check(uint32_t request, uint32_t serial)
{
	struct rp_self *s = &rp_self;

	if (s->armed != RP_ARMED || s->by == RP_BY_CLIENT || s->rests_ns ||
	    s->request >= RP_MAX_REQUESTS)
		return;
	struct rp_request *r = &rp_requests[s->request];

	if (serial && rp_current_works(request, serial)) {
		atomic_fetch_add_explicit(&r->agreed, 1, memory_order_relaxed);
		return;
	}
	atomic_fetch_add_explicit(&r->contradicted, 1, memory_order_relaxed);
	rp_current_disbelieve(s->by);
}

static void push_handoff(struct rp_track *t, const struct rp_handoff *h)
{
	struct rp_note_handoff n = {h->by, h->tid, h->at_ns};

	rp_track_push(t, RP_NOTE_HANDOFF, &n, sizeof(n), NULL, 0, NULL, 0);
}

/* Of a client that was said already (rp_turn_allows_client). */
static bool is_for_who_is_alone(const struct rp_self *s, enum rp_source by)
{
	if (by == RP_BY_CLIENT || s->coroutine.found)
		return s->lone;
	return (by == RP_BY_UPSTREAM || by == RP_BY_TIMER) && rp_turn_is_shared(s);
}

/* By something else than its client's bytes: a fiber may take the job, or read the message, of the
 * one that goes on next. */
static bool is_for_another(const struct rp_handoff *h)
{
	return h->by != RP_BY_CLIENT && h->by != RP_BY_RUNTIME && rp_fiber_is_guest() &&
	       !rp_request_is_alone(h->request);
}

void rp_current_take(const struct rp_handoff *h)
{
	struct rp_self *s = &rp_self;

	if (is_for_another(h) || (s->armed && rp_fiber_is_left()))
		rp_current_leave();
	if (is_for_another(h))
		return;
	if (h->by != RP_BY_CLIENT)
		rp_fiber_over(s);
	rp_current_go_on(h);
}

void rp_current_go_on(const struct rp_handoff *h)
{
	struct rp_self *s = &rp_self;
	uint32_t request = h->request, serial = h->serial;

	if (request >= RP_REQUEST_FLIGHTS) {
		rp_seat_enter(request, serial);
		s->lone = is_for_who_is_alone(s, h->by);
		rp_coroutine_takes(s, h->by);
		return;
	}
	if (s->armed == RP_ARMED && s->request == request && s->serial == serial) {
		if (h->by < s->by)
			s->by = h->by;
		if (!s->coroutine.own)
			rp_coroutine_takes(s, h->by);
		return;
	}
	if (s->ours || s->moving || !rp_conn_own_process())
		return;
	rp_current_leave();
	if (s->wait || (h->by != RP_BY_CLIENT && rp_current_off() & 1u << h->by))
		return;
	s->moving = true;
	if (!s->tid)
		s->tid = (uint32_t)rp_sys(SYS_gettid, 0);
	uint64_t now_ns = rp_mono_ns(), cpu_ns = rp_cpu_ns();

	if (s->gate_serial == serial) { /* it begins where the gate let it in, here and now */
		now_ns = s->gate_ns;
		cpu_ns = s->gate_cpu_ns;
	}
	s->gate_serial = 0;
	struct rp_track *t = rp_track_claim(request, serial, s->tid, now_ns);

	if (!t) {
		rp_request_drop(&rp_requests[request], RP_DROP_no_track, 1);
		s->moving = false;
		return;
	}
	s->request = request;
	s->serial = serial;
	s->by = h->by;
	s->queue = h->queue;
	s->lone = is_for_who_is_alone(s, h->by);
	s->gave = false;
	rp_coroutine_takes(s, h->by);
	open_segment(s, t, now_ns, cpu_ns);
	if (h->tid && h->tid != s->tid)
		push_handoff(t, h);
	/* First: with a seat the thread's segments are numbered on from whoever sat there, and the
	 * timer bears the number of this one. */
	if (rp_requests[request].flight_serial)
		rp_seat_show(s, rp_requests[request].flight, rp_requests[request].flight_serial);
	rp_sampler_arm(s);
	s->hooks_ns = rp_mono_ns() - now_ns;
	s->moving = false;
	/* Our thread looks at this one's run queue time: soon, where it has been the first. */
	if (!atomic_exchange_explicit(&rp_requests[request].met, true, memory_order_relaxed))
		rp_track_glimpse();
}

void rp_current_offer(const struct rp_handoff *h)
{
	struct rp_self *s = &rp_self;
	bool lives = h->serial && rp_request_lives(h->request, h->serial);
	bool lent =
	        !s->armed || s->by == RP_BY_QUEUE || s->by == RP_BY_PIPE || s->by == RP_BY_CREATOR;

	if (lives && rp_current_works(h->request, h->serial))
		return;
	if (lives && lent)
		rp_current_take(h);
	else if (lent || (s->gave && !rp_current_is_told(s)))
		rp_current_leave();
}

/* The end of the segment in numbers; its sums were kept by the sampler and the waits. */
static void push_end(struct rp_self *s, uint64_t now_ns, uint64_t cpu_ns)
{
	struct rp_note_end end;
	struct rp_usage u;

	rp_sampler_usage(&u);
	end.end_ns = now_ns;
	end.cpu_ns = cpu_ns - s->begin_cpu_ns;
	end.minor_faults = (uint64_t)(u.minor_faults - s->begin_minor);
	end.major_faults = (uint64_t)(u.major_faults - s->begin_major);
	end.switches_voluntary = (uint64_t)(u.switches_voluntary - s->begin_voluntary);
	end.switches_forced = (uint64_t)(u.switches_forced - s->begin_forced);
	end.switches_life = (uint64_t)(u.switches_voluntary + u.switches_forced);
	end.handler_ns = s->handler_ns;
	end.ticks = s->ticks;
	end.hooks_ns = s->hooks_ns;
	end.upstreams = s->track->upstreams;
	end.period_ns = s->period_ns;
	memcpy(end.shorts, s->track->shorts, sizeof(end.shorts));
	memcpy(end.calls, s->track->calls, sizeof(end.calls));
	rp_track_push(s->track, RP_NOTE_END, &end, sizeof(end), NULL, 0, NULL, 0);
}

/* What a loop's thread did since a timer may have been due is nobody's. */
static void clip(const struct rp_self *s, uint64_t *now_ns, uint64_t *cpu_ns)
{
	uint64_t due_ns = rp_turn_end_ns(s);

	if (due_ns < s->mono_mark_ns)
		due_ns = s->mono_mark_ns;
	if (due_ns >= *now_ns)
		return;
	uint64_t over_ns = *now_ns - due_ns, ran_ns = *cpu_ns - s->cpu_mark_ns;

	*cpu_ns -= over_ns < ran_ns ? over_ns : ran_ns;
	*now_ns = due_ns;
}

/* Both clocks are of one moment: the cost of what follows is in neither.  A track that the drain
 * took away while this thread slept is not ours to write or to give back. */
static void leave(struct rp_self *s, uint64_t now_ns, uint64_t cpu_ns)
{
	struct rp_track *t = s->track;
	bool ours = t && rp_track_unpark(t, s->track_gen), over = s->armed == RP_ARMED_OVER;

	s->moving = true;
	rp_sampler_disarm(s);
	if (ours && !over) {
		clip(s, &now_ns, &cpu_ns);
		rp_sampler_edge(s, RP_EDGE_END, now_ns);
		push_end(s, now_ns, cpu_ns);
	}
	rp_fiber_over(s);
	s->track = NULL;
	s->wait = NULL;
	s->paused = false;
	s->rests_ns = 0;
	rp_blame_forget(s);
	if (s->seat)
		rp_seat_hide(s);
	if (ours)
		atomic_store_explicit(&t->state, RP_TRACK_CLOSED, memory_order_release);
	s->moving = false;
}

/* A child of vfork shares our memory, but not our timers: there the thread stays what it is. */
void rp_current_leave_armed(void)
{
	if (rp_self.armed == RP_ARMED_LIGHT) {
		if (!rp_self.moving)
			rp_seat_leave(&rp_self, true);
		return;
	}
	uint64_t now_ns = rp_mono_ns(), cpu_ns = rp_cpu_ns();

	if (!rp_self.moving && rp_conn_own_process())
		leave(&rp_self, now_ns, cpu_ns);
}

void rp_current_over(uint32_t slot, uint32_t serial, enum rp_end_how how)
{
	if (slot >= RP_REQUEST_FLIGHTS) {
		rp_flight_over(slot, serial, how);
		return;
	}
	uint64_t now_ns = rp_mono_ns(), cpu_ns = rp_self.armed ? rp_cpu_ns() : 0;

	if (atomic_load(&rp_requests[slot].serial) != serial)
		return; /* the drain cut it, and the slot is another's */
	rp_request_end(&rp_requests[slot], how, now_ns);
	if (rp_current_is(slot, serial) && !rp_self.moving)
		leave(&rp_self, now_ns, cpu_ns);
	rp_track_wake();
}

void rp_current_cut(struct rp_self *s, uint64_t end_ns, uint64_t cpu_ns)
{
	s->armed = RP_ARMED_OVER;
	rp_sampler_stop(s);
	if (rp_track_unpark(s->track, s->track_gen))
		push_end(s, end_ns, cpu_ns);
}

/* Found by a tick: the thread may have run for others since, at most a period. */
void rp_current_over_in_handler(struct rp_self *s, uint64_t now_ns)
{
	uint64_t over_ns = rp_request_over_ns(s->request, s->serial), cpu_ns = rp_cpu_ns();
	uint64_t due_ns = rp_turn_end_ns(s);

	if (now_ns >= due_ns && due_ns < over_ns)
		over_ns = due_ns > s->mono_mark_ns ? due_ns : s->mono_mark_ns;
	if (over_ns < now_ns) {
		uint64_t since_ns = now_ns - over_ns, ran_ns = cpu_ns - s->cpu_mark_ns;

		cpu_ns -= since_ns < ran_ns ? since_ns : ran_ns;
		now_ns = over_ns;
	}
	rp_current_cut(s, now_ns, cpu_ns);
}

void rp_current_thread_ends(void)
{
	if (rp_self.wait)
		rp_self.wait = NULL;
	rp_current_leave();
	rp_seat_free(&rp_self);
}

RP_EARLY void rp_current_forked(void)
{
	struct rp_self *s = &rp_self;

	rp_seat_forked(s);
	if (s->armed && s->host_blocks)
		rp_sigmask(SIG_BLOCK, rp_sigbit(rp_mask_signal()));
	s->armed = 0;
	s->rests_ns = 0;
	s->moving = false;
	s->track = NULL;
	s->wait = NULL;
	s->tid = 0;
	s->timer_made = false;
}
