/* test_executor.c - threads that may go on with another's task are believed only for who is alone.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/executor.h"

#include <pthread.h>
#include <sys/prctl.h>
#include "preload/hot/bell.h"
#include "preload/hot/conn.h"
#include "tests/support/turns.h"

enum { SET = 700, BELL };

static bool reads(bool watched)
{
	if (!rp_turn_allows_client(FLAGGED, watched, true))
		return false;
	work();
	return works();
}

START_TEST(a_connection_that_a_loop_watches_may_be_read_by_a_task)
{
	ck_assert(!reads(true));
	ck_assert(reads(false));
}
END_TEST

START_TEST(who_is_alone_has_no_tasks_beside_it_until_somebody_comes)
{
	rp_request_joins(flagged, 0);
	ck_assert(reads(true));
	rp_request_joins(NULL, 0);
	ck_assert(!works());
}
END_TEST

START_TEST(who_is_believed_anyhow_is_so_when_somebody_comes)
{
	rp_request_joins(flagged, 0);
	ck_assert(reads(false));
	rp_request_joins(NULL, 0);
	ck_assert(works());
}
END_TEST

static void *is_named(void *name)
{
	prctl(PR_SET_NAME, name);
	return reads(false) ? name : NULL;
}

/* What a thread of this name may be said to do. */
static bool believed(char *name)
{
	pthread_t thread;
	void *ret;

	pthread_create(&thread, NULL, is_named, name);
	pthread_join(thread, &ret);
	return ret;
}

START_TEST(so_may_any_by_who_waits_for_epoll_sets_of_which_nothing_is_known)
{
	rp_self.turn.polls = true;
	ck_assert(!reads(false));
	rp_self.turn.polls = false;
	ck_assert(reads(false));
}
END_TEST

START_TEST(a_worker_that_parks_has_left_its_task)
{
	const struct rp_waited cond = {.kind = RP_WAIT_COND, .fd = -1};

	rp_request_joins(flagged, 0);
	ck_assert(reads(false));
	ck_assert(!rp_executor_parks_on_futex(&rp_self)); /* a thread that is its own */
	rp_current_leave();
	ck_assert(reads(true));
	ck_assert(rp_executor_parks_on_futex(&rp_self));
	ck_assert(!rp_executor_parks(&rp_self, &cond)); /* it may wait for its own job */
	rp_self.executor = RP_EXECUTOR_BY_NAME;
	ck_assert(rp_executor_parks(&rp_self, &cond));
	rp_self.executor = RP_EXECUTOR_NOT_LOOKED;
}
END_TEST

START_TEST(some_have_names)
{
	ck_assert(!believed("ForkJoinPool-1-worker-1"));
	ck_assert(!believed("tokio-runtime-worker"));
	ck_assert(!believed("server:w"));
	ck_assert(believed("worker-1"));
	ck_assert(believed(":w"));
	ck_assert(believed("server:wait"));
}
END_TEST

START_TEST(who_was_seen_to_leave_a_request_is_believed_no_more)
{
	ck_assert(reads(false));
	rp_executor_meets(); /* it reads on another connection */
	rp_current_leave();
	ck_assert(!reads(false));
	ck_assert_uint_eq(rp_current_off(), 1u << RP_BY_CLIENT);
	rp_request_joins(flagged, 0);
	ck_assert(reads(false));
}
END_TEST

START_TEST(a_loop_that_turns_to_another_connection_is_no_such_thread)
{
	int most = 9;

	rp_turn_wait(RP_NEVER, false, &most);
	rp_turn_begins(1);
	ck_assert(reads(true));
	rp_executor_meets();
	ck_assert_uint_eq(rp_current_off(), 0);
}
END_TEST

/* One event came to the calling thread, which waited on SET. */
static bool a_turn_is_its_own(void)
{
	int most = 9;

	rp_turn_comes_to(SET);
	rp_turn_wait(RP_NEVER, false, &most);
	rp_turn_begins(1);
	rp_turn_brought(SET, false);
	return rp_turn_allows_client(FLAGGED, true, true);
}

static void *takes_a_turn(void *own)
{
	*(bool *)own = a_turn_is_its_own();
	return own;
}

START_TEST(a_set_that_two_threads_wait_on_gives_nobody_a_turn)
{
	pthread_t thread;
	bool own = true;

	rp_turn_set_made(SET);
	ck_assert(a_turn_is_its_own());
	pthread_create(&thread, NULL, takes_a_turn, &own);
	pthread_join(thread, NULL);
	ck_assert(!own && !a_turn_is_its_own());
	rp_turn_set_made(SET); /* another one of that number */
	ck_assert(a_turn_is_its_own());
}
END_TEST

/* A task that another thread has read may go on here. */
START_TEST(a_turn_on_such_a_set_is_over_when_somebody_comes)
{
	static const enum rp_source ways[] = {RP_BY_CLIENT, RP_BY_UPSTREAM, RP_BY_TIMER};
	struct rp_handoff h = {.request = FLAGGED, .serial = atomic_load(&flagged->serial)};
	pthread_t thread;
	bool own;

	rp_turn_set_made(SET);
	pthread_create(&thread, NULL, takes_a_turn, &own);
	pthread_join(thread, NULL);
	for (unsigned i = 0; i < 3; i++) {
		rp_request_joins(flagged, 0);
		ck_assert(a_turn_is_its_own());
		h.by = ways[i];
		rp_current_take(&h);
		ck_assert(works());
		rp_request_joins(NULL, 0);
		ck_assert(!works());
		rp_current_leave();
	}
}
END_TEST

static void *rings(void *again)
{
	rp_turn_set_rung(SET, again);
	return NULL;
}

static void *writes(void *nothing)
{
	rp_bell_is_rung(BELL);
	return nothing;
}

static void by_another(void *(*run)(void *), void *arg)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, run, arg), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
}

/* AGAIN, BEFORE the loop waits for the first time, and by whom; whether it is the loop's alone. */
static const struct {
	bool again, before, by_another, is_shared;
} pokes[] = {
        {false, true, true, false}, /* who makes a loop puts its bells in */
        {true, true, true, true},   {true, true, false, false},  {false, false, true, true},
        {true, false, true, true},  {true, false, false, false},
};

START_TEST(a_loop_that_another_thread_wakes_is_not_its_threads_alone)
{
	rp_turn_set_made(SET);
	if (!pokes[_i].before)
		rp_turn_comes_to(SET);
	if (pokes[_i].by_another)
		by_another(rings, pokes[_i].again ? &flagged : NULL);
	else
		rp_turn_set_rung(SET, pokes[_i].again);
	ck_assert_int_eq(a_turn_is_its_own(), !pokes[_i].is_shared);
	ck_assert_int_eq(rp_turn_is_shared(&rp_self), pokes[_i].is_shared);
}
END_TEST

/* What runs on a loop into whose list another thread puts things and writes to its bell. */
static const enum rp_turn_runs runs_of[] = {RP_RUNS_CALLBACKS, RP_RUNS_TASKS, RP_RUNS_INLINE};

START_TEST(a_loop_whose_bell_another_thread_rings_works_off_its_list_in_any_turn)
{
	atomic_store(&rp_turn_runs, runs_of[_i]);
	rp_conn_born(BELL, RP_FD_CARRIER);
	rp_turn_set_made(SET);
	rp_bell_put(SET, BELL, 1);
	ck_assert(a_turn_is_its_own());
	writes(NULL); /* its own thread has something left to do, once */
	ck_assert(!a_turn_is_its_own());
	ck_assert(a_turn_is_its_own());
	by_another(writes, NULL);
	/* nginx and node do that in the bell's own turn */
	ck_assert_int_eq(a_turn_is_its_own(), runs_of[_i] != RP_RUNS_CALLBACKS);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hot/executor");
	TCase *t = tcase_create("threads");

	tcase_add_checked_fixture(t, ready_beside_others, done);
	tcase_add_test(t, a_connection_that_a_loop_watches_may_be_read_by_a_task);
	tcase_add_test(t, who_is_alone_has_no_tasks_beside_it_until_somebody_comes);
	tcase_add_test(t, who_is_believed_anyhow_is_so_when_somebody_comes);
	tcase_add_test(t, so_may_any_by_who_waits_for_epoll_sets_of_which_nothing_is_known);
	tcase_add_test(t, a_worker_that_parks_has_left_its_task);
	tcase_add_test(t, some_have_names);
	tcase_add_test(t, who_was_seen_to_leave_a_request_is_believed_no_more);
	tcase_add_test(t, a_loop_that_turns_to_another_connection_is_no_such_thread);
	tcase_add_test(t, a_set_that_two_threads_wait_on_gives_nobody_a_turn);
	tcase_add_test(t, a_turn_on_such_a_set_is_over_when_somebody_comes);
	tcase_add_loop_test(t, a_loop_that_another_thread_wakes_is_not_its_threads_alone, 0,
	                    sizeof(pokes) / sizeof(pokes[0]));
	tcase_add_loop_test(t,
	                    a_loop_whose_bell_another_thread_rings_works_off_its_list_in_any_turn,
	                    0, sizeof(runs_of) / sizeof(runs_of[0]));
	suite_add_tcase(suite, t);
	return suite_run(suite);
}
