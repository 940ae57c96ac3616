/* test_pending.c - requests that wait for their responses, between a reader and a writer.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/pending.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>
#include "tests/support/suite.h"

static struct rp_pending p;

START_TEST(first_in_first_out)
{
	struct rp_run *run;

	ck_assert_ptr_null(rp_pending_front(&p));
	rp_pending_pop(&p); /* of nothing: nothing */
	ck_assert(rp_pending_push(&p, 0, 0, 0));
	ck_assert(rp_pending_push(&p, 1, 0, 0));
	ck_assert(rp_pending_push(&p, 0, 7, 1234));
	run = rp_pending_front(&p);
	ck_assert_uint_eq(run->asked, 0);
	rp_pending_pop(&p);
	ck_assert_uint_eq(rp_pending_front(&p)->asked, 1);
	rp_pending_pop(&p);
	run = rp_pending_front(&p);
	ck_assert_uint_eq(run->serial, 1234);
	ck_assert_uint_eq(run->request, 7);
	rp_pending_pop(&p);
	ck_assert_ptr_null(rp_pending_front(&p));
}
END_TEST

START_TEST(a_pipeline_of_plain_requests_takes_one_run)
{
	for (unsigned i = 0; i < 10000; i++)
		ck_assert(rp_pending_push(&p, 0, 0, 0));
	ck_assert_uint_eq(atomic_load(&p.end), 1);
	for (unsigned i = 0; i < 10000; i++) {
		ck_assert_ptr_nonnull(rp_pending_front(&p));
		rp_pending_pop(&p);
	}
	ck_assert_ptr_null(rp_pending_front(&p));
}
END_TEST

/* A run counts to 65535; the requests after that begin another. */
START_TEST(a_run_never_overflows)
{
	unsigned n = 3 * 65535 + 5;

	for (unsigned i = 0; i < n; i++)
		ck_assert(rp_pending_push(&p, 0, 0, 0));
	ck_assert_uint_eq(atomic_load(&p.end), 4);
	for (unsigned i = 0; i < n; i++) {
		ck_assert_ptr_nonnull(rp_pending_front(&p));
		rp_pending_pop(&p);
	}
	ck_assert_ptr_null(rp_pending_front(&p));
}
END_TEST

START_TEST(flagged_requests_are_never_merged)
{
	for (unsigned i = 0; i < RP_MAX_PENDING; i++)
		ck_assert(rp_pending_push(&p, 0, 3, 77));
	ck_assert(!rp_pending_push(&p, 0, 3, 77));
	ck_assert(!rp_pending_push(&p, 0, 0, 0));
	rp_pending_pop(&p);
	rp_pending_pop(&p); /* leaves the first run */
	ck_assert(rp_pending_push(&p, 0, 0, 0));
	ck_assert(!rp_pending_push(&p, 1, 0, 0));
}
END_TEST

/* Its indices are bytes: 256 runs later everything must be as at first. */
START_TEST(indices_wrap)
{
	for (unsigned i = 1; i < 2000; i++) {
		ck_assert(rp_pending_push(&p, 0, i % 32, i));
		ck_assert_uint_eq(rp_pending_front(&p)->serial, i);
		rp_pending_pop(&p);
		ck_assert_ptr_null(rp_pending_front(&p));
	}
}
END_TEST

/* --- a reader that pushes, a writer that pops, a third thread that looks --- */

enum { N_REQUESTS = 50000 };
static atomic_bool over;
static uint64_t n_popped, n_wrong;

/* Every 5th is flagged; its serial is its number. */
static uint32_t serial_of(uint32_t i)
{
	return i % 5 ? 0 : i;
}

static void *pop_all(void *arg)
{
	(void)arg;
	for (uint32_t i = 1; i <= N_REQUESTS; i++) {
		struct rp_run *run;

		while (!(run = rp_pending_front(&p)))
			sched_yield();
		n_wrong += run->serial != serial_of(i);
		rp_pending_pop(&p);
		n_popped++;
	}
	return NULL;
}

static void *look(void *arg)
{
	(void)arg;
	while (!atomic_load(&over))
		rp_pending_front(&p);
	return NULL;
}

START_TEST(order_holds_between_threads)
{
	pthread_t popper, looker;

	ck_assert_int_eq(pthread_create(&popper, NULL, pop_all, NULL), 0);
	ck_assert_int_eq(pthread_create(&looker, NULL, look, NULL), 0);
	for (uint32_t i = 1; i <= N_REQUESTS; i++)
		while (!rp_pending_push(&p, 0, (uint8_t)(i % 32), serial_of(i)))
			sched_yield();
	pthread_join(popper, NULL);
	atomic_store(&over, true);
	pthread_join(looker, NULL);
	ck_assert_uint_eq(n_wrong, 0);
	ck_assert_uint_eq(n_popped, N_REQUESTS);
	ck_assert_ptr_null(rp_pending_front(&p));
}
END_TEST

START_TEST(one_alone_is_told_from_several)
{
	ck_assert_ptr_null(rp_pending_single(&p));
	ck_assert(rp_pending_push(&p, 0, 0, 0));
	ck_assert(rp_pending_push(&p, 0, 0, 0));
	ck_assert_ptr_null(rp_pending_single(&p)); /* in one run */
	rp_pending_pop(&p);
	ck_assert_ptr_eq(rp_pending_single(&p), rp_pending_front(&p));
	ck_assert(rp_pending_push(&p, 1, 7, 1234));
	ck_assert_ptr_null(rp_pending_single(&p)); /* in two */
	rp_pending_pop(&p);
	ck_assert_uint_eq(rp_pending_single(&p)->serial, 1234);
	rp_pending_pop(&p);
	ck_assert_ptr_null(rp_pending_single(&p));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pending");
	TCase *tcase = tcase_create("pending");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, first_in_first_out);
	tcase_add_test(tcase, a_pipeline_of_plain_requests_takes_one_run);
	tcase_add_test(tcase, a_run_never_overflows);
	tcase_add_test(tcase, flagged_requests_are_never_merged);
	tcase_add_test(tcase, one_alone_is_told_from_several);
	tcase_add_test(tcase, indices_wrap);
	tcase_add_test(tcase, order_holds_between_threads);
	return suite_run(suite);
}
