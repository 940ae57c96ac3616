/* test_handed.c - whether the turn of an answer is its request's, where that may hand something on.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/handed.h"

#include "tests/support/turns.h"

static void nobody_handed_on(void)
{
	ready_beside_others();
	atomic_store(&rp_handed_on, false);
}

static void turn(void)
{
	wait_for(RP_NEVER, 9, 1);
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

/* A poll beside it, while nobody is served: what comes of that is not looked at. */
START_TEST(a_turn_that_nobody_looks_at_is_another_one)
{
	turn();
	rp_handed_answered(FLAGGED);
	rp_turn_lasts(&rp_self.turn, RP_NEVER);
	ck_assert(!rp_handed_asks());
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

	tcase_add_checked_fixture(t, nobody_handed_on, done);
	tcase_add_test(t, a_turn_without_a_question_is_its_requests);
	tcase_add_test(t, who_asks_where_an_answer_came_may_have_waited);
	tcase_add_test(t, a_turn_that_nobody_looks_at_is_another_one);
	tcase_add_test(t, who_is_alone_hands_nothing_on);
	tcase_add_test(t, nor_does_a_server_that_does_all_at_once);
	suite_add_tcase(suite, t);
	return suite_run(suite);
}
