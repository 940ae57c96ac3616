/* test_spread.c - means, quantiles, and whether the interval around a mean keeps its word.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "tools/spread.h"

#include <math.h>
#include <string.h>
#include "tests/support/suite.h"
#include "tools/random.h"

START_TEST(numbers_are_those_of_the_books)
{
	const double values[] = {40, 10, 20, 30};
	struct rp_spread s = rp_spread_of(values, 4);

	ck_assert_uint_eq(s.n, 4);
	ck_assert_double_eq(s.mean, 25);
	ck_assert_double_eq(s.median, 25);
	ck_assert_double_eq_tol(s.p95, 38.5, 1e-9);
	ck_assert_double_eq(s.least, 10);
	ck_assert_double_eq(s.most, 40);
	ck_assert_double_lt(s.low, 25);
	ck_assert_double_gt(s.high, 25);
	ck_assert_double_ge(s.low, 0);
}
END_TEST

START_TEST(one_value_is_itself_and_none_is_nothing)
{
	const double one = 7;
	struct rp_spread s = rp_spread_of(&one, 1), none = rp_spread_of(NULL, 0);

	ck_assert_double_eq(s.mean, 7);
	ck_assert_double_eq(s.low, 7);
	ck_assert_double_eq(s.high, 7);
	ck_assert_double_eq(s.p95, 7);
	ck_assert_double_eq(none.mean, 0);
	ck_assert_double_eq(rp_spread_half(&none), 0);
}
END_TEST

START_TEST(equal_values_leave_no_doubt)
{
	const double values[] = {3, 3, 3, 3, 3};
	struct rp_spread s = rp_spread_of(values, 5);

	ck_assert_double_eq(s.low, 3);
	ck_assert_double_eq(s.high, 3);
	ck_assert_double_eq(rp_spread_half(&s), 0);
}
END_TEST

START_TEST(the_same_values_give_the_same_interval)
{
	const double values[] = {3, 1, 4, 1, 5, 9, 2, 6};
	struct rp_spread a = rp_spread_of(values, 8), b = rp_spread_of(values, 8);

	ck_assert_int_eq(memcmp(&a, &b, sizeof(a)), 0);
}
END_TEST

/* Exponential with mean 1: as skewed as durations are. */
static double draw(uint64_t *random)
{
	return -log(((double)(rp_random(random) >> 11) + 1) / 9007199254740993.0);
}

START_TEST(the_interval_holds_the_true_mean_as_often_as_it_says)
{
	enum { N = 30, RUNS = 1000 };
	uint64_t random = 1;
	unsigned held = 0;

	for (int run = 0; run < RUNS; run++) {
		double values[N];

		for (int i = 0; i < N; i++)
			values[i] = draw(&random);
		struct rp_spread s = rp_spread_of(values, N);

		held += s.low <= 1 && s.high >= 1;
	}
	/* A bootstrap of 30 so skewed values is known to hold 92 of 95. */
	ck_assert_uint_ge(held, RUNS * 90 / 100);
	ck_assert_uint_le(held, RUNS * 98 / 100);
}
END_TEST

START_TEST(only_what_is_far_off_is_an_outlier)
{
	double values[] = {10, 11, 12, 13, 14, 15, 16, 17, 18, 100};
	double few[] = {1, 2, 3, 4, 5, 6, 1000};
	double fence = rp_spread_fence(values, 10);

	ck_assert_double_gt(fence, 18);
	ck_assert_double_lt(fence, 100);
	ck_assert(isinf(rp_spread_fence(few, 7)));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("spread");
	TCase *all = tcase_create("spread");

	tcase_add_test(all, numbers_are_those_of_the_books);
	tcase_add_test(all, one_value_is_itself_and_none_is_nothing);
	tcase_add_test(all, equal_values_leave_no_doubt);
	tcase_add_test(all, the_same_values_give_the_same_interval);
	tcase_add_test(all, the_interval_holds_the_true_mean_as_often_as_it_says);
	tcase_add_test(all, only_what_is_far_off_is_an_outlier);
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
