/* sampler.c - see sampler.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/sampler.h"

#include <string.h>
#include <sys/resource.h>
#include "preload/hot/capture.h"
#include "preload/hot/clock.h"
#include "preload/hot/coroutine.h"
#include "preload/hot/drops.h"
#include "preload/hot/fiber.h"
#include "preload/hot/mask.h"
#include "preload/hot/request.h"
#include "preload/hot/seat.h"
#include "preload/hot/sofar.h"
#include "preload/hot/sys.h"
#include "preload/hot/turn.h"
#include "preload/settings.h"

/* Marks our timers: a signal of the same number from elsewhere is the host's. */
#define COOKIE 0x72707266u

/* So many slow ticks in a row, and the period grows. */
enum { SLOW = 8 };

/* Off-CPU time below this needs no explanation: the clocks are read one after the other. */
enum { RUNQ_FLOOR_NS = 50000 };

void rp_sampler_usage(struct rp_usage *u)
{
	struct rusage r;

	memset(&r, 0, sizeof(r));
	rp_sys(SYS_getrusage, RUSAGE_THREAD, &r);
	u->minor_faults = r.ru_minflt;
	u->major_faults = r.ru_majflt;
	u->switches_voluntary = r.ru_nvcsw;
	u->switches_forced = r.ru_nivcsw;
}

static void set_timer(struct rp_self *s, uint64_t first_ns, uint64_t period_ns)
{
	struct itimerspec when = {
	        .it_value = {(time_t)(first_ns / 1000000000u), (long)(first_ns % 1000000000u)},
	        .it_interval = {(time_t)(period_ns / 1000000000u), (long)(period_ns % 1000000000u)},
	};

	if (s->timer_made)
		rp_sys(SYS_timer_settime, s->timer, 0, &when, 0);
}

static bool make_timer(struct rp_self *s, int sig)
{
	struct sigevent event;

	memset(&event, 0, sizeof(event));
	event.sigev_notify = SIGEV_THREAD_ID;
	event.sigev_signo = sig;
	event._sigev_un._tid = (int)s->tid;
	event.sigev_value.sival_ptr = (void *)((uintptr_t)COOKIE << 32 | s->tick);
	return rp_sys(SYS_timer_create, CLOCK_MONOTONIC, &event, &s->timer) == 0;
}

/* The first expiry is anywhere within one period: short requests are hit in proportion, and no
 * ticks of two requests march in step. */
static uint64_t first_expiry_ns(uint64_t period_ns, uint64_t seed)
{
	seed ^= seed >> 12;
	seed *= 0x9e3779b97f4a7c15u;
	return 1 + (seed >> 20) % period_ns;
}

void rp_sampler_arm(struct rp_self *s)
{
	int sig = rp_mask_signal();
	struct rp_request *r = &rp_requests[s->request];

	s->tick++;
	s->host_blocks = false;
	s->timer_made = false;
	if (!sig) {
		rp_request_drop(r, RP_DROP_no_signal, 1);
	} else {
		s->host_blocks = rp_sigmask(SIG_UNBLOCK, rp_sigbit(sig)) & rp_sigbit(sig);
		s->timer_made = make_timer(s, sig);
		if (!s->timer_made)
			rp_request_drop(r, RP_DROP_no_timer, 1);
	}
	rp_capture_bounds(s);
	rp_mask_watch_exit(s);
	s->period_ns = r->interval_ns;
	s->carried = s->slow = 0;
	rp_sampler_edge(s, RP_EDGE_BEGIN, s->mono_mark_ns);
	s->armed = RP_ARMED;
	set_timer(s, first_expiry_ns(s->period_ns, s->mono_mark_ns), s->period_ns);
}

void rp_sampler_stop(struct rp_self *s)
{
	if (s->timer_made)
		rp_sys(SYS_timer_delete, s->timer);
	s->timer_made = false;
}

/* Takes our pending signal away, if there is one. */
static bool drain_signal(int sig, siginfo_t *info)
{
	uint64_t set = rp_sigbit(sig);
	struct timespec now = {0, 0};

	return rp_sys(SYS_rt_sigtimedwait, &set, info, &now, sizeof(set)) == sig;
}

void rp_sampler_disarm(struct rp_self *s)
{
	int sig = rp_mask_signal();

	s->armed = 0;
	rp_sampler_stop(s);
	if (!sig)
		return;
	if (s->host_blocks) {
		/* Blocked first: what is pending now would otherwise stay so for ever, or be read
		 * by a signalfd of the host. */
		rp_sigmask(SIG_BLOCK, rp_sigbit(sig));
		drain_signal(sig, NULL);
	} else if (s->wait) {
		drain_signal(sig, NULL);
		rp_sigmask(SIG_UNBLOCK, rp_sigbit(sig));
	}
	s->host_blocks = false;
}

void rp_sampler_pause(struct rp_self *s)
{
	set_timer(s, 0, 0);
	if (s->host_blocks)
		rp_sigmask(SIG_BLOCK, rp_sigbit(rp_mask_signal()));
}

void rp_sampler_resume(struct rp_self *s)
{
	if (s->host_blocks)
		rp_sigmask(SIG_UNBLOCK, rp_sigbit(rp_mask_signal()));
	set_timer(s, first_expiry_ns(s->period_ns, rp_mono_ns()), s->period_ns);
}

/* CPU and run queue since the last mark; moves the marks.  Off-CPU time counts as "runnable, not
 * running" only when the kernel saw no voluntary switch: else the thread slept in a call that we
 * do not see, and that stays unexplained. */
static void measure(struct rp_self *s, struct rp_note_sample *n)
{
	uint64_t cpu_ns = rp_cpu_ns(), cpu = cpu_ns - s->cpu_mark_ns;
	uint64_t wall = n->at_ns > s->mono_mark_ns ? n->at_ns - s->mono_mark_ns : 0;

	n->cpu_ns = (int64_t)cpu > 0 ? cpu : 0;
	n->runq_ns = 0;
	rp_sofar_add_cpu(s->request, n->cpu_ns);
	if (wall > n->cpu_ns + RUNQ_FLOOR_NS) {
		struct rp_usage u;

		rp_sampler_usage(&u);
		if (u.switches_voluntary == s->voluntary_mark)
			n->runq_ns = wall - n->cpu_ns;
		s->voluntary_mark = u.switches_voluntary;
	}
	s->crowded = n->weight > s->period_ns / rp_requests[s->request].interval_ns &&
	             n->cpu_ns > wall - wall / 4;
	s->cpu_mark_ns = cpu_ns;
	s->mono_mark_ns = n->at_ns;
}

bool rp_sampler_slept(const struct rp_self *s, uint64_t now_ns, uint64_t cpu_now_ns)
{
	struct rp_usage u;

	if (now_ns - s->mono_mark_ns <= cpu_now_ns - s->cpu_mark_ns + RUNQ_FLOOR_NS)
		return false;
	rp_sampler_usage(&u);
	return u.switches_voluntary != s->voluntary_mark;
}

bool rp_sampler_preempted(const struct rp_self *s, uint64_t span_ns, uint64_t cpu_ns, bool slept)
{
	struct rp_usage u;

	if (slept || span_ns <= cpu_ns + RUNQ_FLOOR_NS)
		return false;
	rp_sampler_usage(&u);
	return u.switches_voluntary == s->voluntary_mark;
}

void rp_sampler_mark_wait(struct rp_self *s, uint64_t span_ns, uint64_t cpu_ns, bool slept)
{
	s->mono_mark_ns += span_ns;
	s->cpu_mark_ns += cpu_ns;
	if (slept) { /* the wait's own switches must not hide that one */
		s->voluntary_mark = -1;
	} else if (span_ns > 2000) {
		struct rp_usage u;

		rp_sampler_usage(&u);
		s->voluntary_mark = u.switches_voluntary;
	}
}

void rp_sampler_edge(struct rp_self *s, enum rp_sample_edge edge, uint64_t now_ns)
{
	struct rp_note_sample n = {.at_ns = now_ns, .edge = edge};
	struct rp_regs regs;

	if (edge == RP_EDGE_END)
		measure(s, &n);
	rp_regs_here(&regs);
	rp_capture_push(s, RP_NOTE_SAMPLE, &n, sizeof(n), &regs, RP_CAPTURE_SYNC);
}

static uint64_t expiries(const siginfo_t *info)
{
	return 1 + (info->si_overrun > 0 ? (uint64_t)info->si_overrun : 0);
}

static void sample(struct rp_self *s, const siginfo_t *info, void *context, uint64_t now_ns)
{
	struct rp_request *r = &rp_requests[s->request];
	struct rp_note_sample n = {.at_ns = now_ns, .edge = RP_EDGE_TICK};
	struct rp_regs regs;

	n.weight = expiries(info) * (s->period_ns / r->interval_ns) + s->carried;
	s->carried = 0;
	if (atomic_fetch_add_explicit(&r->samples, 1, memory_order_relaxed) >=
	    rp_settings.max_samples) {
		rp_request_drop(r, RP_DROP_max_samples, n.weight);
		return;
	}
	measure(s, &n);
	rp_regs_from_context(&regs, context);
	if (!rp_capture_push(s, RP_NOTE_SAMPLE, &n, sizeof(n), &regs, RP_CAPTURE_TICK))
		rp_request_drop(r, RP_DROP_track_full, n.weight);
}

/* Ticks N times as seldom from here on; the next one comes when the N-th of the expiries that are
 * not taken any more would have come, and stands for all of them.  What is pending is older. */
static void back_off(struct rp_self *s, int sig, uint64_t n)
{
	struct itimerspec left;
	siginfo_t info;

	if (drain_signal(sig, &info) && info.si_code == SI_TIMER)
		s->carried +=
		        expiries(&info) * (s->period_ns / rp_requests[s->request].interval_ns);
	if (rp_sys(SYS_timer_gettime, s->timer, &left) != 0)
		return;
	uint64_t left_ns =
	        (uint64_t)left.it_value.tv_sec * 1000000000u + (uint64_t)left.it_value.tv_nsec;

	set_timer(s, left_ns + (n - 1) * s->period_ns, n * s->period_ns);
	s->period_ns *= n;
}

/* A handler that takes most of the period leaves the thread no time of its own; so does a kernel
 * that takes longer than a period to call it: then the thread ran all the time, and yet expiries
 * came together.  One slow tick says little: somebody else had the processor.  Several
 * in a row, by the quickest of them: */
static void watch_pace(struct rp_self *s, int sig, uint64_t began_ns, uint64_t ended_ns)
{
	uint64_t took_ns = ended_ns - began_ns, n = 2;

	if (!s->timer_made || (took_ns <= s->period_ns / 2 && !s->crowded)) {
		s->slow = 0;
		return;
	}
	if (!s->slow++ || took_ns < s->quickest_ns)
		s->quickest_ns = took_ns;
	if (s->slow < SLOW)
		return;
	while (s->quickest_ns > n * s->period_ns / 2)
		n *= 2;
	s->slow = 0;
	back_off(s, sig, n);
}

/* Since its last mark the coroutine's function may have returned: the thread goes on below. */
static bool is_elsewhere(const struct rp_self *s, const void *context)
{
	struct rp_regs regs;

	rp_regs_from_context(&regs, context);
	return rp_coroutine_is_left(s, regs.sp);
}

void rp_sampler_tick(int sig, siginfo_t *info, void *context)
{
	struct rp_self *s = &rp_self;
	uintptr_t value = (uintptr_t)info->si_value.sival_ptr;

	if (info->si_code == SI_QUEUE && value >> 32 == RP_SEAT_COOKIE) {
		rp_seat_called(s, info, context);
		return;
	}
	if (info->si_code != SI_TIMER || value >> 32 != COOKIE) {
		rp_mask_foreign(sig, info, context);
		return;
	}
	if (s->armed != RP_ARMED || (uint32_t)value != s->tick)
		return;
	uint64_t now_ns = rp_mono_ns();

	rp_fiber_ticks(s, context);
	/* A tick in a parked track: longjmp left the wait.  Taken meanwhile: no longer ours. */
	if (!rp_track_unpark(s->track, s->track_gen))
		s->armed = RP_ARMED_OVER;
	else if (rp_unlikely(s->coroutine.own) && is_elsewhere(s, context))
		rp_current_cut(s, s->mono_mark_ns, s->cpu_mark_ns);
	else if (rp_request_lives(s->request, s->serial) && !rp_turn_is_over(s, now_ns))
		sample(s, info, context, now_ns);
	else
		rp_current_over_in_handler(s, now_ns);
	uint64_t ended_ns = rp_mono_ns();

	s->ticks++;
	s->handler_ns += ended_ns - now_ns;
	if (s->armed == RP_ARMED)
		watch_pace(s, sig, now_ns, ended_ns);
}
