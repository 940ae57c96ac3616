/* test_sampler.c - the ticks of a thread: time adds up, the host sees nothing.
 *
 * Room: tests.  A real timer; no time is asserted, only that two clocks tell the same story.
 * SPDX-License-Identifier: MIT
 */
#include "preload/hot/sampler.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>
#include "preload/hot/clock.h"
#include "preload/hot/current.h"
#include "preload/hot/mask.h"
#include "preload/hot/sys.h"
#include "preload/hot/wait.h"
#include "preload/settings.h"
#include "tests/support/flagged.h"
#include "tests/support/suite.h"

static struct flagged_notes notes;
static struct rp_request *request;

static void enter(uint64_t interval_ns)
{
	request = flagged_open(interval_ns);
	rp_current_enter(0, atomic_load(&request->serial));
	ck_assert_uint_eq(rp_self.armed, RP_ARMED);
}

/* Another segment of the request that is open. */
static void enter_open(void)
{
	rp_current_enter(0, atomic_load(&request->serial));
	ck_assert_uint_eq(rp_self.armed, RP_ARMED);
}

static void leave(void)
{
	rp_current_leave();
	ck_assert_uint_eq(rp_self.armed, 0);
	flagged_take(&notes);
}

static uint64_t segment_ns(void)
{
	return notes.samples[notes.n_samples - 1].head.at_ns - notes.samples[0].head.at_ns;
}

/* |A - B| within a tenth of B, or SLACK. */
static bool near(uint64_t a, uint64_t b, uint64_t slack)
{
	uint64_t far = a > b ? a - b : b - a;

	return far <= slack || far <= b / 10;
}

/* WEIGHT ms is the wall time of the segment.  A thread that lost the processor before its timer
 * stood, or between the last tick and the end, has no ticks for that. */
static bool is_wall_time(uint64_t weight)
{
	uint64_t wall_ns = segment_ns(), cpu_ns = notes.end.cpu_ns;
	uint64_t off_ns = wall_ns > cpu_ns ? wall_ns - cpu_ns : 0;

	return near(weight, wall_ns / 1000000, 10 + off_ns / 1000000);
}

START_TEST(weights_times_period_is_the_wall_time)
{
	enter(1000000);
	flagged_burn(200);
	leave();
	ck_assert_uint_gt(notes.n_samples, 2);
	ck_assert_uint_eq(notes.n_ends, 1);
	ck_assert_msg(is_wall_time(notes.weight), "weight %lu of %lu", (unsigned long)notes.weight,
	              (unsigned long)segment_ns() / 1000000);
	ck_assert_uint_eq(notes.end.ticks, notes.n_samples - 2); /* one edge at each end */
}
END_TEST

START_TEST(cpu_of_samples_and_waits_is_the_cpu_of_the_segment)
{
	uint64_t cpu_ns;

	enter(1000000);
	for (unsigned i = 0; i < 20; i++) {
		struct rp_wait w;
		struct timespec t = {0, 2000000};

		flagged_burn(4);
		rp_wait_enter(&w, RP_WAIT_SLEEP, NULL, 2000000);
		nanosleep(&t, NULL);
		rp_wait_leave(&w);
	}
	leave();
	cpu_ns = notes.cpu_ns + notes.end.shorts[RP_WAIT_SLEEP].cpu_ns;
	ck_assert_uint_eq(notes.n_waits, 20);
	ck_assert_uint_gt(cpu_ns, 1000000);
	/* what the last moment cost is in the one and not in the other */
	ck_assert_msg(near(cpu_ns, notes.end.cpu_ns, 0) &&
	                      cpu_ns <= notes.end.cpu_ns + notes.end.cpu_ns / 100 + 50000 &&
	                      cpu_ns + notes.end.cpu_ns / 100 + 50000 >= notes.end.cpu_ns,
	              "%lu of %lu", (unsigned long)cpu_ns, (unsigned long)notes.end.cpu_ns);
}
END_TEST

START_TEST(stacks_begin_in_what_ran)
{
	unsigned burning = 0, ticks = 0;

	enter(1000000);
	flagged_burn(150);
	leave();
	for (unsigned i = 0; i < notes.n_samples; i++) {
		const struct flagged_sample *s = &notes.samples[i];

		ck_assert_uint_ge(s->stack.n, 1);
		if (s->head.edge != RP_EDGE_TICK)
			continue;
		ticks++;
		ck_assert_uint_gt(s->stack.generation, 0);
		burning += flagged_is_burn(s->pc[0]);
		if (flagged_is_burn(s->pc[0]))
			ck_assert_uint_ge(s->stack.n,
			                  4); /* burn, flagged_burn, here, Check, main */
	}
	ck_assert_uint_gt(ticks, 5);
	ck_assert_uint_ge(burning * 10, ticks * 9);
}
END_TEST

START_TEST(edges_have_no_weight_and_stand_at_both_ends)
{
	enter(1000000000);
	leave();
	ck_assert_uint_eq(notes.n_samples, 2);
	ck_assert_uint_eq(notes.samples[0].head.edge, RP_EDGE_BEGIN);
	ck_assert_uint_eq(notes.samples[1].head.edge, RP_EDGE_END);
	ck_assert_uint_eq(notes.weight, 0);
	ck_assert_uint_eq(notes.end.end_ns, notes.samples[1].head.at_ns);
	ck_assert_uint_eq(flagged_tracks(), 0);
}
END_TEST

/* --- the host sees nothing --- */

/* As the kernel has it. */
static uint64_t mask_now(void)
{
	return rp_sigmask(SIG_BLOCK, 0);
}

START_TEST(the_mask_after_leaving_is_what_it_was)
{
	uint64_t before, ours = rp_sigbit(rp_mask_signal());
	sigset_t all, pending;

	sigfillset(&all); /* as apache's and nginx's pool threads have it */
	if (_i)
		pthread_sigmask(SIG_SETMASK, &all, NULL);
	before = mask_now();
	ck_assert_int_eq(!!(before & ours), _i);
	enter(200000);
	flagged_burn(20);
	ck_assert_uint_eq(mask_now() & ours, 0);
	leave();
	ck_assert_uint_eq(mask_now(), before);
	ck_assert_uint_gt(notes.weight, 10); /* it was sampled, blocked or not */
	sigpending(&pending);
	ck_assert_int_eq(sigismember(&pending, rp_mask_signal()), 0);
}
END_TEST

START_TEST(errno_is_untouched_by_ticks)
{
	enter(100000);
	for (unsigned i = 0; i < 300; i++) {
		errno = 4242;
		for (unsigned k = 0; k < 3; k++)
			flagged_burn(1);
		ck_assert_int_eq(errno, 4242);
	}
	errno = 4242;
	rp_current_leave();
	ck_assert_int_eq(errno, 4242);
	flagged_take(&notes);
	ck_assert_uint_gt(notes.weight, 1000);
}
END_TEST

static volatile sig_atomic_t n_host, host_value;

static void host_handler(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)context;
	n_host++;
	host_value = info->si_value.sival_int;
}

START_TEST(a_signal_of_our_number_from_elsewhere_is_the_hosts)
{
	struct sigaction act = {.sa_sigaction = host_handler, .sa_flags = SA_SIGINFO}, old;

	ck_assert_int_eq(rp_mask_action(&act, &old), 0); /* what the hook of sigaction does */
	ck_assert_ptr_eq(old.sa_handler, SIG_DFL);
	enter(1000000);
	for (int i = 1; i <= 10; i++) {
		sigqueue(getpid(), rp_mask_signal(), (union sigval){.sival_int = i});
		ck_assert_int_eq(n_host, i);
		ck_assert_int_eq(host_value, i);
		flagged_burn(2);
	}
	leave();
	ck_assert_int_eq(n_host, 10);
	ck_assert(is_wall_time(notes.weight));
}
END_TEST

START_TEST(a_foreign_signal_without_handler_ends_the_host_as_ever)
{
	enter(1000000);
	raise(rp_mask_signal());
}
END_TEST

/* --- the request ends elsewhere, threads end, bounds --- */

static void *end_it(void *arg)
{
	usleep(20000);
	rp_request_end(arg, RP_END_CLOSED, rp_mono_ns());
	return NULL;
}

START_TEST(ticks_end_with_a_request_that_ended_elsewhere)
{
	pthread_t thread;
	uint64_t ticks;

	enter(500000);
	ck_assert_int_eq(pthread_create(&thread, NULL, end_it, request), 0);
	flagged_burn(60);
	pthread_join(thread, NULL);
	ck_assert_uint_eq(rp_self.armed, RP_ARMED_OVER);
	ticks = rp_self.ticks;
	flagged_burn(20);
	ck_assert_uint_eq(rp_self.ticks, ticks);
	leave();
	ck_assert_uint_eq(notes.n_ends, 1);
	ck_assert_uint_eq(flagged_tracks(), 0);
	for (unsigned i = 0; i < notes.n_samples; i++)
		ck_assert_uint_ne(notes.samples[i].head.edge, RP_EDGE_END);
}
END_TEST

START_TEST(samples_over_the_bound_are_counted_not_kept)
{
	uint64_t lost;

	rp_settings.max_samples = 5;
	enter(1000000);
	do
		flagged_burn(50);
	while (atomic_load(&request->samples) <= 5); /* ticks may come together */
	leave();
	lost = atomic_load(&request->drops[RP_DROP_max_samples]);
	ck_assert_uint_eq(notes.n_samples, 5 + 2);
	ck_assert(is_wall_time(notes.weight + lost));
	/* the CPU time of what was lost is in the last sample */
	ck_assert(near(notes.cpu_ns, notes.end.cpu_ns, 50000));
}
END_TEST

static void *work_for_it(void *arg)
{
	for (unsigned i = 0; i < 20; i++) {
		rp_current_enter(0, atomic_load(&request->serial));
		flagged_burn(2);
		rp_current_leave();
	}
	atomic_fetch_add((_Atomic unsigned *)arg, 1);
	return NULL;
}

START_TEST(threads_share_a_request_and_leave_nothing_behind)
{
	enum { N = 4 };
	_Atomic unsigned done = 0;
	pthread_t threads[N];

	request = flagged_open(500000);
	for (unsigned i = 0; i < N; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, work_for_it, &done), 0);
	while (atomic_load(&done) < N) {
		flagged_take(&notes); /* as the drain does, meanwhile */
		usleep(1000);
	}
	for (unsigned i = 0; i < N; i++)
		pthread_join(threads[i], NULL);
	flagged_take(&notes);
	ck_assert_uint_eq(notes.n_ends, N * 20);
	ck_assert_uint_eq(notes.n_unknown, 0);
	ck_assert_uint_eq(flagged_tracks(), 0);
}
END_TEST

/* Off the processor before a wait, in a call that nobody hooked: that is no run queue. */
START_TEST(an_unseen_sleep_is_not_called_runnable)
{
	struct timespec unseen = {0, 30000000}, seen = {0, 5000000};
	struct rp_wait w;

	enter(1000000000);
	rp_sys(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &unseen, NULL);
	rp_wait_enter(&w, RP_WAIT_SLEEP, NULL, 5000000);
	nanosleep(&seen, NULL);
	rp_wait_leave(&w);
	leave();
	ck_assert_uint_eq(notes.n_waits, 1);
	ck_assert_uint_lt(notes.runq_ns, 20000000);
}
END_TEST

static uint64_t lost_ticks(void)
{
	return atomic_load(&request->drops[RP_DROP_track_full]);
}

/* 2 us is less than a handler, or the kernel's way to it, takes on any machine.  From the arming to
 * the last tick that was kept, however late they came, weights are the time. */
START_TEST(a_handler_slower_than_the_interval_backs_off_and_the_weights_stay_true)
{
	enum { INTERVAL_NS = 2000 };
	uint64_t first_ns, last_ns = 0, weight = 0, turns = 0;

	rp_settings.max_samples = UINT32_MAX;
	enter(INTERVAL_NS);
	first_ns = rp_mono_ns();
	for (; turns < 100 || !last_ns; turns++) {
		uint64_t lost = lost_ticks();

		flagged_burn(1);
		flagged_take(&notes); /* as the drain does, meanwhile */
		if (lost_ticks() != lost)
			continue; /* not kept: the last may have been one of them */
		last_ns = notes.samples[(notes.n_samples - 1) % FLAGGED_MAX].head.at_ns;
		weight = notes.weight + lost;
	}
	leave();
	ck_assert_uint_ge(turns, 100); /* the thread got on */
	ck_assert_uint_gt(notes.end.period_ns, INTERVAL_NS);
	ck_assert_uint_eq(notes.end.period_ns % INTERVAL_NS, 0);
	ck_assert_msg(near(weight * INTERVAL_NS, last_ns - first_ns, 8 * notes.end.period_ns),
	              "%lu of %lu ns, period %lu", (unsigned long)(weight * INTERVAL_NS),
	              (unsigned long)(last_ns - first_ns), (unsigned long)notes.end.period_ns);
}
END_TEST

/* Where in the period the first tick came, over many segments: spread, not at one place.  A tick
 * that came late, because somebody else had the processor, says nothing. */
START_TEST(the_first_tick_may_come_anywhere_in_the_period)
{
	enum { SEGMENTS = 120, PERIOD_NS = 1000000, PARTS = 4 };
	unsigned parts[PARTS] = {0}, n = 0;

	request = flagged_open(PERIOD_NS);
	for (unsigned i = 0; i < SEGMENTS; i++) {
		memset(&notes, 0, sizeof(notes));
		enter_open();
		flagged_burn(2);
		leave();
		if (notes.n_samples < 3)
			continue;
		uint64_t after_ns = notes.samples[1].head.at_ns - notes.samples[0].head.at_ns;

		if (after_ns < PERIOD_NS) {
			parts[after_ns * PARTS / PERIOD_NS]++;
			n++;
		}
	}
	ck_assert_uint_gt(n, SEGMENTS / 4);
	/* Fewer than 1 in 12 of at least 30 where 1 in 4 is due: once in a million runs. */
	for (unsigned i = 0; i < PARTS; i++)
		ck_assert_msg(parts[i] * 12 >= n, "%u of %u in part %u", parts[i], n, i);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sampler");
	TCase *tcase = tcase_create("sampler");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 30);
	tcase_add_checked_fixture(tcase, flagged_ready, NULL);
	tcase_add_test(tcase, weights_times_period_is_the_wall_time);
	tcase_add_test(tcase, cpu_of_samples_and_waits_is_the_cpu_of_the_segment);
	tcase_add_test(tcase, stacks_begin_in_what_ran);
	tcase_add_test(tcase, edges_have_no_weight_and_stand_at_both_ends);
	tcase_add_loop_test(tcase, the_mask_after_leaving_is_what_it_was, 0, 2);
	tcase_add_test(tcase, errno_is_untouched_by_ticks);
	tcase_add_test(tcase, a_signal_of_our_number_from_elsewhere_is_the_hosts);
	tcase_add_test_raise_signal(tcase, a_foreign_signal_without_handler_ends_the_host_as_ever,
	                            SIGRTMAX - 1);
	tcase_add_test(tcase, ticks_end_with_a_request_that_ended_elsewhere);
	tcase_add_test(tcase, samples_over_the_bound_are_counted_not_kept);
	tcase_add_test(tcase, threads_share_a_request_and_leave_nothing_behind);
	tcase_add_test(tcase, an_unseen_sleep_is_not_called_runnable);
	tcase_add_test(tcase,
	               a_handler_slower_than_the_interval_backs_off_and_the_weights_stay_true);
	tcase_add_test(tcase, the_first_tick_may_come_anywhere_in_the_period);
	return suite_run(suite);
}
