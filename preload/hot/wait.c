/* wait.c - see wait.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/wait.h"

#include <string.h>
#include "preload/hot/blame.h"
#include "preload/hot/capture.h"
#include "preload/hot/carrier.h"
#include "preload/hot/clock.h"
#include "preload/hot/conn.h"
#include "preload/hot/coroutine.h"
#include "preload/hot/current.h"
#include "preload/hot/drops.h"
#include "preload/hot/executor.h"
#include "preload/hot/heir.h"
#include "preload/hot/mask.h"
#include "preload/hot/object.h"
#include "preload/hot/request.h"
#include "preload/hot/sampler.h"
#include "preload/hot/seat.h"
#include "preload/hot/sofar.h"
#include "preload/hot/sys.h"
#include "preload/hot/turn.h"

enum { SAME_STACK_BYTES = 1 << 20 };

/* Otherwise its frame is gone: longjmp left it.  On another stack (altstack, coroutine) nothing can
 * be told: we behave as if it were alive. */
bool rp_wait_is_inside(const struct rp_self *s, const void *here)
{
	uintptr_t was = (uintptr_t)s->wait, now = (uintptr_t)here;

	if (now < s->stack_lo - SAME_STACK_BYTES || now >= s->stack_hi || was >= s->stack_hi)
		return true;
	return now < was && s->wait->number == s->wait_number;
}

/* Inside a real wait our signal is blocked: where it is not, the record is stale for certain.
 * Where it is, the call stays masked whatever the guess is. */
static bool inside(const struct rp_self *s, const void *here)
{
	int sig = rp_mask_signal();

	if (sig && !s->paused && !(rp_sigmask(SIG_BLOCK, 0) & rp_sigbit(sig)))
		return false;
	return rp_wait_is_inside(s, here);
}

/* The thread left a wait by longjmp: what it waited is known, where it was is not. */
static void abandoned(struct rp_self *s)
{
	s->wait = NULL;
	s->voluntary_mark = -1;
	rp_blame_forget(s);
	if (s->paused && s->armed == RP_ARMED)
		rp_sampler_resume(s);
	s->paused = false;
	if (rp_mask_signal() && s->armed == RP_ARMED)
		rp_sigmask(SIG_UNBLOCK, rp_sigbit(rp_mask_signal()));
}

/* False: the call is not ours to record. */
static bool may_record(struct rp_self *s, const struct rp_wait *w, const struct rp_waited *what)
{
	if (s->wait && inside(s, w))
		return false;
	if (s->wait)
		abandoned(s);
	if (s->armed == RP_ARMED_OVER || (s->armed && s->heir && rp_heir_ends(what)) ||
	    rp_executor_parks(s, what) || rp_carrier_is_done(s, what) ||
	    rp_coroutine_is_left(s, (uint64_t)(uintptr_t)w) ||
	    (s->armed && rp_turn_is_over(s, rp_mono_ns())))
		rp_current_leave();
	return s->armed == RP_ARMED;
}

static void prepare(struct rp_self *s, struct rp_wait *w, const struct rp_waited *what, uint8_t on)
{
	w->on = on;
	w->what = *what;
	w->tick = s->tick;
	w->number = ++s->wait_number;
	w->host_blocks = s->host_blocks;
	w->moved_bytes = 0;
}

static void begin(struct rp_self *s, struct rp_wait *w)
{
	w->cpu_ns = rp_cpu_ns();
	w->at_ns = rp_mono_ns();
	w->slept = rp_sampler_slept(s, w->at_ns, w->cpu_ns);
	atomic_store_explicit(&s->track->wait_kind, w->what.kind, memory_order_relaxed);
	atomic_store_explicit(&s->track->wait_cpu_ns, w->cpu_ns - s->begin_cpu_ns,
	                      memory_order_relaxed);
	atomic_store_explicit(&s->track->wait_at_ns, w->at_ns, memory_order_release);
	if (rp_unlikely(s->seat))
		rp_seat_waits(s, &w->what, w->at_ns);
}

void rp_wait_begin(struct rp_wait *w, const struct rp_waited *what)
{
	struct rp_self *s = &rp_self;
	int sig = rp_mask_signal();

	w->on = RP_WAIT_OFF;
	if (s->armed == RP_ARMED_LIGHT) {
		rp_seat_wait_begin(s, w, what);
		return;
	}
	uint64_t entered_ns = rp_mono_ns();

	if (!may_record(s, w, what))
		return;
	prepare(s, w, what, RP_WAIT_MASKED);
	/* Before the mask: a handler of the host that waits in between must not take it away. */
	s->wait = w;
	if (sig)
		rp_sigmask(SIG_BLOCK, rp_sigbit(sig));
	begin(s, w);
	s->hooks_ns += w->at_ns - entered_ns;
	rp_track_park(s->track, s->track_gen);
}

void rp_wait_begin_paused(struct rp_wait *w, const struct rp_waited *what)
{
	struct rp_self *s = &rp_self;

	w->on = RP_WAIT_OFF;
	if (s->armed == RP_ARMED_LIGHT) {
		rp_seat_wait_begin(s, w, what);
		return;
	}
	if (!may_record(s, w, what))
		return;
	prepare(s, w, what, RP_WAIT_PAUSED);
	s->wait = w;
	s->paused = true;
	rp_sampler_pause(s);
	begin(s, w);
}

static void record(struct rp_self *s, const struct rp_wait *w, uint64_t span_ns, uint64_t cpu_ns)
{
	struct rp_note_wait n = {
	        .at_ns = w->at_ns, .span_ns = span_ns, .cpu_ns = cpu_ns, .kind = w->what.kind};
	struct rp_waited what = w->what;
	struct rp_regs regs;

	rp_sofar_add_wait(s->request, w->what.kind, span_ns, cpu_ns);
	if (span_ns < RP_WAIT_SHORT_NS) {
		struct rp_rec_short_waits *sum = &s->track->shorts[w->what.kind];

		sum->kind = w->what.kind;
		sum->count++;
		sum->span_ns += span_ns;
		sum->cpu_ns += cpu_ns;
		return;
	}
	if (what.fd >= 0 && what.kind != RP_WAIT_CONNECT)
		what.n = span_ns > cpu_ns ? span_ns - cpu_ns : 0;
	n.n_object = (uint32_t)rp_object_name(n.object, sizeof(n.object), &what, s->request);
	rp_regs_here(&regs);
	if (!rp_capture_push(s, RP_NOTE_WAIT, &n, sizeof(n), &regs, RP_CAPTURE_SYNC))
		rp_request_drop(&rp_requests[s->request], RP_DROP_lost_waits, 1);
	else if (w->what.blame)
		rp_blame_tell(s, w->what.blame, w->at_ns);
}

static bool is_socket(int fd)
{
	int type;
	socklen_t n = sizeof(type);

	return rp_sys(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0;
}

/* Bytes that go out on a socket which is no client's, and then some that come in on it: another
 * server was asked and has answered. */
static void count_upstream(struct rp_self *s, const struct rp_wait *w)
{
	enum rp_wait_kind kind = w->what.kind;
	uint32_t fd = (uint32_t)w->what.fd + 1;

	if (kind == RP_WAIT_WRITE || kind == RP_WAIT_SEND || kind == RP_WAIT_SENDFILE) {
		s->asked = rp_conn_kind(w->what.fd) == RP_FD_CONN ? 0 : fd;
	} else if (fd == s->asked && (kind == RP_WAIT_READ || kind == RP_WAIT_RECV)) {
		s->asked = 0;
		s->track->upstreams += is_socket(w->what.fd);
	}
}

static void count(struct rp_self *s, const struct rp_wait *w)
{
	struct rp_calls *calls = &s->track->calls[w->what.kind];

	calls->count++;
	calls->bytes += w->moved_bytes;
	if (w->moved_bytes)
		count_upstream(s, w);
}

/* A call on a descriptor that was only preempted is no wait: what it took is the next tick's,
 * which is due. */
static bool only_preempted(const struct rp_self *s, const struct rp_wait *w, uint64_t span_ns,
                           uint64_t cpu_ns)
{
	return w->on == RP_WAIT_MASKED && w->what.fd >= 0 && s->timer_made &&
	       rp_sampler_preempted(s, span_ns, cpu_ns, w->slept);
}

/* The tick that came due meanwhile is dropped: the wait is recorded whole. */
static void unmask(void)
{
	int sig = rp_mask_signal();
	struct timespec now = {0, 0};
	uint64_t set;

	if (!sig)
		return;
	set = rp_sigbit(sig);
	rp_sys(SYS_rt_sigtimedwait, &set, 0, &now, sizeof(set));
	rp_sigmask(SIG_UNBLOCK, set);
}

/* The request ended on another thread while this one waited for it: what was waited since is
 * nobody's, and the segment ends with the request.  False: it goes on. */
static bool outlived(struct rp_self *s, const struct rp_wait *w)
{
	uint64_t over_ns;

	if (s->armed != RP_ARMED || rp_request_lives(s->request, s->serial))
		return false;
	over_ns = rp_request_over_ns(s->request, s->serial);
	if (over_ns != RP_NEVER && over_ns > w->at_ns)
		record(s, w, over_ns - w->at_ns, 0);
	rp_current_cut(s, over_ns > w->at_ns ? over_ns : w->at_ns, w->cpu_ns);
	return true;
}

void rp_wait_end(struct rp_wait *w)
{
	struct rp_self *s = &rp_self;

	if (w->on == RP_WAIT_LIGHT) {
		rp_seat_wait_end(s, w);
		return;
	}
	uint64_t ended_ns = rp_mono_ns(), span_ns = ended_ns - w->at_ns;
	uint64_t cpu_ns = rp_cpu_ns() - w->cpu_ns;

	/* The CPU clock is read outside of the span: of many short calls that would be much. */
	if (cpu_ns > span_ns)
		cpu_ns = span_ns;
	/* The segment ended in a handler of the host; so did its ticks.  The return from the
	 * handler brought back the mask of the wait. */
	if (!s->armed || s->tick != w->tick) {
		if (w->on == RP_WAIT_MASKED && (s->armed || !w->host_blocks))
			unmask();
		return;
	}
	if (!rp_track_unpark(s->track, s->track_gen)) {
		rp_current_leave(); /* the drain could not wait for us */
		return;
	}
	atomic_store_explicit(&s->track->wait_at_ns, 0, memory_order_release);
	if (rp_unlikely(s->seat))
		rp_seat_waits(s, NULL, 0);
	bool lives = !outlived(s, w) && s->armed == RP_ARMED;
	bool preempted = lives && only_preempted(s, w, span_ns, cpu_ns);

	if (lives)
		count(s, w);
	if (lives && !preempted) {
		rp_sampler_mark_wait(s, span_ns, cpu_ns, w->slept);
		record(s, w, span_ns, cpu_ns);
	}
	s->wait = NULL;
	s->paused = false;
	if (preempted)
		rp_sigmask(SIG_UNBLOCK, rp_sigbit(rp_mask_signal()));
	else if (w->on == RP_WAIT_MASKED)
		unmask();
	else if (s->armed == RP_ARMED)
		rp_sampler_resume(s);
	s->hooks_ns += rp_mono_ns() - ended_ns;
	if (s->armed == RP_ARMED_OVER)
		rp_current_leave();
}
