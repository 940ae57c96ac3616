/* test_delay.c - run delay is that of the segment, and of nothing after it.
 * SPDX-License-Identifier: MIT */
#include "preload/cold/delay.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tests/support/suite.h"

enum { MS = 1000000 };

static uint64_t own_delay_ns(void)
{
	unsigned long long ran, delay = 0;
	FILE *stat = fopen("/proc/thread-self/schedstat", "r");

	ck_assert_ptr_nonnull(stat);
	ck_assert_int_eq(fscanf(stat, "%llu %llu", &ran, &delay), 2);
	fclose(stat);
	return delay;
}

static void stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	ck_assert_int_eq(sched_setaffinity(0, sizeof(set), &set), 0);
}

/* A process that never leaves the CPU to us alone. */
static pid_t burn_beside_us(void)
{
	int cpu = sched_getcpu();
	pid_t child;

	ck_assert_int_ge(cpu, 0);
	stay_on(cpu);
	child = fork();
	while (child == 0)
		;
	ck_assert_int_gt(child, 0);
	return child;
}

static void run_until_delayed_by(uint64_t ns)
{
	uint64_t from = own_delay_ns();

	while (own_delay_ns() - from < ns)
		;
}

START_TEST(what_comes_after_the_segment_is_not_its_delay)
{
	struct rp_track *t = &rp_tracks[0];
	pid_t burner = burn_beside_us();
	uint64_t inside_ns, before_ns = own_delay_ns();

	t->tid = (uint32_t)gettid();
	atomic_store(&t->state, RP_TRACK_OPEN);
	rp_delay_reset(true);
	rp_delay_look(t, false);
	run_until_delayed_by(10 * MS);
	rp_delay_look(t, true);
	inside_ns = rp_delay_of(t, 0);
	ck_assert_uint_ge(inside_ns, 10 * MS);
	ck_assert_uint_le(inside_ns, own_delay_ns() - before_ns);

	atomic_store(&t->state, RP_TRACK_CLOSED);
	run_until_delayed_by(10 * MS);
	rp_delay_look(t, true);
	ck_assert_uint_eq(rp_delay_of(t, 0), inside_ns);
	rp_delay_forget(t);
	kill(burner, SIGKILL);
	waitpid(burner, NULL, 0);
}
END_TEST

/* Its file stays open for the next one that is the same thread's, and for no other. */
START_TEST(a_thread_is_looked_at_anew_when_its_track_comes_back)
{
	struct rp_track *t = &rp_tracks[0];
	pid_t burner = burn_beside_us();

	rp_delay_reset(true);
	atomic_store(&t->state, RP_TRACK_OPEN);
	t->tid = (uint32_t)getpid() + 1000000; /* nobody */
	rp_delay_look(t, false);
	ck_assert_uint_eq(rp_delay_of(t, 0), 0);
	rp_delay_forget(t);
	for (unsigned i = 0; i < 2; i++) {
		t->tid = (uint32_t)gettid();
		rp_delay_look(t, false);
		uint64_t from_ns = own_delay_ns();

		run_until_delayed_by(5 * MS);
		rp_delay_look(t, true);
		ck_assert_uint_ge(rp_delay_of(t, 0), 5 * MS);
		ck_assert_uint_ge(own_delay_ns() - from_ns, 5 * MS);
		rp_delay_forget(t);
	}
	kill(burner, SIGKILL);
	waitpid(burner, NULL, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cold/delay");
	TCase *t = tcase_create("delay");

	suite_add_tcase(suite, t);
	tcase_add_test(t, what_comes_after_the_segment_is_not_its_delay);
	tcase_add_test(t, a_thread_is_looked_at_anew_when_its_track_comes_back);
	return suite_run(suite);
}
