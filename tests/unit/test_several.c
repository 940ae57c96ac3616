/* test_several.c - the rows of an analysis request by request.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "tools/several.h"

#include <string.h>
#include "tests/support/handmade.h"
#include "tests/support/suite.h"

/* Three requests: 10, 20 and 60 ms in f, of which the last never calls g. */
static struct rp_profile *three(void)
{
	struct rp_profile *p = handmade_make();

	handmade_add(p, "main;f", 10);
	handmade_add(p, "main;g", 30);
	handmade_next(p, 4711, 1);
	handmade_add(p, "main;f", 15);
	handmade_add(p, "main;g;f", 5);
	handmade_add(p, "main;g", 3);
	handmade_next(p, 4711, 2);
	handmade_add(p, "main;f", 60);
	handmade_add(p, "main;f;[wait: sleep]", 7);
	return p;
}

struct question {
	const struct rp_profile *p;
	struct rp_query query;
};

static void ask_flat(struct rp_shares *out, const struct rp_session *only, void *arg)
{
	struct question *q = arg;

	q->query.only = only;
	rp_analyses_flat(out, q->p, &q->query);
}

static void flat(struct rp_shares *out, const struct rp_profile *p, size_t limit)
{
	struct question q = {.p = p};
	struct rp_query all = {.limit = limit};

	rp_analyses_flat(out, p, &all);
	rp_several_spread(out, p, ask_flat, &q);
}

START_TEST(each_request_counts_once_and_without_the_row_as_nothing)
{
	struct rp_profile *p = three();
	struct rp_shares s;

	flat(&s, p, 0);
	ck_assert_uint_eq(s.n_rows, 3);
	ck_assert_str_eq(p->functions[s.rows[0].functions[0]].name, "f");
	ck_assert_double_eq(s.spreads[0].mean, 30e6);
	ck_assert_double_eq(s.spreads[0].median, 20e6);
	ck_assert_double_eq(s.spreads[0].most, 60e6);
	ck_assert_str_eq(p->functions[s.rows[1].functions[0]].name, "g");
	ck_assert_double_eq(s.spreads[1].mean, 11e6);
	ck_assert_double_eq(s.spreads[1].least, 0);
	ck_assert_uint_eq(s.spreads[1].n, 3);
	rp_analyses_free(&s);
	handmade_free(p);
}
END_TEST

START_TEST(rows_beyond_the_limit_are_not_mixed_into_those_shown)
{
	struct rp_profile *p = three();
	struct rp_shares s;

	flat(&s, p, 1);
	ck_assert_uint_eq(s.n_rows, 1);
	ck_assert_uint_eq(s.n_all, 3);
	ck_assert_double_eq(s.spreads[0].mean, 30e6);
	rp_analyses_free(&s);
	handmade_free(p);
}
END_TEST

START_TEST(the_means_of_all_rows_are_the_mean_of_the_requests)
{
	struct rp_profile *p = three();
	struct rp_spread duration = rp_several_of(p, &rp_several_numbers[0]);
	struct rp_shares s;
	double sum = 0;

	flat(&s, p, 0);
	for (size_t i = 0; i < s.n_rows; i++)
		sum += s.spreads[i].mean;
	ck_assert_str_eq(rp_several_numbers[0].key, "duration_ns");
	ck_assert_double_eq_tol(sum, duration.mean, 1e-3);
	ck_assert_double_eq_tol(sum, 130e6 / 3, 1e-3);
	rp_analyses_free(&s);
	handmade_free(p);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("several");
	TCase *all = tcase_create("several");

	tcase_add_test(all, each_request_counts_once_and_without_the_row_as_nothing);
	tcase_add_test(all, rows_beyond_the_limit_are_not_mixed_into_those_shown);
	tcase_add_test(all, the_means_of_all_rows_are_the_mean_of_the_requests);
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
