/* test_turn.c - turns of a loop: what belongs to whom, for how long, and what a loop is not told.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/turn.h"

#include "preload/hot/bell.h"
#include "preload/hot/conn.h"
#include "preload/hot/heir.h"
#include "tests/support/turns.h"

enum { SET = 7, CLIENT = 8, BELL = 9 };

static void begin(enum rp_turn_kind kind)
{
	switch (kind) {
	case RP_TURN_UNSEEN:
		rp_turn_unseen(&rp_self.turn, RP_NEVER);
		break;
	case RP_TURN_ONE:
		wait_for(RP_NEVER, 9, 1);
		break;
	case RP_TURN_MANY:
		wait_for(RP_NEVER, 9, 2);
		break;
	case RP_TURN_BUSY:
		wait_for(RP_NEVER, 9, 1);
		wait_for(0, 9, 1);
		break;
	}
	ck_assert_uint_eq(rp_self.turn.kind, kind);
}

/* What runs on the loop, how its turn began; whether the thread may be said to work for the request
 * whose head came, to whose client it writes, whose upstream's answer it reads; and for one that is
 * alone. */
static const struct {
	enum rp_turn_runs runs;
	enum rp_turn_kind kind;
	bool head, client, upstream, alone;
} rows[] = {
        {RP_RUNS_ANYTHING, RP_TURN_ONE, false, false, false, true},
        {RP_RUNS_ANYTHING, RP_TURN_MANY, false, false, false, false},
        {RP_RUNS_ANYTHING, RP_TURN_UNSEEN, false, false, false, true},
        {RP_RUNS_ANYTHING, RP_TURN_BUSY, false, false, false, false},
        {RP_RUNS_TASKS, RP_TURN_ONE, true, false, false, true},
        {RP_RUNS_TASKS, RP_TURN_MANY, false, false, false, false},
        {RP_RUNS_CALLBACKS, RP_TURN_ONE, true, true, true, true},
        {RP_RUNS_CALLBACKS, RP_TURN_MANY, false, false, false, false},
        {RP_RUNS_CALLBACKS, RP_TURN_UNSEEN, false, false, false, true},
        {RP_RUNS_CALLBACKS, RP_TURN_BUSY, false, false, false, false},
        {RP_RUNS_INLINE, RP_TURN_ONE, true, true, true, true},
        {RP_RUNS_INLINE, RP_TURN_MANY, true, true, true, true},
        {RP_RUNS_INLINE, RP_TURN_UNSEEN, true, true, true, true},
        {RP_RUNS_INLINE, RP_TURN_BUSY, false, false, false, false},
};
enum { N_ROWS = sizeof(rows) / sizeof(rows[0]) };

START_TEST(whose_a_turn_is)
{
	atomic_store(&rp_turn_runs, rows[_i].runs);
	begin(rows[_i].kind);
	ck_assert_uint_eq(allows(RP_BY_CLIENT, true), rows[_i].head);
	ck_assert_uint_eq(allows(RP_BY_CLIENT, false), rows[_i].client);
	ck_assert_uint_eq(allows(RP_BY_UPSTREAM, true), rows[_i].upstream);
}
END_TEST

START_TEST(where_nobody_else_is_in_flight_it_is_whose_else)
{
	rp_request_joins(flagged, 0);
	atomic_store(&rp_turn_runs, rows[_i].runs);
	begin(rows[_i].kind);
	ck_assert_uint_eq(allows(RP_BY_CLIENT, false), rows[_i].alone);
	ck_assert_uint_eq(allows(RP_BY_UPSTREAM, true), rows[_i].alone);
	rp_request_joins(NULL, 0); /* somebody comes */
	ck_assert_uint_eq(allows(RP_BY_CLIENT, true), rows[_i].head);
}
END_TEST

START_TEST(a_thread_without_a_loop_is_never_in_doubt)
{
	atomic_store(&rp_turn_runs, RP_RUNS_ANYTHING);
	ck_assert(allows(RP_BY_CLIENT, false) && allows(RP_BY_UPSTREAM, true));
}
END_TEST

/* A turn that was begun by what came for the request, of which none but it is in flight. */
static void turn_of_one(uint64_t others_ns, bool alone, bool reads)
{
	rp_request_joins(flagged, !alone);
	wait_for(others_ns, 9, 1);
	wait_for(others_ns, 9, 1);
	ck_assert(allows(RP_BY_CLIENT, reads));
	work();
}

START_TEST(a_timer_that_a_request_set_alone_is_its_own)
{
	turn_of_one(10000ull * MS, true, true);
	wait_for(3 * MS, 9, 0);
	ck_assert(works());
	wait_for(1 * MS, 9, 0); /* set in that turn, or not yet due */
	ck_assert(works());
	wait_for(RP_NEVER, 9, 1);
	ck_assert(!works());
	wait_for(3 * MS, 9, 0); /* by whoever had that turn */
	ck_assert(!works());
}
END_TEST

START_TEST(a_timer_beside_other_requests_is_nobodys)
{
	turn_of_one(10000ull * MS, false, true);
	wait_for(3 * MS, 9, 0);
	ck_assert(!works());
	turn_of_one(10000ull * MS, true, true);
	rp_request_joins(NULL, 1); /* somebody comes while it waits */
	wait_for(3 * MS, 9, 0);
	ck_assert(!works());
}
END_TEST

START_TEST(a_timer_of_a_turn_that_something_else_began_is_nobodys)
{
	turn_of_one(10000ull * MS, true, false);
	wait_for(3 * MS, 9, 0);
	ck_assert(!works());
}
END_TEST

START_TEST(a_timer_that_was_there_before_is_nobodys)
{
	turn_of_one(20 * MS, true, true);
	wait_for(20 * MS, 9, 0);
	ck_assert(!works());
}
END_TEST

/* ... and from when it may be due on its own is not the only one. */
START_TEST(a_timer_of_its_own_is_one_of_several_once_another_may_be_due)
{
	turn_of_one(10000ull * MS, true, true);
	rp_self.turn.due_ns = rp_mono_ns() + 2000ull * MS;
	wait_for(3 * MS, 9, 0);
	ck_assert(works());
	ck_assert_uint_lt(rp_self.turn.due_ns, rp_mono_ns() + 2000ull * MS);
	rp_self.turn.due_ns = rp_mono_ns(); /* that is now */
	ck_assert(!works());
}
END_TEST

START_TEST(a_timer_that_rings_beside_an_event_of_its_request_ends_nothing)
{
	turn_of_one(10000ull * MS, true, true);
	wait_for(1 * MS, 9, 1);
	flagged_burn(3);
	ck_assert(allows(RP_BY_UPSTREAM, true));
	work();
	ck_assert(works());
}
END_TEST

START_TEST(a_timer_outlives_no_request)
{
	turn_of_one(10000ull * MS, true, true);
	rp_request_end(flagged, RP_END_COMPLETE, rp_mono_ns());
	wait_for(3 * MS, 9, 0);
	ck_assert(!works());
}
END_TEST

START_TEST(an_interpreters_timer_may_be_due_a_millisecond_before)
{
	uint64_t loops_ns;

	begin(RP_TURN_ONE);
	rp_self.turn.back_ns = rp_mono_ns();
	wait_for(20 * MS, 9, 1);
	loops_ns = rp_self.turn.due_ns;
	atomic_store(&rp_turn_runs, RP_RUNS_ANYTHING);
	begin(RP_TURN_ONE);
	rp_self.turn.back_ns = loops_ns - 19 * MS;
	wait_for(20 * MS, 9, 1);
	ck_assert_uint_eq(rp_self.turn.due_ns, loops_ns - 1 * MS);
}
END_TEST

START_TEST(a_turn_is_nobodys_once_a_timer_may_be_due)
{
	uint64_t began_ns;

	begin(RP_TURN_ONE);
	began_ns = rp_mono_ns();
	wait_for(20 * MS, 9, 1);
	ck_assert_uint_le(rp_self.turn.due_ns, began_ns + 20 * MS);
	ck_assert_uint_ge(rp_self.turn.due_ns, began_ns + 18 * MS);
	ck_assert(allows(RP_BY_CLIENT, true));
	work();
	flagged_burn(40);
	ck_assert(!allows(RP_BY_CLIENT, true));
	ck_assert_uint_ne(rp_self.armed, RP_ARMED); /* a tick has found out */
	rp_current_leave();
	flagged_take(&notes);
	ck_assert_uint_eq(notes.n_ends, 1);
	ck_assert_uint_eq(notes.end.end_ns, rp_self.turn.due_ns);
}
END_TEST

START_TEST(after_a_turn_that_nobody_saw_the_next_is_somebodys)
{
	rp_turn_unseen(&rp_self.turn, 1000 * MS);
	wait_for(50 * MS, 9, 1);
	ck_assert(allows(RP_BY_CLIENT, true));
	rp_self.turn = (struct rp_turn){0};
	rp_turn_unseen(&rp_self.turn, RP_NEVER); /* when it came back is not known */
	wait_for(50 * MS, 9, 1);
	ck_assert(!allows(RP_BY_CLIENT, true));
}
END_TEST

START_TEST(a_segment_between_two_ticks_is_cut_where_the_timer_was_due)
{
	uint64_t due_ns;

	flagged->interval_ns = 1000 * MS;
	begin(RP_TURN_ONE);
	wait_for(5 * MS, 9, 1);
	due_ns = rp_self.turn.due_ns;
	work();
	flagged_burn(20);
	rp_current_leave();
	flagged_take(&notes);
	ck_assert_uint_eq(notes.end.end_ns, due_ns);
	ck_assert_uint_le(notes.end.cpu_ns, 6 * MS);
}
END_TEST

static void *run(void *nothing)
{
	return nothing;
}

START_TEST(what_a_loop_makes_then_is_nobodys_either)
{
	struct rp_heir *heir;

	for (unsigned i = 0; i < 2; i++) {
		rp_heir_made(run);
		rp_heir_joined();
	}
	turn_of_one(10000ull * MS, false, true);
	heir = rp_heir_make(run, NULL);
	ck_assert_ptr_nonnull(heir);
	rp_heir_free(heir);
	rp_self.turn.due_ns = rp_mono_ns();
	ck_assert_ptr_null(rp_heir_make(run, NULL));
}
END_TEST

START_TEST(while_a_flagged_request_is_served_events_come_one_by_one)
{
	ck_assert_int_eq(wait_for(RP_NEVER, 64, 1), 1);
	ck_assert_int_eq(wait_for(0, 64, 1), 1);
	ck_assert_int_eq(wait_for(RP_NEVER, 1, 1), 1);
	ck_assert_int_eq(wait_for(RP_NEVER, -5, -1), -5); /* the kernel will say EINVAL */
	rp_request_end(flagged, RP_END_COMPLETE, rp_mono_ns());
	ck_assert_int_eq(wait_for(RP_NEVER, 64, 2), 64);
}
END_TEST

START_TEST(a_poll_is_told_of_nothing_while_there_is_something_to_do)
{
	int most = 64;
	unsigned n = 0;

	begin(RP_TURN_ONE);
	work();
	while (n < 5 && rp_turn_wait(0, true, &most))
		n++;
	ck_assert_uint_eq(n, 5);
	ck_assert_uint_eq(rp_self.armed, RP_ARMED); /* it goes on with what the event began */
	wait_for(RP_NEVER, 64, 1);
	ck_assert_uint_eq(rp_self.armed, 0);
}
END_TEST

START_TEST(but_not_for_ever)
{
	int most = 64;
	unsigned n = 0;

	begin(RP_TURN_ONE);
	work();
	while (rp_turn_wait(0, true, &most))
		n++;
	ck_assert_uint_le(n, RP_HOLD_POLLS);
	ck_assert_uint_gt(n, 0);
	ck_assert_uint_eq(rp_self.armed,
	                  0); /* something else may be done in between from here on */
	rp_turn_begins(1);
	ck_assert_uint_eq(rp_self.turn.kind, RP_TURN_BUSY);
	ck_assert(!rp_turn_wait(0, true, &most)); /* nor again, until it waits */
	wait_for(RP_NEVER, 64, 1);
	ck_assert(rp_turn_wait(0, true, &most));
	flagged_burn(RP_HOLD_NS / MS + 5);
	ck_assert(!rp_turn_wait(0, true, &most));
}
END_TEST

/* A poll of the set, beside others, brought N; then the set gave what it had. */
static void ripen(int n, int n_fetched)
{
	int most = 64;

	rp_turn_wait(RP_NEVER, false, &most);
	rp_turn_ripens(n);
	most = 64;
	ck_assert(!rp_turn_wait(0, true, &most)); /* or it would be polled again, for ever */
	ck_assert_int_eq(most, 1);
	rp_turn_begins(n_fetched);
}

START_TEST(a_set_that_was_polled_gives_its_events_without_a_wait)
{
	int most = 64;
	uint32_t number = rp_self.turn.number;

	ripen(1, 1);
	ck_assert_uint_eq(rp_self.turn.kind, RP_TURN_ONE);
	ck_assert_uint_eq(rp_self.turn.number, number + 1);
	work();
	ck_assert(rp_turn_wait(0, true, &most)); /* once */
	ripen(2, 1);
	ck_assert_uint_eq(rp_self.turn.kind, RP_TURN_MANY);
	ripen(1, 0); /* what was ready was something beside it */
	ck_assert_uint_eq(rp_self.turn.kind, RP_TURN_MANY);
	rp_turn_wait(RP_NEVER, false, &most);
	rp_turn_ripens(0); /* nothing was */
	ck_assert(rp_turn_wait(0, true, &most));
	rp_turn_wait(0, false, &most); /* a poll that cannot block: there is something to do */
	rp_turn_ripens(1);
	ck_assert(rp_turn_wait(0, true, &most));
}
END_TEST

START_TEST(nothing_is_held_back_for_nobody)
{
	int most = 64;

	begin(RP_TURN_ONE);
	rp_request_end(flagged, RP_END_COMPLETE, rp_mono_ns());
	ck_assert(!rp_turn_wait(0, true, &most));
	ck_assert_int_eq(most, 64);
}
END_TEST

START_TEST(tasks_of_an_interpreter_do_not_outlive_the_callback)
{
	int most = 64;

	atomic_store(&rp_turn_runs, RP_RUNS_TASKS);
	begin(RP_TURN_ONE);
	work();
	ck_assert(rp_turn_wait(0, true, &most));
	ck_assert_uint_eq(rp_self.armed, 0);
}
END_TEST

START_TEST(a_turn_that_a_bell_began_is_for_no_client_in_particular)
{
	begin(RP_TURN_ONE);
	rp_turn_brought(7, true);
	ck_assert(!allows(RP_BY_CLIENT, true));
	ck_assert(!allows(RP_BY_CLIENT, false));
	ck_assert(!allows(RP_BY_UPSTREAM, true));
	ck_assert(allows(RP_BY_TIMER, true)); /* who made the timer says whose it is */
	wait_for(RP_NEVER, 9, 1);
	rp_turn_brought(7, false);
	ck_assert(allows(RP_BY_CLIENT, true));
}
END_TEST

/* One that began before anybody looked: N events, DATA the first's. */
static void unseen(int n, bool could_block, uint64_t data)
{
	rp_self.turn = (struct rp_turn){0};
	rp_turn_comes_to(SET);
	rp_turn_unseen(&rp_self.turn, could_block ? RP_NEVER : 0);
	rp_turn_unseen_begins(&rp_self.turn, n, could_block, data);
}

START_TEST(the_first_turn_is_somebodys_as_any_other)
{
	rp_turn_set_made(SET);
	unseen(1, true, CLIENT);
	ck_assert(allows(RP_BY_CLIENT, true));
	unseen(2, true, CLIENT);
	ck_assert(!allows(RP_BY_CLIENT, true));
	unseen(1, false, CLIENT);
	ck_assert(!allows(RP_BY_CLIENT, true));
	rp_conn_born(BELL, RP_FD_CARRIER);
	rp_bell_put(SET, BELL, BELL);
	unseen(1, true, BELL);
	ck_assert(!allows(RP_BY_CLIENT, true));
	wait_for(RP_NEVER, 9, 1);
	ck_assert(allows(RP_BY_CLIENT, true));
}
END_TEST

START_TEST(of_two_that_come_at_once_none_is_alone)
{
	rp_request_joins(flagged, 0);
	rp_request_came(flagged);
	ck_assert(rp_request_is_alone(FLAGGED));
	rp_request_came(NULL); /* it had joined before, when nobody saw FLAGGED */
	ck_assert(!rp_request_is_alone(FLAGGED));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hot/turn");
	TCase *t = tcase_create("turn");

	tcase_add_checked_fixture(t, ready, done);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, whose_a_turn_is, 0, N_ROWS);
	tcase_add_loop_test(t, where_nobody_else_is_in_flight_it_is_whose_else, 0, N_ROWS);
	tcase_add_test(t, a_thread_without_a_loop_is_never_in_doubt);
	tcase_add_test(t, a_timer_that_a_request_set_alone_is_its_own);
	tcase_add_test(t, a_timer_beside_other_requests_is_nobodys);
	tcase_add_test(t, a_timer_of_a_turn_that_something_else_began_is_nobodys);
	tcase_add_test(t, a_timer_that_was_there_before_is_nobodys);
	tcase_add_test(t, a_timer_of_its_own_is_one_of_several_once_another_may_be_due);
	tcase_add_test(t, a_timer_that_rings_beside_an_event_of_its_request_ends_nothing);
	tcase_add_test(t, a_timer_outlives_no_request);
	tcase_add_test(t, an_interpreters_timer_may_be_due_a_millisecond_before);
	tcase_add_test(t, a_turn_is_nobodys_once_a_timer_may_be_due);
	tcase_add_test(t, after_a_turn_that_nobody_saw_the_next_is_somebodys);
	tcase_add_test(t, a_segment_between_two_ticks_is_cut_where_the_timer_was_due);
	tcase_add_test(t, what_a_loop_makes_then_is_nobodys_either);
	tcase_add_test(t, while_a_flagged_request_is_served_events_come_one_by_one);
	tcase_add_test(t, a_poll_is_told_of_nothing_while_there_is_something_to_do);
	tcase_add_test(t, but_not_for_ever);
	tcase_add_test(t, a_set_that_was_polled_gives_its_events_without_a_wait);
	tcase_add_test(t, nothing_is_held_back_for_nobody);
	tcase_add_test(t, tasks_of_an_interpreter_do_not_outlive_the_callback);
	tcase_add_test(t, a_turn_that_a_bell_began_is_for_no_client_in_particular);
	tcase_add_test(t, the_first_turn_is_somebodys_as_any_other);
	tcase_add_test(t, of_two_that_come_at_once_none_is_alone);
	suite_add_tcase(suite, t);
	return suite_run(suite);
}
