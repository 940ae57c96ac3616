/* test_change.c - changes that are there are found, and those that are not are not.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "tools/change.h"

#include <math.h>
#include "tests/support/suite.h"
#include "tools/random.h"

enum { N = 30 };

/* As times of requests are: a floor, a skewed part above it, now and then something far off. */
static double draw(uint64_t *random, double typical)
{
	double u = ((double)(rp_random(random) >> 11) + 1) / 9007199254740993.0;
	double far = rp_random_below(random, 40) == 0 ? 0.5 : 0;

	return typical * (0.97 - 0.03 * log(u) + far);
}

static void fill(double *values, uint64_t *random, double typical)
{
	for (int i = 0; i < N; i++)
		values[i] = draw(random, typical);
}

static struct rp_change change(const double *before, size_t n_before, const double *after,
                               size_t n_after)
{
	return rp_change_of(before, n_before, after, n_after, RP_CHANGE_TAIL);
}

static unsigned found(double factor, unsigned runs, double level)
{
	uint64_t random = 7;
	unsigned n = 0;

	for (unsigned run = 0; run < runs; run++) {
		double before[N], after[N];

		fill(before, &random, 100);
		fill(after, &random, 100 * factor);
		n += change(before, N, after, N).p < level;
	}
	return n;
}

START_TEST(false_alarms_are_as_rare_as_p_says)
{
	/* 5 of 100; four standard deviations of a count of 200 are 12. */
	unsigned n = found(1, 200, 0.05);

	ck_assert_uint_le(n, 22);
	ck_assert_uint_ge(n, 1);
}
END_TEST

START_TEST(eight_percent_are_found)
{
	ck_assert_uint_ge(found(1.08, 20, 0.001), 19);
	ck_assert_uint_ge(found(1 / 1.08, 20, 0.001), 19);
}
END_TEST

START_TEST(one_odd_request_is_no_change)
{
	uint64_t random = 3;
	double before[N], after[N];

	fill(before, &random, 100);
	for (int i = 0; i < N; i++)
		after[i] = before[(i + 7) % N];
	after[4] = 1e6;
	struct rp_change c = change(before, N, after, N);

	ck_assert_double_gt(c.p, 0.1);
	ck_assert_double_lt(fabs(c.after - c.before), 3);
}
END_TEST

START_TEST(the_interval_holds_the_true_difference)
{
	uint64_t random = 11;
	unsigned held = 0;

	for (int run = 0; run < 100; run++) {
		double before[N], after[N];

		fill(before, &random, 100);
		fill(after, &random, 110);
		struct rp_change c = change(before, N, after, N);

		rp_change_interval(&c, before, N, after, N, 0.95);
		ck_assert_double_le(c.low, c.after - c.before + 1e-9);
		ck_assert_double_ge(c.high, c.after - c.before - 1e-9);
		/* What is typical of a skewed draw of 100 grows in proportion. */
		held += c.low <= 10.04 && c.high >= 10.04;
	}
	ck_assert_uint_ge(held, 88);
}
END_TEST

/* A tenth is not enough for six of thirty. */
START_TEST(a_longer_tail_overlooks_more_of_them)
{
	uint64_t random = 3;
	double before[N], after[N];

	fill(before, &random, 100);
	fill(after, &random, 100);
	for (int i = 0; i < 6; i++)
		after[5 * i] = 10;
	ck_assert_double_lt(rp_change_of(before, N, after, N, 0.1).after, 96);
	ck_assert_double_gt(rp_change_of(before, N, after, N, 0.2).after, 98);
}
END_TEST

START_TEST(nothing_can_be_said_of_single_requests)
{
	const double one = 1, two = 2, same[] = {5, 5, 5};
	struct rp_change c = change(&one, 1, &two, 1), none = change(&one, 0, &two, 1);

	ck_assert_double_eq(c.p, 1);
	ck_assert_double_eq(c.before, 1);
	ck_assert_double_eq(c.after, 2);
	ck_assert_double_eq(none.p, 1);
	ck_assert_double_eq(change(same, 3, same, 3).p, 1);
}
END_TEST

START_TEST(equal_values_on_either_side_differ_for_certain)
{
	const double before[] = {5, 5, 5, 5, 5, 5, 5, 5}, after[] = {6, 6, 6, 6, 6, 6, 6, 6};
	struct rp_change c = change(before, 8, after, 8);

	/* One of 12870 ways to deal, or its mirror. */
	ck_assert_double_lt(c.p, 0.001);
	rp_change_interval(&c, before, 8, after, 8, 0.99);
	ck_assert_double_eq(c.low, 1);
	ck_assert_double_eq(c.high, 1);
}
END_TEST

START_TEST(many_requests_are_told_at_once)
{
	enum { MANY = 2000 };
	static double before[MANY], after[MANY];
	uint64_t random = 5;

	for (int i = 0; i < MANY; i++) {
		before[i] = draw(&random, 100);
		after[i] = draw(&random, 101);
	}
	ck_assert_double_lt(change(before, MANY, after, MANY).p, 1e-4);
	ck_assert_double_gt(change(before, MANY / 2, before + MANY / 2, MANY / 2).p, 1e-3);
}
END_TEST

START_TEST(holm_raises_each_by_those_that_are_left)
{
	double p[] = {0.04, 0.001, 0.03, 0.5};
	double *all[] = {&p[0], &p[1], &p[2], &p[3]};

	rp_change_adjust(all, 4);
	ck_assert_double_eq_tol(p[1], 0.004, 1e-12);
	ck_assert_double_eq_tol(p[2], 0.09, 1e-12);
	ck_assert_double_eq_tol(p[0], 0.09, 1e-12); /* never less than a smaller one */
	ck_assert_double_eq_tol(p[3], 0.5, 1e-12);
	rp_change_adjust(all, 0);
}
END_TEST

START_TEST(small_groups_cannot_be_sure)
{
	ck_assert_double_eq(rp_change_least_p(1, 30), 1);
	ck_assert_double_eq_tol(rp_change_least_p(3, 3), 0.1, 1e-9);
	ck_assert_double_eq_tol(rp_change_least_p(5, 5), 2.0 / 252, 1e-9);
	ck_assert_double_lt(rp_change_least_p(30, 30), 1e-4);
	ck_assert_double_gt(rp_change_least_p(30, 30), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("change");
	TCase *all = tcase_create("change");

	tcase_set_timeout(all, 60);
	tcase_add_test(all, false_alarms_are_as_rare_as_p_says);
	tcase_add_test(all, eight_percent_are_found);
	tcase_add_test(all, one_odd_request_is_no_change);
	tcase_add_test(all, the_interval_holds_the_true_difference);
	tcase_add_test(all, a_longer_tail_overlooks_more_of_them);
	tcase_add_test(all, nothing_can_be_said_of_single_requests);
	tcase_add_test(all, equal_values_on_either_side_differ_for_certain);
	tcase_add_test(all, many_requests_are_told_at_once);
	tcase_add_test(all, holm_raises_each_by_those_that_are_left);
	tcase_add_test(all, small_groups_cannot_be_sure);
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
