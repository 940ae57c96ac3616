/* test_turn_left.c - what a loop has left to do is for whose turn it comes from.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/clock.h"
#include "preload/hot/current.h"
#include "preload/hot/request.h"
#include "preload/hot/turn.h"
#include "tests/support/flagged.h"
#include "tests/support/suite.h"

enum { MS = 1000000, FLAGGED = 0 };

static struct flagged_notes notes;
static struct rp_request *flagged;

static void ready(void)
{
	rp_self.turn = (struct rp_turn){0};
	atomic_store(&rp_turn_runs, RP_RUNS_CALLBACKS);
	flagged_ready();
	flagged = flagged_open(MS);
}

static void done(void)
{
	flagged_close(flagged, &notes);
}

static void work(void)
{
	rp_current_enter(FLAGGED, atomic_load(&flagged->serial));
}

static void wait_for(uint64_t timeout_ns, int n)
{
	int most = 9;

	ck_assert(!rp_turn_wait(timeout_ns, false, &most));
	rp_turn_begins(n);
}

static bool allows(enum rp_source by, bool reads)
{
	return rp_turn_allows(FLAGGED, by, reads);
}

/* The request is alone: those before it have been answered. */
START_TEST(what_is_left_to_do_when_a_request_comes_is_not_its_own)
{
	rp_request_joins(flagged, 0);
	wait_for(RP_NEVER, 1);
	wait_for(0, 1); /* its head */
	ck_assert(!allows(RP_BY_CLIENT, true));
	wait_for(0, 1);
	ck_assert(!allows(RP_BY_CLIENT, true));
	wait_for(RP_NEVER, 1); /* nothing was left */
	ck_assert(allows(RP_BY_CLIENT, true));
}
END_TEST

START_TEST(what_it_leaves_to_do_itself_is)
{
	rp_request_joins(flagged, 0);
	wait_for(RP_NEVER, 1);
	ck_assert(allows(RP_BY_CLIENT, true));
	work();
	wait_for(0, 1);
	ck_assert(allows(RP_BY_CLIENT, true));
	wait_for(0, 1); /* whoever worked in between */
	ck_assert(allows(RP_BY_CLIENT, true));
}
END_TEST

START_TEST(a_timer_of_ones_own_may_ring_in_anothers_turn)
{
	rp_request_joins(flagged, 0);
	wait_for(10000ull * MS, 1);
	wait_for(10000ull * MS, 1);
	ck_assert(allows(RP_BY_CLIENT, true));
	work();
	wait_for(1 * MS, 1);
	flagged_burn(3);
	ck_assert(!rp_turn_allows(FLAGGED + 1, RP_BY_CLIENT, true));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hot/turn, what is left");
	TCase *t = tcase_create("left");

	tcase_add_checked_fixture(t, ready, done);
	tcase_add_test(t, what_is_left_to_do_when_a_request_comes_is_not_its_own);
	tcase_add_test(t, what_it_leaves_to_do_itself_is);
	tcase_add_test(t, a_timer_of_ones_own_may_ring_in_anothers_turn);
	suite_add_tcase(suite, t);
	return suite_run(suite);
}
