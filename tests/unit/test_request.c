/* test_request.c - slots of flagged requests, their texts and their serials.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/request.h"

#include <pthread.h>
#include <string.h>
#include "preload/hot/drops.h"
#include "tests/support/flagged.h"
#include "tests/support/suite.h"

START_TEST(a_request_keeps_what_may_be_kept_of_its_head)
{
	char longest[3000];
	struct rp_head head = {.method = {"GET", 3}, .target = {longest, sizeof(longest)}};
	struct rp_trigger trigger = {.kind = RP_TRIGGER_HEADER};
	struct rp_request *r = flagged_open(1000);

	ck_assert_uint_eq(r->n_target, strlen("/shop?password=***"));
	ck_assert_int_eq(memcmp(r->target, "/shop?password=***", r->n_target), 0);
	ck_assert_uint_eq(r->method.n, 3);
	ck_assert_uint_eq(r->tag.n, 6);
	ck_assert_uint_eq(r->traceparent.n, 0);
	memset(longest, 'a', sizeof(longest));
	longest[0] = '/';
	head.host = (struct rp_span){longest, sizeof(longest)};
	rp_request_open(r, &head, &trigger, 1, 2);
	ck_assert_uint_eq(r->n_target, RP_TARGET_BYTES);
	ck_assert_int_eq(memcmp(r->target + RP_TARGET_BYTES - 3, "...", 3), 0);
	ck_assert_uint_eq(r->host.n, sizeof(r->host.at));
	ck_assert_uint_eq(r->tag.n, 0); /* nothing of the one before */
}
END_TEST

START_TEST(only_the_first_end_counts)
{
	struct rp_request *r = flagged_open(1000);

	rp_request_end(r, RP_END_COMPLETE, 77);
	rp_request_end(r, RP_END_CLOSED, 99);
	ck_assert_uint_eq(atomic_load(&r->course.last_byte_ns), 77);
	ck_assert_uint_eq(atomic_load(&r->course.how), RP_END_COMPLETE);
	ck_assert_uint_eq(atomic_load(&r->state), RP_REQUEST_ENDED);
}
END_TEST

START_TEST(a_serial_lives_once)
{
	struct rp_request *r = flagged_open(1000);
	uint32_t serial = atomic_load(&r->serial);

	ck_assert(rp_request_lives(0, serial));
	ck_assert(!rp_request_lives(0, serial + 1));
	ck_assert(!rp_request_lives(1, serial));
	rp_request_end(r, RP_END_COMPLETE, 77);
	ck_assert(!rp_request_lives(0, serial));
	rp_request_free(r);
	ck_assert_ptr_eq(flagged_open(1000), r);
	ck_assert(!rp_request_lives(0, serial));
	rp_request_forked();
	ck_assert(!rp_request_lives(0, atomic_load(&r->serial)));
	ck_assert_uint_eq(atomic_load(&rp_n_requests), 0);
	ck_assert_ptr_eq(flagged_open(1000), r);
	ck_assert_uint_gt(atomic_load(&r->serial), serial);
}
END_TEST

START_TEST(what_one_request_lost_is_not_the_next_ones)
{
	struct rp_request *r = flagged_open(1000);

	rp_request_drop(r, RP_DROP_max_samples, 5);
	rp_request_end(r, RP_END_COMPLETE, 77);
	rp_request_free(r);
	r = flagged_open(1000);
	ck_assert_uint_eq(atomic_load(&r->drops[RP_DROP_max_samples]), 0);
}
END_TEST

START_TEST(every_slot_can_be_used_and_no_more)
{
	for (unsigned i = 0; i < RP_MAX_REQUESTS; i++)
		ck_assert_ptr_nonnull(rp_request_claim(1000));
	ck_assert_ptr_null(rp_request_claim(1000));
	ck_assert_uint_eq(atomic_load(&rp_drops[RP_DROP_no_request]), 1);
	for (unsigned i = 0; i < RP_MAX_REQUESTS; i++)
		rp_request_free(&rp_requests[i]);
	ck_assert_uint_eq(atomic_load(&rp_n_requests), 0);
}
END_TEST

START_TEST(an_ended_request_makes_room_for_the_next_before_it_is_written)
{
	struct rp_request *first = flagged_open(1000), *second;

	ck_assert_ptr_null(rp_request_claim(1));
	ck_assert_uint_eq(atomic_load(&rp_drops[RP_DROP_over_concurrent]), 1);
	rp_request_end(first, RP_END_COMPLETE, 77);
	second = rp_request_claim(1);
	ck_assert_ptr_nonnull(second);
	ck_assert_ptr_ne(second, first);
	ck_assert_uint_eq(atomic_load(&rp_n_requests), 2);
	ck_assert_ptr_null(rp_request_claim(1));
	rp_request_free(first); /* was counted out when it ended */
	ck_assert_ptr_null(rp_request_claim(1));
	rp_request_free(second); /* never opened */
	ck_assert_ptr_nonnull(rp_request_claim(1));
}
END_TEST

static _Atomic unsigned n_over;

static void *claim_and_free(void *arg)
{
	for (unsigned i = 0; i < 20000; i++) {
		struct rp_request *r = rp_request_claim(3);

		if (!r)
			continue;
		if (atomic_load(&rp_n_requests) > 3)
			atomic_fetch_add(&n_over, 1);
		rp_request_free(r);
	}
	return arg;
}

START_TEST(threads_never_pass_the_bound)
{
	pthread_t threads[4];

	for (unsigned i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, claim_and_free, NULL), 0);
	for (unsigned i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(n_over, 0);
	ck_assert_uint_eq(atomic_load(&rp_n_requests), 0);
	ck_assert_uint_eq(atomic_load(&rp_drops[RP_DROP_no_request]), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("request");
	TCase *tcase = tcase_create("request");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, flagged_ready, NULL);
	tcase_add_test(tcase, a_request_keeps_what_may_be_kept_of_its_head);
	tcase_add_test(tcase, only_the_first_end_counts);
	tcase_add_test(tcase, a_serial_lives_once);
	tcase_add_test(tcase, what_one_request_lost_is_not_the_next_ones);
	tcase_add_test(tcase, every_slot_can_be_used_and_no_more);
	tcase_add_test(tcase, an_ended_request_makes_room_for_the_next_before_it_is_written);
	tcase_add_test(tcase, threads_never_pass_the_bound);
	return suite_run(suite);
}
