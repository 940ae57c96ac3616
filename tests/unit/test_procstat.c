/* test_procstat.c - what the kernel says of a thread: asleep or not, how often, how long it queued.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/cold/procstat.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>
#include "preload/hot/sys.h"
#include "tests/support/suite.h"

static int pipes[2];
static _Atomic uint32_t sleeper;

static uint32_t own(void)
{
	return (uint32_t)rp_sys(SYS_gettid, 0);
}

static void *doze(void *arg)
{
	char c;

	sleeper = own();
	return read(pipes[0], &c, 1) == 1 ? arg : NULL;
}

/* A second is enough for a thread to fall asleep, or not. */
static char state_in_the_end(uint32_t tid, char wanted)
{
	struct rp_procstat stat = {0};

	for (unsigned i = 0; i < 1000 && stat.state != wanted; i++) {
		struct timespec t = {0, 1000000};

		nanosleep(&t, NULL);
		ck_assert(rp_procstat_read(tid, &stat));
	}
	return stat.state;
}

START_TEST(who_runs_and_who_sleeps)
{
	struct rp_procstat stat;
	pthread_t thread;

	ck_assert_int_eq(pipe(pipes), 0);
	prctl(PR_SET_NAME, "a) b (c R"); /* a name may hold anything */
	ck_assert(rp_procstat_read(own(), &stat));
	ck_assert_int_eq(stat.state, 'R');
	ck_assert_uint_gt(stat.began_ticks, 0);
	pthread_create(&thread, NULL, doze, NULL);
	while (!sleeper)
		;
	ck_assert_int_eq(state_in_the_end(sleeper, 'S'), 'S');
	ck_assert_int_eq(write(pipes[1], "x", 1), 1);
	pthread_join(thread, NULL);
	ck_assert(!rp_procstat_read(0x7fffffff, &stat));
}
END_TEST

START_TEST(the_process_has_begun_once)
{
	struct rp_procstat first, second;

	ck_assert(rp_procstat_read(0, &first));
	ck_assert(rp_procstat_read(0, &second));
	ck_assert_uint_eq(first.began_ticks, second.began_ticks);
	ck_assert_uint_gt(first.began_ticks, 0);
}
END_TEST

START_TEST(each_sleep_is_a_switch)
{
	uint32_t before = rp_procstat_switches(own()), after;
	struct timespec t = {0, 1000000};

	ck_assert_uint_gt(before, 0);
	for (unsigned i = 0; i < 5; i++)
		nanosleep(&t, NULL);
	after = rp_procstat_switches(own());
	ck_assert_uint_ge(after, before + 5);
	ck_assert_uint_eq(rp_procstat_switches(0x7fffffff), 0);
}
END_TEST

START_TEST(what_is_kept_out_is_told)
{
	for (int sig = 1; sig <= 64; sig += 7) {
		if (sig == SIGKILL || sig == SIGSTOP)
			continue;
		ck_assert(!rp_procstat_blocks(own(), sig));
		rp_sigmask(SIG_BLOCK, rp_sigbit(sig));
		ck_assert_msg(rp_procstat_blocks(own(), sig), "signal %d", sig);
		rp_sigmask(SIG_UNBLOCK, rp_sigbit(sig));
	}
	ck_assert(!rp_procstat_blocks(own(), 0));
}
END_TEST

START_TEST(the_run_queue_is_the_schedulers)
{
	uint64_t arrivals, more, delay_ns = rp_procstat_delay_ns(own(), &arrivals);
	struct timespec t = {0, 1000000};

	ck_assert_uint_gt(arrivals, 0);
	nanosleep(&t, NULL);
	ck_assert_uint_ge(rp_procstat_delay_ns(own(), &more), delay_ns);
	ck_assert_uint_gt(more, arrivals);
	rp_procstat_delay_ns(0x7fffffff, &arrivals);
	ck_assert_uint_eq(arrivals, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cold/procstat");
	TCase *tcase = tcase_create("all");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, who_runs_and_who_sleeps);
	tcase_add_test(tcase, the_process_has_begun_once);
	tcase_add_test(tcase, each_sleep_is_a_switch);
	tcase_add_test(tcase, what_is_kept_out_is_told);
	tcase_add_test(tcase, the_run_queue_is_the_schedulers);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
