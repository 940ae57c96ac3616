/* test_queue.c - jobs put into a queue and taken out of it, by threads that this one plays.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/queue.h"

#include "tests/support/workers.h"

static void *puts_many(void *nothing)
{
	for (unsigned i = 0; i <= RP_QUEUE_JOBS; i++)
		unlock();
	return nothing;
}

START_TEST(it_is_believed_when_it_has_been_right_often)
{
	settle(0);
	for (unsigned i = 0; i < TRUSTED + 2; i++) {
		put(true);
		ck_assert_uint_eq(takes(WORKER), i >= TRUSTED);
		waits(WORKER);
	}
}
END_TEST

START_TEST(a_worker_that_waits_again_works_for_nobody)
{
	settle(TRUSTED);
	put(true);
	ck_assert(takes(WORKER));
	rp_queue_waits(&more, &mutex);
	ck_assert_uint_eq(rp_self.armed, 0);
}
END_TEST

/* pthread_cond_broadcast. */
START_TEST(who_is_woken_in_vain_has_it_shown_anew)
{
	settle(TRUSTED);
	waits(SECOND);
	put(true);
	ck_assert(takes(WORKER));
	become(SECOND);
	rp_queue_woke(&mutex, false);
	unlock();
	waits(SECOND);
	put(true);
	ck_assert(!takes(WORKER));
	for (unsigned i = 0; i < TRUSTED; i++) {
		waits(WORKER);
		put(true);
		takes(WORKER);
	}
	waits(WORKER);
	put(true);
	ck_assert(takes(WORKER));
}
END_TEST

START_TEST(a_worker_that_takes_the_next_job_works_for_that)
{
	settle(TRUSTED);
	show_order();
	put(true);
	put(false);
	ck_assert(takes(WORKER));
	unlock();
	ck_assert_uint_eq(rp_self.armed, 0);
}
END_TEST

/* Somebody who waits under it and puts as well: a pool of things that are given back, or the lock
 * of an interpreter. */
START_TEST(who_waits_and_puts_spoils_it)
{
	settle(TRUSTED);
	become(SERVER);
	work();
	unlock();
	rp_current_leave();
	rp_queue_waits(&more, &mutex); /* not empty, as it ought to be */
	ck_assert(!takes(WORKER));
	put(true);
	ck_assert(!takes(WORKER));
}
END_TEST

/* Before it ever waited it took something that was there, and gave it back. */
START_TEST(who_puts_and_then_waits_spoils_it)
{
	settle(TRUSTED);
	put(true);
	ck_assert(takes(WORKER));
	become(SERVER);
	rp_queue_waits(&more, &mutex);
	put(true);
	ck_assert(!takes(SECOND));
}
END_TEST

START_TEST(taking_more_than_was_put_spoils_it)
{
	settle(TRUSTED);
	ck_assert(!takes(WORKER));
	put(true);
	ck_assert(!takes(WORKER));
}
END_TEST

START_TEST(whose_time_was_over_took_nothing)
{
	settle(TRUSTED);
	become(WORKER);
	rp_queue_waits(&more, &mutex);
	rp_queue_woke(&mutex, true);
	unlock();
	put(true);
	ck_assert(takes(SECOND));
}
END_TEST

START_TEST(one_waiter_alone_may_be_waiting_for_an_answer)
{
	waits(WORKER);
	for (unsigned i = 0; i < 8; i++) {
		put(true);
		ck_assert(!takes(WORKER));
		waits(WORKER);
	}
}
END_TEST

START_TEST(a_queue_that_grows_too_long_is_counted_anew)
{
	settle(TRUSTED);
	for (unsigned i = 0; i <= RP_QUEUE_JOBS; i++) {
		put(i & 1 << 4);
		flagged_take(&notes);
	}
	for (unsigned i = 0; i <= RP_QUEUE_JOBS; i++)
		ck_assert(!takes(WORKER));
	waits(WORKER);
	put(true);
	ck_assert(takes(WORKER));
}
END_TEST

/* It is not known whose the next one is: certainly not the one before. */
START_TEST(who_takes_when_it_is_believed_no_more_works_for_nobody)
{
	settle(TRUSTED);
	put(true);
	ck_assert(takes(WORKER));
	unlock(); /* more than was put */
	ck_assert_uint_eq(rp_self.armed, 0);
}
END_TEST

/* There are more jobs than are remembered. */
START_TEST(who_takes_when_it_is_counted_no_more_works_for_nobody)
{
	pthread_t thread;

	settle(TRUSTED);
	put(true);
	ck_assert(takes(WORKER));
	ck_assert_int_eq(pthread_create(&thread, NULL, puts_many, NULL), 0);
	pthread_join(thread, NULL);
	unlock();
	ck_assert_uint_eq(rp_self.armed, 0);
}
END_TEST

/* A handler that takes something for its own request. */
START_TEST(what_a_thread_takes_for_its_own_request_changes_nothing)
{
	settle(TRUSTED);
	put(false);
	become(WORKER);
	work();
	unlock();
	ck_assert(works());
}
END_TEST

/* It has read the request, put it into another queue, and takes the next connection. */
START_TEST(who_gave_its_request_away_works_for_it_no_longer)
{
	settle(TRUSTED);
	put(false);
	become(WORKER);
	work();
	rp_self.gave = true;
	unlock();
	ck_assert_uint_eq(rp_self.armed, 0);
}
END_TEST

START_TEST(a_job_of_a_request_that_is_over_is_nobodys)
{
	settle(TRUSTED);
	put(true);
	rp_request_end(flagged, RP_END_COMPLETE, rp_mono_ns());
	become(WORKER);
	unlock();
	ck_assert_uint_eq(rp_self.armed, 0);
}
END_TEST

START_TEST(many_mutexes_share_the_table)
{
	static char others[1000];

	become(WORKER);
	for (unsigned i = 0; i < sizeof(others); i++) {
		rp_queue_waits(&others[i], &others[i]);
		rp_queue_woke(&others[i], false);
	}
	become(SERVER);
	put(true);
	ck_assert(!takes(WORKER)); /* there was no room, or it is not trusted */
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hot/queue");
	TCase *t = tcase_create("queue");

	tcase_add_checked_fixture(t, ready, done);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, it_is_believed_when_it_has_been_right_often);
	tcase_add_test(t, a_worker_that_waits_again_works_for_nobody);
	tcase_add_test(t, who_is_woken_in_vain_has_it_shown_anew);
	tcase_add_test(t, a_worker_that_takes_the_next_job_works_for_that);
	tcase_add_test(t, who_waits_and_puts_spoils_it);
	tcase_add_test(t, who_puts_and_then_waits_spoils_it);
	tcase_add_test(t, taking_more_than_was_put_spoils_it);
	tcase_add_test(t, whose_time_was_over_took_nothing);
	tcase_add_test(t, one_waiter_alone_may_be_waiting_for_an_answer);
	tcase_add_test(t, a_queue_that_grows_too_long_is_counted_anew);
	tcase_add_test(t, who_takes_when_it_is_believed_no_more_works_for_nobody);
	tcase_add_test(t, who_takes_when_it_is_counted_no_more_works_for_nobody);
	tcase_add_test(t, what_a_thread_takes_for_its_own_request_changes_nothing);
	tcase_add_test(t, who_gave_its_request_away_works_for_it_no_longer);
	tcase_add_test(t, a_job_of_a_request_that_is_over_is_nobodys);
	tcase_add_test(t, many_mutexes_share_the_table);
	suite_add_tcase(suite, t);
	return suite_run(suite);
}
