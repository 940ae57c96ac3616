/* test_fiber.c - on stacks that code of their own switches: whose work it is, there and elsewhere.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/fiber.h"

#include <pthread.h>
#include <string.h>
#include "preload/hot/clock.h"
#include "preload/hot/coroutine.h"
#include "preload/hot/current.h"
#include "preload/hot/executor.h"
#include "preload/hot/request.h"
#include "preload/hot/turn.h"
#include "tests/hosts/switch.h"
#include "tests/support/flagged.h"
#include "tests/support/suite.h"

enum { MS = 1000000, FLAGGED = 0, STACK = 256 << 10, ENOUGH = 16, DEEP = 32 << 10 };

static struct flagged_notes notes;
static struct rp_request *flagged;
static char stacks[2][STACK] __attribute__((aligned(16)));
static void *home, *at[2];
static bool worked;
static struct rp_fiber_read reads[2];

static void ready_every(uint64_t interval_ns)
{
	atomic_store(&rp_turn_runs, RP_RUNS_CALLBACKS);
	flagged_ready();
	flagged = flagged_open(interval_ns);
	rp_request_joins(flagged, 1);
}

/* No tick comes in between, which would find out where the thread is. */
static void ready(void)
{
	ready_every(1000 * MS);
}

static void ready_for_ticks(void)
{
	ready_every(MS);
}

static void done(void)
{
	flagged_close(flagged, &notes);
}

/* Not inlined: a fiber may go on where another thread is. */
static __attribute__((noinline)) bool works(void)
{
	return rp_self.armed == RP_ARMED && !rp_turn_is_over(&rp_self, rp_mono_ns());
}

/* Bytes of the client's came. */
static __attribute__((noinline)) bool touch(void)
{
	if (rp_turn_allows_client(FLAGGED, true, true))
		rp_current_enter(FLAGGED, atomic_load(&flagged->serial));
	return works();
}

/* What a fiber does between two switches. */
static void (*next[2])(void);

static void loop(void *number)
{
	long n = (long)(intptr_t)number;

	for (;;) {
		next[n]();
		switch_stacks(&at[n], home);
	}
}

/* Fiber N does RUN. */
static __attribute__((noinline)) void on(int n, void (*run)(void))
{
	if (!at[n])
		at[n] = switch_make(stacks[n], STACK, loop, (void *)(intptr_t)n);
	next[n] = run;
	switch_stacks(&home, at[n]);
}

static void touches(void)
{
	worked = touch();
}

static void looks(void)
{
	worked = works();
}

static void comes(void)
{
	rp_fiber_comes();
	worked = works();
}

static bool on_says(int n, void (*run)(void))
{
	worked = false;
	on(n, run);
	return worked;
}

static uint32_t number;

static void one_reads(void)
{
	rp_fiber_has_read(&reads[0], ++number);
}

static void other_reads(void)
{
	rp_fiber_has_read(&reads[1], ++number);
}

static void one_is_answered(void)
{
	rp_fiber_answers(&reads[0], reads[0].run);
}

/* So often that it is believed, if nothing is against it. */
static void show(void)
{
	for (int i = 0; i < ENOUGH; i++) {
		on(0, one_reads);
		on(1, other_reads);
		on(0, one_is_answered);
	}
}

START_TEST(beside_others_it_is_believed_when_it_was_shown)
{
	ck_assert(!on_says(0, touches));
	show();
	ck_assert(on_says(0, touches));
}
END_TEST

START_TEST(who_has_no_company_shows_nothing)
{
	for (int i = 0; i < ENOUGH; i++) {
		on(0, one_reads);
		on(0, one_is_answered);
	}
	ck_assert(!on_says(0, touches));
}
END_TEST

START_TEST(one_that_another_answers_and_none_is_believed)
{
	show();
	on(0, one_reads);
	on(_i, one_is_answered);
	ck_assert_int_eq(on_says(0, touches), _i == 0);
	show();
	ck_assert_int_eq(on_says(0, touches), _i == 0);
}
END_TEST

START_TEST(nor_where_the_threads_own_stack_answers)
{
	show();
	on(0, one_reads);
	one_is_answered();
	ck_assert(!on_says(0, touches));
}
END_TEST

static void meets(void)
{
	rp_executor_meets(); /* it reads on another connection, its request still unanswered */
}

START_TEST(nor_where_one_turns_to_another_connection)
{
	show();
	ck_assert(on_says(0, touches));
	on(1, meets); /* that is another one */
	rp_current_leave();
	ck_assert(on_says(0, touches));
	on(0, meets);
	rp_current_leave();
	ck_assert(!on_says(0, touches));
}
END_TEST

START_TEST(elsewhere_its_thread_works_for_nobody)
{
	show();
	ck_assert(on_says(0, touches));
	ck_assert(!works());
	ck_assert(!on_says(1, looks));
	ck_assert(on_says(0, looks));
	ck_assert_uint_eq(rp_self.armed, RP_ARMED);
}
END_TEST

static void __attribute__((noinline)) goes_deep(void)
{
	char lower[DEEP];

	memset(lower, 1, sizeof(lower));
	looks();
	__asm__ volatile("" : : "r"(lower) : "memory");
}

START_TEST(however_deep_it_is_called)
{
	show();
	ck_assert(on_says(0, touches));
	ck_assert(on_says(0, goes_deep));
	ck_assert(!on_says(1, goes_deep));
}
END_TEST

static void *goes_on(void *nothing)
{
	on(0, comes);
	rp_current_leave();
	return nothing;
}

START_TEST(it_goes_on_with_it_on_whichever_thread)
{
	pthread_t thread;

	show();
	ck_assert(on_says(0, touches));
	rp_fiber_comes();
	ck_assert_uint_eq(rp_self.armed, 0);
	ck_assert(!on_says(1, comes));
	ck_assert(on_says(0, comes));
	ck_assert_uint_eq(rp_self.by, RP_BY_COROUTINE);
	rp_fiber_comes();
	worked = false;
	pthread_create(&thread, NULL, goes_on, NULL);
	pthread_join(thread, NULL);
	ck_assert(worked);
}
END_TEST

START_TEST(until_it_turns_to_somebody_else)
{
	show();
	ck_assert(on_says(0, touches));
	rp_fiber_comes();
	on(0, rp_fiber_forgets);
	ck_assert(!on_says(0, comes));
}
END_TEST

START_TEST(who_is_alone_is_so_on_every_stack_until_somebody_comes)
{
	rp_request_joins(flagged, 0);
	ck_assert(on_says(0, touches));
	ck_assert(works());
	rp_request_joins(NULL, 0);
	ck_assert(!works());
	ck_assert(!on_says(0, looks)); /* nothing was shown */
}
END_TEST

/* A turn of the loop, with a timer that is due in it, or not. */
static void turns(uint64_t timeout_ns)
{
	int most = 9;

	rp_turn_wait(timeout_ns, false, &most);
	rp_turn_begins(1);
}

START_TEST(but_what_a_timer_of_its_loop_brings_there_is_not_its_own)
{
	rp_request_joins(flagged, 0);
	turns(_i ? RP_NEVER : 1 * MS);
	on(0, touches);
	ck_assert(on_says(0, looks));
	ck_assert_int_eq(on_says(1, looks), _i);
	ck_assert(on_says(0, comes));
}
END_TEST

static void takes_a_job(void)
{
	struct rp_handoff job = {FLAGGED, atomic_load(&flagged->serial), .by = RP_BY_QUEUE};

	rp_current_offer(&job);
	looks();
}

START_TEST(the_job_that_a_fiber_takes_may_be_the_next_ones)
{
	show();
	ck_assert(!on_says(0, takes_a_job));
	ck_assert(!on_says(1, comes));
	ck_assert(!on_says(0, comes));
}
END_TEST

START_TEST(a_job_of_a_thread_is_not_known_to_be_that_fibers)
{
	takes_a_job();
	ck_assert(worked && on_says(0, looks)); /* no fibers read requests here */
	show();
	ck_assert(works() && !on_says(0, looks));
	ck_assert(on_says(0, touches));
	ck_assert(!on_says(1, looks) && !works());
}
END_TEST

static void waits(void)
{
	int most = 9;

	rp_turn_wait(RP_NEVER, false, &most);
	rp_turn_begins(1);
	touches();
}

START_TEST(one_that_waits_for_events_is_a_loop)
{
	ck_assert(on_says(0, waits));
	ck_assert(!rp_self.coroutine.found);
	ck_assert(!on_says(1, looks)); /* the loop goes on with a fiber */
}
END_TEST

static void *takes_on_its_own(void *nothing)
{
	worked = touch();
	return nothing;
}

START_TEST(a_threads_own_stack_is_no_fibers)
{
	pthread_t thread;

	ck_assert(!rp_fiber_is_away());
	pthread_create(&thread, NULL, takes_on_its_own, NULL);
	pthread_join(thread, NULL);
	ck_assert(!rp_self.coroutine.found);
}
END_TEST

static void burns(void)
{
	flagged_burn(20);
}

START_TEST(no_tick_elsewhere_is_its_sample)
{
	show();
	ck_assert(on_says(0, touches));
	on(_i, burns);
	rp_current_leave();
	flagged_take(&notes);
	ck_assert_uint_eq(notes.n_ends, 1);
	if (_i == 0)
		ck_assert_uint_gt(notes.weight, 1);
	else
		ck_assert_uint_le(notes.weight, 1); /* it was there yet */
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hot/fiber");
	TCase *t = tcase_create("work");

	tcase_add_checked_fixture(t, ready, done);
	tcase_add_test(t, beside_others_it_is_believed_when_it_was_shown);
	tcase_add_test(t, who_has_no_company_shows_nothing);
	tcase_add_loop_test(t, one_that_another_answers_and_none_is_believed, 0, 2);
	tcase_add_test(t, nor_where_the_threads_own_stack_answers);
	tcase_add_test(t, nor_where_one_turns_to_another_connection);
	tcase_add_test(t, elsewhere_its_thread_works_for_nobody);
	tcase_add_test(t, however_deep_it_is_called);
	tcase_add_test(t, it_goes_on_with_it_on_whichever_thread);
	tcase_add_test(t, until_it_turns_to_somebody_else);
	tcase_add_test(t, who_is_alone_is_so_on_every_stack_until_somebody_comes);
	tcase_add_loop_test(t, but_what_a_timer_of_its_loop_brings_there_is_not_its_own, 0, 2);
	tcase_add_test(t, the_job_that_a_fiber_takes_may_be_the_next_ones);
	tcase_add_test(t, a_job_of_a_thread_is_not_known_to_be_that_fibers);
	tcase_add_test(t, one_that_waits_for_events_is_a_loop);
	tcase_add_test(t, a_threads_own_stack_is_no_fibers);
	suite_add_tcase(suite, t);
	t = tcase_create("ticks");
	tcase_add_checked_fixture(t, ready_for_ticks, done);
	tcase_add_loop_test(t, no_tick_elsewhere_is_its_sample, 0, 2);
	suite_add_tcase(suite, t);
	return suite_run(suite);
}
