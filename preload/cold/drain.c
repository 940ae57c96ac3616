/* drain.c - see drain.h.  Room: cold.  SPDX-License-Identifier: MIT */
#include "preload/cold/drain.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/prctl.h>
#include "preload/cold/answers.h"
#include "preload/cold/caught.h"
#include "preload/cold/comm.h"
#include "preload/cold/delay.h"
#include "preload/cold/flights.h"
#include "preload/cold/log.h"
#include "preload/cold/maker.h"
#include "preload/cold/modules.h"
#include "preload/cold/python.h"
#include "preload/cold/refusals.h"
#include "preload/cold/retention.h"
#include "preload/cold/runtimes.h"
#include "preload/cold/sandboxed.h"
#include "preload/cold/session.h"
#include "preload/cold/table.h"
#include "preload/cold/thread.h"
#include "preload/cold/unwinder.h"
#include "preload/cold/watch.h"
#include "preload/hot/self.h"
#include "preload/hot/clock.h"
#include "preload/hot/conn_cut.h"
#include "preload/hot/conn_slot.h"
#include "preload/hot/current.h"
#include "preload/hot/drops.h"
#include "preload/hot/flight.h"
#include "preload/hot/peer.h"
#include "preload/hot/refusal.h"
#include "preload/hot/sys.h"
#include "preload/real.h"
#include "preload/settings.h"

enum { STATE_NONE, STATE_STARTING, STATE_RUNS };
enum { FLUSH_NS = 200000000, GRACE_NS = 200000000, STACK_BYTES = 256 << 10 };
enum { TURN_NS = RP_DRAIN_MS * 1000000, SOON_NS = 500000 };

static _Atomic uint32_t state;
static _Atomic bool leaving; /* the process ends: nobody gets more time */

/* A track whose thread has left and which is empty goes back. */
static void free_track(struct rp_track *t)
{
	rp_delay_forget(t);
	t->request = 0;
	atomic_store_explicit(&t->state, RP_TRACK_FREE, memory_order_release);
}

/* CLOSED is looked at before the ring: what was pushed before closing is then visible. */
static void drain_track(struct rp_track *t)
{
	uint32_t request = __atomic_load_n(&t->request, __ATOMIC_ACQUIRE);
	uint32_t track_state = atomic_load_explicit(&t->state, memory_order_acquire);
	const struct rp_note *note;

	if (!request || track_state == RP_TRACK_FREE)
		return;
	bool known = atomic_load(&rp_requests[request - 1].serial) == t->serial;

	while ((note = rp_track_peek(t))) {
		if (known)
			rp_session_note(rp_session_of(request - 1), t, note);
		rp_track_take(t, note);
	}
	if (track_state == RP_TRACK_CLOSED) {
		if (known)
			rp_session_left(rp_session_of(request - 1), t);
		free_track(t);
	} else {
		rp_delay_look(t, true);
	}
}

static void drain_tracks(void)
{
	for (unsigned i = 0; i < atomic_load(&rp_tracks_used); i++)
		drain_track(&rp_tracks[i]);
}

/* Before anything that takes time: the sooner after a segment's begin, the truer. */
static void look_at_new_tracks(void)
{
	for (unsigned i = 0; i < atomic_load(&rp_tracks_used); i++)
		if (__atomic_load_n(&rp_tracks[i].request, __ATOMIC_ACQUIRE) &&
		    atomic_load(&rp_tracks[i].state) == RP_TRACK_OPEN)
			rp_delay_look(&rp_tracks[i], false);
}

static void drain_awaits(void)
{
	for (unsigned i = 0; i < RP_MAX_AWAITS; i++) {
		struct rp_await *a = &rp_awaits[i];

		if (atomic_load_explicit(&a->state, memory_order_acquire) != RP_AWAIT_FULL)
			continue;
		if (atomic_load(&rp_requests[a->request].serial) == a->serial)
			rp_session_await(rp_session_of(a->request), a);
		atomic_store_explicit(&a->state, RP_AWAIT_FREE, memory_order_release);
	}
}

/* Threads that still work for an ended request: they get a moment to say their last numbers. */
static unsigned tracks_open(uint32_t index, uint32_t serial)
{
	unsigned n = 0;

	for (unsigned i = 0; i < atomic_load(&rp_tracks_used); i++)
		if (__atomic_load_n(&rp_tracks[i].request, __ATOMIC_ACQUIRE) == index + 1 &&
		    rp_tracks[i].serial == serial &&
		    atomic_load(&rp_tracks[i].state) != RP_TRACK_FREE)
			n++;
	return n;
}

static void cut_tracks(struct rp_session *s, uint32_t index, uint32_t serial)
{
	for (unsigned i = 0; i < atomic_load(&rp_tracks_used); i++)
		if (__atomic_load_n(&rp_tracks[i].request, __ATOMIC_ACQUIRE) == index + 1 &&
		    rp_tracks[i].serial == serial &&
		    atomic_load(&rp_tracks[i].state) == RP_TRACK_OPEN) {
			rp_session_cut(s, &rp_tracks[i]);
			if (rp_track_take_parked(&rp_tracks[i]))
				free_track(&rp_tracks[i]);
		}
}

static void tend(uint32_t index, uint64_t now_ns, bool flush)
{
	struct rp_request *r = &rp_requests[index];
	char name[RP_NAME_MAX];
	uint32_t request_state = atomic_load(&r->state), serial = atomic_load(&r->serial);

	if (request_state == RP_REQUEST_FREE || request_state == RP_REQUEST_CLAIMED)
		return;
	if (request_state == RP_REQUEST_LIVE && now_ns > r->claimed_ns + rp_settings.max_ns) {
		rp_drop(RP_DROP_over_seconds);
		rp_request_end(r, RP_END_LIMIT, now_ns);
	}
	struct rp_session *s = rp_session_of(index);

	bool ended = atomic_load(&r->state) == RP_REQUEST_ENDED;
	uint64_t over_ns = now_ns - atomic_load(&r->course.last_byte_ns);

	if (!ended ||
	    (tracks_open(index, serial) && (int64_t)over_ns < GRACE_NS && !atomic_load(&leaving))) {
		/* What there is of it would be there if the process were killed now. */
		flush ? rp_session_flush(s) : rp_session_push(s);
		return;
	}
	cut_tracks(s, index, serial);
	rp_session_finish(s, name);
	if (r->mode == RP_MODE_TERM && name[0])
		rp_maker_term(name);
	rp_request_free(r);
	rp_answers_written(index, serial, name);
}

/* Asked while something is recorded: the kinds of all descriptors are looked through. */
static void tell_in_flight(void)
{
	unsigned n = atomic_load(&rp_n_requests) ? rp_conn_in_flight(UINT_MAX) : 0;

	for (uint32_t i = 0; n && i < RP_MAX_REQUESTS; i++)
		if (atomic_load(&rp_requests[i].state) >= RP_REQUEST_LIVE)
			rp_session_in_flight(rp_session_of(i), n);
}

/* All that is flagged.  False: there was nothing. */
static bool turn(uint64_t *flushed_ns)
{
	uint64_t now_ns = rp_mono_ns();
	bool flush = now_ns - *flushed_ns > FLUSH_NS, busy = false;

	look_at_new_tracks();
	tell_in_flight();
	rp_modules_refresh();
	rp_runtimes_look();
	rp_python_look();
	rp_unwinder_refresh();
	drain_tracks();
	drain_awaits();
	for (uint32_t i = 0; i < RP_MAX_REQUESTS; i++) {
		uint32_t was = atomic_load(&rp_requests[i].state);

		busy |= was != RP_REQUEST_FREE;
		tend(i, now_ns, flush);
		if (was == RP_REQUEST_ENDED) /* a file was written, and loops begin segments all the
		                                time */
			drain_tracks();
	}
	rp_cut_ends(now_ns);
	if (flush)
		*flushed_ns = now_ns;
	return busy;
}

static void nap(uint32_t bell, uint64_t ns)
{
	struct timespec t = rp_timespec(ns);

	rp_sys(SYS_futex, &rp_track_bell, FUTEX_WAIT_PRIVATE, bell, ns == RP_NEVER ? 0 : &t);
}

static bool anything_taken(void)
{
	for (unsigned i = 0; i < RP_MAX_FLIGHTS / 64; i++)
		if (atomic_load(&rp_flights_taken[i]))
			return true;
	return false;
}

/* Until somebody begins a request.  Said first, then looked at once more: whoever begins one in
 * between sees that we sleep, or is seen here. */
static void sleep_on(uint32_t bell)
{
	atomic_store(&rp_flight_asleep, 1);
	if (!anything_taken() && !atomic_load(&rp_n_requests) && !rp_refusal_is_due())
		nap(bell, RP_NEVER);
	atomic_store(&rp_flight_asleep, 0);
}

/* NONE first, then a last look: a request flagged meanwhile either sees NONE and starts another
 * thread, or is seen here. */
static bool may_end(void)
{
	uint32_t none = STATE_NONE;

	atomic_store(&state, STATE_NONE);
	if (!atomic_load(&rp_n_requests) && !rp_refusal_is_due())
		return true;
	return !atomic_compare_exchange_strong(&state, &none, STATE_RUNS);
}

/* True: it may step back. */
static bool begin(void)
{
	atomic_store(&rp_flight_asleep, 0);
	rp_self.ours = true;
	if (atomic_load(&rp_n_requests)) /* a line in the log is no reason */
		rp_python_hurry();
	bool own = rp_table_own();

	if (!own) {
		rp_session_refuse();
		rp_modules_blind();
	}
	rp_delay_reset(own);
	rp_comm_reset(own);
	bool sandboxed = own && rp_sandboxed() != RP_SANDBOX_NONE;

	if (own)
		rp_flights_make();
	else
		rp_flight_stop();
	rp_sys(SYS_prctl, PR_SET_NAME, "reqprof");
	return own && !sandboxed;
}

/* Of requests that nobody flagged one may have to be sampled. */
static uint64_t nap_ns(uint64_t due_ns)
{
	uint64_t usual_ns = TURN_NS, now_ns = rp_mono_ns();

	if (due_ns && due_ns < now_ns + usual_ns)
		usual_ns = due_ns > now_ns ? due_ns - now_ns : 1;
	return rp_flight_keeps && rp_settings.slow_interval_ns < usual_ns
	               ? rp_settings.slow_interval_ns
	               : usual_ns;
}

/* When, by what rang since: at once when a request is over, and soon after one began, which may be
 * over by then: its file is made and written at one go.  Its thread is looked at now. */
struct pace {
	uint32_t wakes, rung;
	uint64_t due_ns;
	bool steps_back; /* that is yet to be done */
};

static bool is_due(struct pace *p, uint32_t bell, uint64_t now_ns)
{
	uint32_t wakes = atomic_load(&rp_track_wakes);

	if (wakes == p->wakes && now_ns < p->due_ns) {
		if (bell != p->rung) {
			look_at_new_tracks();
			if (p->due_ns > now_ns + SOON_NS)
				p->due_ns = now_ns + SOON_NS;
		}
		p->rung = bell;
		return false;
	}
	p->wakes = wakes;
	p->rung = bell;
	return true;
}

/* True: there is something flagged.  The next turn is due some time after this one: who takes long
 * leaves the host its processors in between. */
static bool turn_over(struct pace *p, uint64_t *flushed_ns)
{
	bool busy = turn(flushed_ns);

	if (p->steps_back) /* samples need less room with the tables that it has made now */
		rp_thread_steps_back();
	p->steps_back = false;
	p->due_ns = rp_mono_ns() + TURN_NS;
	return busy;
}

/* What is flagged is looked at every RP_DRAIN_MS, or when the bell rings; what is not, at each
 * look. */
static void *run(void *arg)
{
	uint64_t flushed_ns = rp_mono_ns(), busy_ns = flushed_ns;

	(void)arg;
	struct pace pace = {.steps_back = begin()};
	/* A request: a line in the log alone is no reason to look at the host. */
	bool met = rp_flight_keeps;

	for (;;) {
		uint32_t bell = atomic_load(&rp_track_bell);
		uint64_t now_ns = rp_mono_ns();

		rp_refusals_tell();
		met = met || atomic_load(&rp_n_requests);
		if (met && is_due(&pace, bell, now_ns) && turn_over(&pace, &flushed_ns))
			busy_ns = rp_mono_ns();
		if (rp_watch_turn(now_ns))
			busy_ns = now_ns;
		rp_retention_turn(now_ns);
		bool idle = rp_mono_ns() - busy_ns > RP_IDLE_MS * 1000000ull;

		if (idle)
			rp_session_rest();
		if (idle && !rp_flight_keeps && may_end())
			return NULL;
		if (idle && rp_flight_keeps) {
			sleep_on(bell);
			busy_ns = rp_mono_ns();
		} else {
			nap(bell, nap_ns(pace.due_ns));
		}
	}
}

static bool spawn(void)
{
	int error = rp_thread_start(run, NULL, STACK_BYTES);

	if (error)
		rp_log("our thread cannot be started: ", rp_log_error(error),
		       "; the request is not recorded", NULL);
	return !error;
}

bool rp_drain_start(void)
{
	uint32_t none = STATE_NONE;

	if (!atomic_compare_exchange_strong(&state, &none, STATE_STARTING)) {
		if (atomic_load(&rp_flight_asleep))
			rp_track_wake();
		return true; /* it runs, or another thread is starting it */
	}
	uint32_t starting = STATE_STARTING;
	int host_errno = errno;
	bool ok = spawn();

	/* The thread may have found nothing to do and be gone by now. */
	atomic_compare_exchange_strong(&state, &starting, ok ? STATE_RUNS : STATE_NONE);
	errno = host_errno;
	return ok;
}

/* What is being recorded ends with the process: this thread's part, and what others told. */
static void end_all(void)
{
	uint64_t now_ns = rp_mono_ns();

	atomic_store(&leaving, true);
	rp_retention_hurry();
	rp_caught_hurry();
	rp_current_leave();
	rp_watch_end();
	for (unsigned i = 0; i < RP_MAX_REQUESTS; i++)
		if (atomic_load(&rp_requests[i].state) == RP_REQUEST_LIVE)
			rp_request_end(&rp_requests[i], RP_END_CLOSED, now_ns);
}

RP_EARLY void rp_drain_settle(void)
{
	/* A vfork child shares our memory but not our thread's work: it must not wait for it. */
	if (!atomic_load(&rp_followed) ||
	    atomic_load(&rp_conn_pid) != (uint32_t)rp_sys(SYS_getpid, 0))
		return;
	end_all();
	for (unsigned ms = 0; ms < RP_EXIT_WAIT_MS; ms += 2) {
		struct timespec t = {0, 2000000};

		if ((!atomic_load(&rp_n_requests) && !atomic_load(&rp_flights_kept)) ||
		    atomic_load(&state) == STATE_NONE)
			break;
		rp_track_wake();
		rp_sys(SYS_nanosleep, &t, 0);
	}
	rp_flights_remove();
	rp_answers_settle();
}

RP_EARLY void rp_drain_forked(void)
{
	atomic_store(&state, STATE_NONE);
	atomic_store(&leaving, false);
	rp_session_forked();
	rp_answers_forked();
	rp_maker_forked();
	rp_flights_forked();
	rp_watch_forked();
	rp_delay_reset(false);
	rp_modules_forked();
	rp_unwinder_forked();
}
