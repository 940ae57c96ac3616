/* test_refusal.c - every refusal is counted, one a minute is told.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/refusal.h"

#include "tests/support/suite.h"

enum { SECOND = 1000000000 };

START_TEST(one_a_minute_is_told)
{
	struct rp_ip ip = {{1, 2, 3}}, seen;
	enum rp_refusal why;
	uint64_t now_ns = 5 * (uint64_t)SECOND;

	ck_assert(!rp_refusal_is_due());
	ck_assert(rp_refuse(RP_REFUSAL_peer, &ip, now_ns));
	ck_assert(!rp_refuse(RP_REFUSAL_no_key, NULL, now_ns + 59 * (uint64_t)SECOND));
	ck_assert(rp_refusal_is_due());
	ck_assert(rp_refusal_take(&why, &seen));
	ck_assert_int_eq(why, RP_REFUSAL_peer);
	ck_assert_mem_eq(&seen, &ip, sizeof(ip));
	ck_assert(!rp_refusal_take(&why, &seen));
	ck_assert(rp_refuse(RP_REFUSAL_no_key, NULL, now_ns + 60 * (uint64_t)SECOND));
	ck_assert(rp_refusal_take(&why, &seen));
	ck_assert_int_eq(why, RP_REFUSAL_no_key);
	ck_assert_uint_eq(atomic_load(&rp_refusals[RP_REFUSAL_peer]), 1);
	ck_assert_uint_eq(atomic_load(&rp_refusals[RP_REFUSAL_no_key]), 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("refusal");
	TCase *tcase = tcase_create("refusal");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, one_a_minute_is_told);
	return suite_run(suite);
}
