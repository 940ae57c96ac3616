/* test_turn_left.c - what a loop has left to do is for whose turn it comes from.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "tests/support/turns.h"

enum { SET = 700 };

/* The request is alone: those before it have been answered. */
START_TEST(what_is_left_to_do_when_a_request_comes_is_not_its_own)
{
	rp_request_joins(flagged, 0);
	wait_for(RP_NEVER, 9, 1);
	wait_for(0, 9, 1); /* its head */
	ck_assert(!allows(RP_BY_CLIENT, true));
	wait_for(0, 9, 1);
	ck_assert(!allows(RP_BY_CLIENT, true));
	wait_for(RP_NEVER, 9, 1); /* nothing was left */
	ck_assert(allows(RP_BY_CLIENT, true));
}
END_TEST

START_TEST(what_it_leaves_to_do_itself_is)
{
	rp_request_joins(flagged, 0);
	wait_for(RP_NEVER, 9, 1);
	ck_assert(allows(RP_BY_CLIENT, true));
	work();
	wait_for(0, 9, 1);
	ck_assert(allows(RP_BY_CLIENT, true));
	wait_for(0, 9, 1); /* whoever worked in between */
	ck_assert(allows(RP_BY_CLIENT, true));
}
END_TEST

START_TEST(a_timer_of_ones_own_may_ring_in_anothers_turn)
{
	rp_request_joins(flagged, 0);
	wait_for(10000ull * MS, 9, 1);
	wait_for(10000ull * MS, 9, 1);
	ck_assert(allows(RP_BY_CLIENT, true));
	work();
	wait_for(1 * MS, 9, 1);
	flagged_burn(3);
	ck_assert(!rp_turn_allows(FLAGGED + 1, RP_BY_CLIENT, true));
}
END_TEST

/* A bell that the loop's own thread rings keeps its next wait from blocking. */
START_TEST(who_rings_its_own_bell_has_something_left_to_do)
{
	rp_request_joins(flagged, 0);
	rp_turn_set_made(SET);
	rp_turn_comes_to(SET);
	wait_for(RP_NEVER, 9, 1);
	rp_turn_set_rung(SET, false); /* for one that was answered */
	wait_for(RP_NEVER, 9, 1);
	ck_assert(!allows(RP_BY_CLIENT, true));
	wait_for(RP_NEVER, 9, 1);
	ck_assert(allows(RP_BY_CLIENT, true));
	work();
	rp_turn_set_rung(SET, false); /* for itself */
	wait_for(RP_NEVER, 9, 1);
	ck_assert(allows(RP_BY_CLIENT, true));
}
END_TEST

/* ... which others may have rung for those who were answered. */
START_TEST(the_turn_of_a_bell_is_not_for_who_is_alone)
{
	rp_request_joins(flagged, 0);
	wait_for(RP_NEVER, 9, 1);
	rp_turn_brought(SET, true);
	ck_assert(!allows(RP_BY_CLIENT, true));
}
END_TEST

START_TEST(what_it_changes_in_its_set_is_no_ring)
{
	rp_request_joins(flagged, 0);
	rp_turn_set_made(SET);
	rp_turn_comes_to(SET);
	wait_for(RP_NEVER, 9, 1);
	rp_turn_set_rung(SET, true);
	wait_for(RP_NEVER, 9, 1);
	ck_assert(allows(RP_BY_CLIENT, true));
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
	tcase_add_test(t, who_rings_its_own_bell_has_something_left_to_do);
	tcase_add_test(t, the_turn_of_a_bell_is_not_for_who_is_alone);
	tcase_add_test(t, what_it_changes_in_its_set_is_no_ring);
	suite_add_tcase(suite, t);
	return suite_run(suite);
}
