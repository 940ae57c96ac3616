/* test_python.c - whose number is in which context of Python's, and on whose stack a thread is.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/python.h"

#include "preload/hot/current.h"
#include "preload/hot/request.h"
#include "preload/hot/turn.h"
#include "tests/support/flagged.h"
#include "tests/support/snake.h"
#include "tests/support/suite.h"

enum { MS = 1000000, FLAGGED = 0 };

static struct flagged_notes notes;
static struct rp_request *flagged;
static struct snake_context loops, one, two;
static struct snake_greenlet hub, others;
static uint32_t serial;
static unsigned n_seen;

static void nothing(void)
{
}

static bool works(void)
{
	return rp_current_works(FLAGGED, serial);
}

/* As when the client's bytes were read on a loop's thread. */
static void read_head(void)
{
	rp_python_head(FLAGGED, serial);
}

/* The replaced functions stay so from the first head on, which is of no account here. */
static void ready(void)
{
	rp_self = (struct rp_self){.turn.looped = true};
	atomic_store(&rp_turn_runs, RP_RUNS_ANYTHING);
	flagged_ready();
	flagged = flagged_open(MS);
	serial = atomic_load(&flagged->serial);
	rp_request_joins(flagged, 1);
	snake_ready();
	loops = one = two = snake_context();
	snake_now = &loops;
	read_head();
	n_seen = 0;
}

static void done(void)
{
	flagged_close(flagged, &notes);
}

START_TEST(what_a_loop_reads_outside_of_contexts_is_in_none)
{
	ck_assert_uint_eq(loops.number, 0);
	ck_assert(!works());
	snake_run(snake_copy(), nothing, false);
	ck_assert_uint_eq(snake_copy()->number, 0);
}
END_TEST

static void runs_for_nobody(void)
{
	n_seen++;
	ck_assert(!works());
}

static void runs_for_it(void)
{
	n_seen++;
	ck_assert(works());
}

START_TEST(what_begins_while_a_turn_is_its_own_goes_on_told)
{
	rp_self.turn.due_ns = RP_NEVER;
	rp_current_enter(FLAGGED, serial); /* it was alone */
	struct snake_context *copy = snake_copy();

	snake_run(&one, runs_for_it, false); /* of which nothing is said */
	ck_assert_uint_eq(one.number, 0);
	rp_current_leave();
	snake_run(copy, runs_for_it, false);
	ck_assert(!works());
	snake_run(&one, runs_for_nobody, false);
	ck_assert_uint_eq(n_seen, 3);
}
END_TEST

static void reads(void)
{
	n_seen++;
	read_head();
	ck_assert(works());
}

START_TEST(a_coroutine_that_reads_has_its_request_until_another_ones)
{
	snake_run(&one, reads, true);
	ck_assert(!works());
	snake_run(&one, runs_for_it, true);
	snake_run(&two, reads, false);
	snake_run(&two, runs_for_nobody, false); /* a callback's context is for whoever comes */
	ck_assert_uint_eq(n_seen, 4);
}
END_TEST

static void meets(void)
{
	ck_assert(works());
	rp_python_meets(FLAGGED, serial);
	ck_assert(works());
	rp_python_meets(0, 0);
	ck_assert(!works());
}

START_TEST(a_context_that_reads_of_another_client_is_nobodys)
{
	snake_run(&one, reads, true);
	snake_run(&one, meets, true);
	snake_run(&one, runs_for_nobody, true);
	ck_assert_uint_eq(n_seen, 2);
}
END_TEST

static void goes_away(void)
{
	read_head();
	ck_assert(works());
	ck_assert_ptr_nonnull(snake_switch_by_table(&hub));
	ck_assert(works());
	ck_assert(rp_current_is_told(&rp_self));
	hub.throws = 1;
	ck_assert_ptr_null(snake_switch(&hub));
	ck_assert(works());
	ck_assert(snake_has_failed());
	rp_python.PyErr_Clear();
	n_seen++;
}

static void turns(void)
{
	int most = 1;

	n_seen++;
	ck_assert(!works());
	ck_assert(!rp_current_is_told(&rp_self));
	rp_turn_wait(0, false, &most);
	read_head(); /* the loop itself is nobody's stack */
	ck_assert(!works());
}

START_TEST(a_stack_is_told_by_its_context_and_the_loops_by_none)
{
	struct snake_greenlet client = snake_greenlet(&one, goes_away);

	hub = snake_greenlet(&two, turns);
	hub.begun = 1;
	snake_switch(&client);
	ck_assert(!works());
	ck_assert(!rp_current_is_told(&rp_self));
	ck_assert_uint_eq(n_seen, 3);
	ck_assert_uint_eq(two.number, 0);
}
END_TEST

static void blocks(void)
{
	ck_assert(works());
	snake_switch(&others);
	ck_assert(works());
}

static void runs_another(void)
{
	n_seen++;
	ck_assert_uint_eq(rp_self.runtime, 0);
	ck_assert(!works());
	snake_run(&two, runs_for_nobody, false);
}

static void runs_and_blocks(void)
{
	struct snake_context inner = snake_context();

	read_head();
	inner.number = one.number;
	snake_run(&inner, blocks, false);
	ck_assert(works());
}

START_TEST(a_context_that_is_run_stays_on_its_stack)
{
	struct snake_greenlet client = snake_greenlet(&one, runs_and_blocks);

	others = snake_greenlet(&loops, runs_another);
	others.begun = 1;
	snake_switch(&client);
	ck_assert(!works());
	ck_assert_uint_eq(n_seen, 2);
}
END_TEST

START_TEST(a_stack_begins_for_whom_its_context_says)
{
	struct snake_greenlet of_it = snake_greenlet(&one, runs_for_it),
	                      of_nobody = snake_greenlet(&two, runs_for_nobody);

	snake_run(&one, reads, true);
	snake_switch(&of_it);
	ck_assert(!works());
	snake_switch(&of_nobody);
	ck_assert_uint_eq(n_seen, 3);
}
END_TEST

START_TEST(what_is_no_greenlet_is_not_asked)
{
	snake_run(&one, reads, true);
	snake_switch_to_none(&one, runs_for_nobody);
	ck_assert_uint_eq(n_seen, 2);
}
END_TEST

static void runs_as_before(void)
{
	n_seen++;
	ck_assert(works());
}

START_TEST(in_a_thread_of_one_request_a_stack_is_like_a_call)
{
	struct snake_greenlet g = snake_greenlet(&one, runs_as_before);

	rp_self.turn.looped = false;
	rp_current_enter(FLAGGED, serial);
	snake_switch(&g);
	ck_assert(works());
	g.runs = rp_current_leave_armed;
	snake_switch(&g);
	ck_assert(!works());
	ck_assert_uint_eq(n_seen, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("python");
	TCase *each = tcase_create("contexts");

	tcase_add_checked_fixture(each, ready, done);
	tcase_add_test(each, what_a_loop_reads_outside_of_contexts_is_in_none);
	tcase_add_test(each, what_begins_while_a_turn_is_its_own_goes_on_told);
	tcase_add_test(each, a_coroutine_that_reads_has_its_request_until_another_ones);
	tcase_add_test(each, a_context_that_reads_of_another_client_is_nobodys);
	tcase_add_test(each, a_stack_is_told_by_its_context_and_the_loops_by_none);
	tcase_add_test(each, a_context_that_is_run_stays_on_its_stack);
	tcase_add_test(each, a_stack_begins_for_whom_its_context_says);
	tcase_add_test(each, what_is_no_greenlet_is_not_asked);
	tcase_add_test(each, in_a_thread_of_one_request_a_stack_is_like_a_call);
	suite_add_tcase(suite, each);
	return suite_run(suite);
}
