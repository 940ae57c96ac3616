/* test_coroutine_work.c - whose work a coroutine does stays with it: left, gone on with elsewhere,
 * begun, ended.
 *
 * Room: tests.  libc's own swapcontext is called; what our hook does before it is said here.
 * SPDX-License-Identifier: MIT
 */
#include "preload/hot/coroutine.h"

#include <pthread.h>
#include "preload/cold/coroutine.h"
#include "preload/hot/clock.h"
#include "preload/hot/current.h"
#include "preload/hot/request.h"
#include "preload/hot/turn.h"
#include "tests/support/flagged.h"
#include "tests/support/suite.h"

enum { MS = 1000000, FLAGGED = 0, STACK = 256 << 10 };

static struct flagged_notes notes;
static struct rp_request *flagged;
static ucontext_t home, one, two;
static char stacks[2][STACK];
static bool worked[4];

static void ready(void)
{
	atomic_store(&rp_turn_runs, RP_RUNS_CALLBACKS);
	flagged_ready();
	flagged = flagged_open(MS);
	rp_request_joins(flagged, 1);
	atomic_store(&rp_coroutine_end_at, rp_coroutine_end());
}

static void done(void)
{
	flagged_close(flagged, &notes);
}

static void __attribute__((noinline)) go(ucontext_t *from, ucontext_t *to)
{
	rp_coroutine_switches(from, to);
	swapcontext(from, to);
}

static void make(ucontext_t *c, char *stack, void (*run)(void))
{
	getcontext(c);
	c->uc_stack.ss_sp = stack;
	c->uc_stack.ss_size = STACK;
	c->uc_link = &home;
	makecontext(c, run, 0);
}

/* Not inlined: a coroutine may go on where another thread is. */
static __attribute__((noinline)) bool works(void)
{
	return rp_self.armed == RP_ARMED &&
	       !rp_coroutine_is_left(&rp_self, (uintptr_t)__builtin_frame_address(0)) &&
	       !rp_turn_is_over(&rp_self, rp_mono_ns());
}

/* Bytes of the client's came, or went. */
static void touch(void)
{
	if (rp_turn_allows_client(FLAGGED, false, true))
		rp_current_enter(FLAGGED, atomic_load(&flagged->serial));
}

/* A loop's turn that may be anybody's. */
static void loop(void)
{
	int most = 9;

	ck_assert(!rp_turn_wait(RP_NEVER, false, &most));
	rp_turn_begins(2);
}

static void reads_and_rests(void)
{
	touch();
	worked[0] = works();
	go(&one, &home);
	worked[1] = works();
	go(&one, &home);
}

START_TEST(what_came_to_it_stays_with_it)
{
	make(&one, stacks[0], reads_and_rests);
	loop();
	go(&home, &one);
	ck_assert(worked[0]);
	ck_assert(!works());
	loop();
	go(&home, &one);
	ck_assert(worked[1]);
	ck_assert_uint_eq(rp_self.by, RP_BY_COROUTINE);
	ck_assert(!works());
}
END_TEST

static void *goes_on(void *nothing)
{
	go(&home, &one);
	return nothing;
}

START_TEST(on_whichever_thread)
{
	pthread_t thread;

	make(&one, stacks[0], reads_and_rests);
	go(&home, &one);
	ck_assert(worked[0] && !works());
	pthread_create(&thread, NULL, goes_on, NULL);
	pthread_join(thread, NULL);
	ck_assert(worked[1]);
}
END_TEST

static void is_another(void)
{
	worked[2] = works();
	go(&two, &home);
}

static void goes_to_another(void)
{
	touch();
	go(&one, &two);
}

static void begins_another(void)
{
	touch();
	make(&two, stacks[1], is_another);
	go(&one, &two);
}

START_TEST(one_that_was_left_for_nobody_is_nobodys)
{
	make(&two, stacks[1], is_another);
	go(&home, &two);
	make(&one, stacks[0], goes_to_another);
	go(&home, &one);
	ck_assert(!worked[2]);
}
END_TEST

START_TEST(one_that_begins_works_for_who_began_it)
{
	make(&one, stacks[0], begins_another);
	loop();
	go(&home, &one);
	ck_assert(worked[2]);
}
END_TEST

static void returns(void)
{
	touch();
	worked[0] = works();
}

START_TEST(when_its_function_has_returned_it_works_no_more)
{
	make(&one, stacks[0], returns);
	loop();
	go(&home, &one);
	ck_assert(worked[0]);
	ck_assert_uint_eq(rp_self.armed, RP_ARMED); /* nobody saw it */
	ck_assert(!works());
}
END_TEST

static void loops(void)
{
	loop();
	touch();
	worked[0] = works();
	go(&one, &home);
	touch();
	worked[1] = works();
	go(&one, &home);
}

START_TEST(one_that_waits_for_events_is_a_loop)
{
	make(&one, stacks[0], loops);
	go(&home, &one);
	ck_assert(!worked[0]);
	go(&home, &one);
	ck_assert(!worked[1]);
}
END_TEST

/* getcontext and swapcontext leave uc_stack as it was: here as if it were all of memory. */
START_TEST(what_lies_by_chance_in_a_threads_context_is_no_stack)
{
	make(&one, stacks[0], reads_and_rests);
	loop();
	home.uc_stack.ss_sp = (void *)(uintptr_t)4096;
	home.uc_stack.ss_size = SIZE_MAX / 2;
	go(&home, &one);
	ck_assert(worked[0]);
	ck_assert_uint_eq(rp_self.coroutine.hi, 0);
	touch(); /* a loop's, where nobody knows */
	ck_assert(!works());
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hot/coroutine");
	TCase *t = tcase_create("work");

	tcase_add_checked_fixture(t, ready, done);
	tcase_add_test(t, what_came_to_it_stays_with_it);
	tcase_add_test(t, on_whichever_thread);
	tcase_add_test(t, one_that_was_left_for_nobody_is_nobodys);
	tcase_add_test(t, one_that_begins_works_for_who_began_it);
	tcase_add_test(t, when_its_function_has_returned_it_works_no_more);
	tcase_add_test(t, one_that_waits_for_events_is_a_loop);
	tcase_add_test(t, what_lies_by_chance_in_a_threads_context_is_no_stack);
	suite_add_tcase(suite, t);
	return suite_run(suite);
}
