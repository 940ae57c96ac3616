/* test_heir.c - for whom a thread works that a flagged one has made.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/heir.h"

#include <pthread.h>
#include "tests/support/turns.h"

/* What it found when it ran. */
static struct found {
	bool works, works_beside_another;
} found;

static void *run(void *comes)
{
	found.works = works();
	if (comes)
		rp_request_joins(NULL, 1);
	found.works_beside_another = works();
	return NULL;
}

static void *run_and_wait(void *nothing)
{
	static pthread_cond_t none = PTHREAD_COND_INITIALIZER;
	struct rp_wait w;

	found.works = works();
	rp_wait_enter(&w, RP_WAIT_COND, &none, 0);
	rp_wait_leave(&w);
	found.works_beside_another = works();
	return nothing;
}

static void *run_else(void *nothing)
{
	return nothing;
}

/* As our hooks do. */
static bool make(void *(*start)(void *), void *arg, bool join)
{
	struct rp_heir *heir = rp_heir_make(start, arg);
	pthread_t thread;

	found = (struct found){false, false};
	ck_assert_int_eq(pthread_create(&thread, NULL, heir ? rp_heir_main : start,
	                                heir ? (void *)heir : arg),
	                 0);
	rp_heir_made(start);
	pthread_join(thread, NULL);
	if (join)
		rp_heir_joined();
	return heir;
}

static void be_alone(void)
{
	rp_request_joins(flagged, 0);
	work();
}

static void be_beside_others(void)
{
	rp_request_joins(flagged, 1);
	work();
}

START_TEST(it_works_for_who_is_alone)
{
	be_alone();
	ck_assert(make(run, NULL, false));
	ck_assert(found.works && found.works_beside_another);
}
END_TEST

START_TEST(until_another_one_comes)
{
	be_alone();
	make(run, &found, false);
	ck_assert(found.works && !found.works_beside_another);
}
END_TEST

/* A pool that grows when there is more to do than it has threads. */
START_TEST(beside_others_it_may_be_a_pools)
{
	be_beside_others();
	for (unsigned i = 0; i < 8; i++)
		ck_assert(!make(run, NULL, false));
	ck_assert(!found.works);
}
END_TEST

START_TEST(beside_others_it_works_for_who_joins_such_threads)
{
	make(run, NULL, true); /* nobody is flagged yet */
	make(run, NULL, true);
	be_beside_others();
	ck_assert(make(run, NULL, true));
	ck_assert(found.works);
	ck_assert(make(run, NULL, false));
}
END_TEST

START_TEST(several_are_made_before_the_first_is_joined)
{
	for (unsigned i = 0; i < 3; i++)
		rp_heir_made(run);
	for (unsigned i = 0; i < 3; i++)
		rp_heir_joined();
	be_beside_others();
	ck_assert(make(run, NULL, false));
}
END_TEST

/* Nobody joins it, but it did one thing and was over. */
START_TEST(what_ended_without_a_wait_for_more_shows_what_it_is_for)
{
	be_alone();
	make(run, NULL, false);
	be_beside_others();
	ck_assert(make(run, NULL, false));
	ck_assert(found.works);
}
END_TEST

/* A pool's, which then waits for the next. */
START_TEST(what_waits_for_more_shows_nothing)
{
	be_alone();
	make(run_and_wait, NULL, false);
	ck_assert(found.works && !found.works_beside_another);
	be_beside_others();
	ck_assert(!make(run_and_wait, NULL, false));
}
END_TEST

START_TEST(what_others_run_shows_nothing)
{
	for (unsigned i = 0; i < 4; i++)
		make(run_else, NULL, true);
	be_beside_others();
	ck_assert(!make(run, NULL, true));
}
END_TEST

/* Somebody who ends a pool joins many that it did not make. */
START_TEST(who_joins_more_than_it_made_shows_no_more)
{
	make(run, NULL, true);
	for (unsigned i = 0; i < 8; i++)
		rp_heir_joined();
	be_beside_others();
	ck_assert(!make(run, NULL, false));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hot/heir");
	TCase *t = tcase_create("heir");

	tcase_add_checked_fixture(t, ready, done);
	tcase_add_test(t, it_works_for_who_is_alone);
	tcase_add_test(t, until_another_one_comes);
	tcase_add_test(t, beside_others_it_may_be_a_pools);
	tcase_add_test(t, beside_others_it_works_for_who_joins_such_threads);
	tcase_add_test(t, several_are_made_before_the_first_is_joined);
	tcase_add_test(t, what_ended_without_a_wait_for_more_shows_what_it_is_for);
	tcase_add_test(t, what_waits_for_more_shows_nothing);
	tcase_add_test(t, what_others_run_shows_nothing);
	tcase_add_test(t, who_joins_more_than_it_made_shows_no_more);
	suite_add_tcase(suite, t);
	return suite_run(suite);
}
