/* test_handed.c - whether the turn of an answer is its request's, where that may hand something on.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/handed.h"

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
	atomic_store(&rp_handed_on, false);
	atomic_store(&rp_turn_runs, RP_RUNS_CALLBACKS);
	flagged_ready();
	flagged = flagged_open(MS);
	rp_request_joins(flagged, 1);
}

static void done(void)
{
	flagged_close(flagged, &notes);
}

static void turn(void)
{
	int most = 9;

	ck_assert(!rp_turn_wait(RP_NEVER, false, &most));
	rp_turn_begins(1);
}

START_TEST(a_turn_without_a_question_is_its_requests)
{
	turn();
	rp_handed_answered(FLAGGED);
	turn();
	ck_assert(!rp_handed_asks()); /* no answer came in this turn */
	ck_assert(rp_handed_allows(FLAGGED));
}
END_TEST

START_TEST(who_asks_where_an_answer_came_may_have_waited)
{
	turn();
	rp_handed_answered(FLAGGED);
	rp_current_take(
	        &(struct rp_handoff){FLAGGED, atomic_load(&flagged->serial), .by = RP_BY_UPSTREAM});
	ck_assert(!rp_turn_is_over(&rp_self, rp_mono_ns()));
	ck_assert(rp_handed_asks());
	ck_assert(rp_turn_is_over(&rp_self, rp_self.turn.answered_ns));
	turn(); /* and is believed no more */
	ck_assert(!rp_handed_allows(FLAGGED));
}
END_TEST

START_TEST(who_is_alone_hands_nothing_on)
{
	rp_request_joins(flagged, 0);
	turn();
	rp_handed_answered(FLAGGED);
	ck_assert(!rp_handed_asks());
	atomic_store(&rp_handed_on, true);
	ck_assert(rp_handed_allows(FLAGGED));
}
END_TEST

START_TEST(nor_does_a_server_that_does_all_at_once)
{
	turn();
	rp_handed_answered(FLAGGED);
	atomic_store(&rp_turn_runs, RP_RUNS_INLINE);
	ck_assert(!rp_handed_asks());
	ck_assert(rp_handed_allows(FLAGGED));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hot/handed");
	TCase *t = tcase_create("handed");

	tcase_add_checked_fixture(t, ready, done);
	tcase_add_test(t, a_turn_without_a_question_is_its_requests);
	tcase_add_test(t, who_asks_where_an_answer_came_may_have_waited);
	tcase_add_test(t, who_is_alone_hands_nothing_on);
	tcase_add_test(t, nor_does_a_server_that_does_all_at_once);
	suite_add_tcase(suite, t);
	return suite_run(suite);
}
