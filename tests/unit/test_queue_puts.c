/* test_queue_puts.c - who lets a mutex go under which others wait: puts it something in?
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/queue_parts.h"

#include "tests/support/workers.h"

/* By somebody for the flagged request, who wakes nobody. */
static void put_quietly(void)
{
	become(SERVER);
	work();
	unlock();
	rp_current_leave();
}

static void make_known(void)
{
	settle(TRUSTED);
	put(true);
	ck_assert(takes(WORKER));
	waits(WORKER);
}

/* A pool that grows when there is much to do: the new one never had to wait. */
START_TEST(who_finds_something_before_it_ever_waits_is_no_putter)
{
	make_known();
	put(true);
	put(true);
	takes(CLIENT);
	ck_assert(!takes(WORKER));
	waits(WORKER);
	waits(CLIENT);
	for (unsigned i = 0; i < TRUSTED; i++) {
		put(false);
		takes(WORKER);
		waits(WORKER);
	}
	put(true);
	ck_assert(takes(CLIENT));
}
END_TEST

START_TEST(who_wakes_when_it_has_let_it_go_has_put)
{
	make_known();
	put_quietly();
	wakes(false);
	ck_assert(takes(WORKER));
}
END_TEST

START_TEST(who_wakes_nobody_may_have_put_nothing)
{
	make_known();
	put_quietly();
	ck_assert(!takes(WORKER));
}
END_TEST

START_TEST(who_has_put_often_by_the_counts_is_believed)
{
	enum { OFTEN = 4 };

	make_known();
	for (unsigned i = 0; i < 3 * OFTEN; i++) {
		put_quietly();
		ck_assert_uint_eq(takes(WORKER), i >= OFTEN);
		waits(WORKER);
		flagged_take(&notes); /* tracks are few */
	}
}
END_TEST

/* Only looks, as who watches how long the queue is. */
START_TEST(who_puts_nothing_is_never_believed)
{
	make_known();
	for (unsigned i = 0; i < 20; i++) {
		become(CLIENT);
		unlock();
		put(true);
		ck_assert(!takes(WORKER));
		takes(SECOND); /* of what the counts say */
		waits(WORKER);
	}
}
END_TEST

START_TEST(a_worker_that_puts_back_spoils_it)
{
	make_known();
	put(true);
	takes(WORKER);
	wakes(true);
	unlock();
	put(true);
	ck_assert(!takes(SECOND));
}
END_TEST

START_TEST(a_worker_that_puts_back_and_then_wakes_spoils_it)
{
	make_known();
	put(true);
	takes(WORKER);
	unlock();
	wakes(false);
	put(true);
	ck_assert(!takes(SECOND));
}
END_TEST

/* Its own job is in there, and it takes what comes first, until that is done. */
START_TEST(who_may_help_the_workers_works_for_nobody)
{
	make_known();
	become(SERVER);
	work();
	wakes(true);
	unlock();
	ck_assert(works());
	ck_assert_uint_eq(atomic_load(&flagged->unsure), 0);
	unlock();
	ck_assert_uint_eq(rp_self.armed, 0);
	ck_assert_uint_eq(atomic_load(&flagged->unsure), 1);
}
END_TEST

START_TEST(who_put_another_one_goes_on)
{
	make_known();
	become(SERVER);
	work();
	unlock();
	wakes(false);
	ck_assert(works());
	unlock();
	wakes(false);
	ck_assert(works());
	ck_assert_uint_eq(atomic_load(&flagged->unsure), 0);
}
END_TEST

/* node's thread, in the middle of a callback: V8 collects garbage, has given jobs for that to its
 * workers, and looks whether they are done. */
START_TEST(who_is_told_whose_work_it_does_goes_on)
{
	make_known();
	become(SERVER);
	work();
	rp_self.by = RP_BY_RUNTIME;
	rp_self.runtime = 1;
	wakes(true);
	unlock();
	unlock();
	ck_assert(works());
	rp_current_offer(&(struct rp_handoff){.by = RP_BY_QUEUE});
	ck_assert(works());
	ck_assert_uint_eq(atomic_load(&flagged->unsure), 0);
	rp_self.runtime = 0;
	unlock();
	ck_assert_uint_eq(rp_self.armed, 0);
}
END_TEST

static void be_made(void)
{
	become(CLIENT);
	rp_current_take(
	        &(struct rp_handoff){.serial = atomic_load(&flagged->serial), .by = RP_BY_CREATOR});
	ck_assert(works());
}

/* One more worker, made by who has put something in. */
START_TEST(a_new_thread_that_may_have_taken_something_works_for_nobody)
{
	be_made();
	unlock(); /* nobody waits there for anything: it guards something else */
	ck_assert(works());
	rp_current_leave();
	waits(WORKER);
	be_made();
	unlock();
	ck_assert_uint_eq(rp_self.armed, 0);
	make_known();
	be_made();
	unlock();
	ck_assert_uint_eq(rp_self.armed, 0);
}
END_TEST

/* The first thread of a pool, made when its job has been put in: nobody ever waited there. */
START_TEST(the_first_thread_of_a_pool_may_take_what_is_anothers)
{
	become(SERVER);
	work();
	unlock();
	rp_queue_makes_thread();
	ck_assert(works());
	be_made();
	unlock();
	ck_assert_uint_eq(rp_self.armed, 0);
}
END_TEST

START_TEST(the_first_thread_of_a_pool_may_be_made_under_its_mutex)
{
	become(SERVER);
	work();
	rp_queue_makes_thread();
	unlock();
	ck_assert(works());
	be_made();
	unlock();
	ck_assert_uint_eq(rp_self.armed, 0);
}
END_TEST

/* What its maker never let go is no queue between them. */
START_TEST(a_new_thread_goes_on_past_a_mutex_of_its_own)
{
	pthread_mutex_t other = mutex;
	struct rp_handoff job;

	become(SERVER);
	work();
	rp_queue_passes(&other, &job);
	rp_queue_makes_thread();
	be_made();
	unlock();
	ck_assert(works());
}
END_TEST

START_TEST(a_new_thread_that_wakes_who_waits_for_it_goes_on)
{
	make_known();
	be_made();
	wakes(true);
	unlock();
	ck_assert(works());
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hot/queue_puts");
	TCase *t = tcase_create("queue_puts");

	tcase_add_checked_fixture(t, ready, done);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, who_finds_something_before_it_ever_waits_is_no_putter);
	tcase_add_test(t, who_wakes_when_it_has_let_it_go_has_put);
	tcase_add_test(t, who_wakes_nobody_may_have_put_nothing);
	tcase_add_test(t, who_has_put_often_by_the_counts_is_believed);
	tcase_add_test(t, who_puts_nothing_is_never_believed);
	tcase_add_test(t, a_worker_that_puts_back_spoils_it);
	tcase_add_test(t, a_worker_that_puts_back_and_then_wakes_spoils_it);
	tcase_add_test(t, who_may_help_the_workers_works_for_nobody);
	tcase_add_test(t, who_put_another_one_goes_on);
	tcase_add_test(t, who_is_told_whose_work_it_does_goes_on);
	tcase_add_test(t, a_new_thread_that_may_have_taken_something_works_for_nobody);
	tcase_add_test(t, the_first_thread_of_a_pool_may_take_what_is_anothers);
	tcase_add_test(t, the_first_thread_of_a_pool_may_be_made_under_its_mutex);
	tcase_add_test(t, a_new_thread_goes_on_past_a_mutex_of_its_own);
	tcase_add_test(t, a_new_thread_that_wakes_who_waits_for_it_goes_on);
	suite_add_tcase(suite, t);
	return suite_run(suite);
}
