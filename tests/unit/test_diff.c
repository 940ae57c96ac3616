/* test_diff.c - what changed between two sets of sessions, of hand-made profiles.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "tools/diff.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "tests/support/handmade.h"
#include "tests/support/suite.h"
#include "tools/random.h"
#include "tools/render_diff.h"

enum { N = 20 };

static const struct rp_diff_how how = {RP_DIFF_AUTO, 0.99, 0.02};

/* Milliseconds with a little noise of their own. */
static unsigned noisy(uint64_t *random, unsigned ms)
{
	return ms * 10 - ms / 4 + rp_random_below(random, ms / 2 + 1);
}

/* N requests before and N after: `price` goes from 40 to AFTER (in tenths of a handmade ms). */
static struct rp_profile *shop(unsigned after, const char *stack_after)
{
	struct rp_profile *p = handmade_make();
	uint64_t random = 1;

	for (int i = 0; i < 2 * N; i++) {
		bool late = i >= N;

		if (i)
			handmade_next(p, late ? 5000 : 4711, (unsigned)i);
		handmade_add(p, late ? stack_after : "main;price@/old/shop/price.c",
		             noisy(&random, late ? after : 40));
		handmade_add(p, "main;render!libtpl", noisy(&random, 30));
		handmade_add(p, "main;query@/src/db/query.c;[wait: recv tcp 10.0.0.5:5432]",
		             noisy(&random, 50));
		handmade_add(p, "main;tiny", 1);
	}
	return p;
}

static const char *name_of(const struct rp_profile *p, const struct rp_diff_row *row)
{
	return p->functions[row->function].name;
}

START_TEST(a_slower_function_is_named_and_nothing_else)
{
	struct rp_profile *p = shop(44, "main;price@/new/shop/price.c");
	struct rp_diff d;

	rp_diff_make(&d, p, N, &how);
	ck_assert_uint_eq(d.n_before, N);
	ck_assert_uint_eq(d.n_after, N);
	ck_assert_uint_eq(d.n_changed, 1);
	ck_assert_str_eq(name_of(p, &d.rows[0]), "price");
	ck_assert_int_eq(d.rows[0].verdict, RP_DIFF_SLOWER);
	ck_assert(d.rows[0].cpu);
	ck_assert_double_eq_tol(rp_diff_share(&d.rows[0].change), 0.1, 0.03);
	ck_assert_str_eq(p->functions[d.rows[0].function].file, "/new/shop/price.c");
	ck_assert_uint_eq(d.n_rows, 3);
	ck_assert_uint_eq(d.n_small, 1);
	ck_assert(d.one_by_one);
	rp_diff_free(&d);
	handmade_free(p);
}
END_TEST

START_TEST(nothing_changed_is_an_answer)
{
	struct rp_profile *p = shop(40, "main;price@/new/shop/price.c");
	struct rp_diff d;

	rp_diff_make(&d, p, N, &how);
	ck_assert_uint_eq(d.n_changed, 0);
	ck_assert_str_eq(rp_diff_word(&d), "no significant change");
	rp_diff_free(&d);
	handmade_free(p);
}
END_TEST

START_TEST(a_certain_change_that_is_too_small_to_matter_is_none)
{
	struct rp_profile *p = shop(44, "main;price@/new/shop/price.c");
	struct rp_diff_how coarse = how;
	struct rp_diff d;

	coarse.least = 0.2;
	rp_diff_make(&d, p, N, &coarse);
	ck_assert_uint_eq(d.n_changed, 0);
	ck_assert_double_lt(d.rows[0].change.p, 0.01);
	rp_diff_free(&d);
	handmade_free(p);
}
END_TEST

START_TEST(a_function_that_came_and_one_that_went)
{
	struct rp_profile *p = shop(40, "main;price_fast@/new/shop/price.c");
	struct rp_diff d;

	rp_diff_make(&d, p, N, &how);
	ck_assert_uint_eq(d.n_changed, 2);
	for (size_t i = 0; i < 2; i++) {
		bool new = strcmp(name_of(p, &d.rows[i]), "price_fast") == 0;

		ck_assert_int_eq(d.rows[i].verdict, new ? RP_DIFF_SLOWER : RP_DIFF_FASTER);
		if (new)
			ck_assert(isinf(rp_diff_share(&d.rows[i].change)));
		else
			ck_assert_double_eq(rp_diff_share(&d.rows[i].change), -1);
	}
	ck_assert_str_eq(rp_diff_word(&d), "changed");
	rp_diff_free(&d);
	handmade_free(p);
}
END_TEST

START_TEST(too_few_requests_say_so_and_nothing_else)
{
	struct rp_profile *p = handmade_make();
	struct rp_diff d;

	for (int i = 0; i < 6; i++) {
		if (i)
			handmade_next(p, 4711, (unsigned)i);
		handmade_add(p, "main;f", i < 3 ? 10 : 1000);
	}
	rp_diff_make(&d, p, 3, &how);
	ck_assert(d.too_few);
	ck_assert_uint_eq(d.n_changed, 0);
	ck_assert_str_eq(rp_diff_word(&d), "too few requests");
	ck_assert_double_eq_tol(rp_diff_share(&d.rows[0].change), 99, 1e-9);
	rp_diff_free(&d);
	handmade_free(p);
}
END_TEST

/* A machine that was busy afterwards: longer waits and durations, all of it run delay. */
START_TEST(what_a_busy_machine_does_is_no_change)
{
	struct rp_profile *p = shop(40, "main;price@/new/shop/price.c");
	struct rp_diff d;

	for (size_t i = N; i < p->n_sessions; i++) {
		struct rp_session *s = &p->sessions[i];

		for (size_t k = 0; k < s->n_points; k++) {
			struct rp_point *point = &p->points[s->first_point + k];

			point->wall_ns += 300000000;
			if (point->kind == RP_POINT_WAIT)
				point->delay_ns = 300000000;
		}
		s->account.wall.ns[RP_PART_NOT_RUNNING] = 900000000;
		s->account.duration_ns += 900000000;
	}
	rp_diff_make(&d, p, N, &how);
	ck_assert_uint_eq(d.n_changed, 0);
	ck_assert(!d.lines[0].judged);
	ck_assert_double_gt(rp_diff_share(&d.lines[0].change), 0.5);
	ck_assert_double_eq_tol(rp_diff_share(&d.lines[1].change), 0, 0.02);
	ck_assert_str_eq(rp_diff_word(&d), "no significant change");
	rp_diff_free(&d);

	struct rp_diff_how wall = how;

	wall.clock = RP_DIFF_WALL;
	rp_diff_make(&d, p, N, &wall);
	ck_assert_int_eq(d.lines[0].verdict, RP_DIFF_SLOWER);
	rp_diff_free(&d);
	handmade_free(p);
}
END_TEST

/* The same waits; afterwards more of each was taken for run delay. */
START_TEST(a_wait_that_changed_by_estimate_only_is_the_same)
{
	struct rp_profile *p = shop(40, "main;price@/new/shop/price.c");
	struct rp_diff d;

	for (size_t i = 0; i < p->n_points; i++)
		if (p->points[i].kind == RP_POINT_WAIT)
			p->points[i].delay_ns = p->points[i].wall_ns / (i > 4 * N ? 10 : 100);
	rp_diff_make(&d, p, N, &how);
	ck_assert_uint_eq(d.n_changed, 0);
	rp_diff_free(&d);
	handmade_free(p);
}
END_TEST

START_TEST(functions_of_two_builds_are_kin_by_name_and_file)
{
	struct rp_profile *p = shop(44, "main;price@/new/shop/price.c");
	uint32_t *kin = rp_diff_kin(p), n_kin = 0;

	for (uint32_t i = 0; i < p->n_functions; i++) {
		n_kin += kin[i] == i;
		ck_assert_uint_eq(kin[kin[i]], kin[i]);
		ck_assert_str_eq(p->functions[kin[i]].name, p->functions[i].name);
	}
	ck_assert_uint_eq(n_kin + 1, p->n_functions); /* price of both builds is one */
	free(kin);
	handmade_free(p);
}
END_TEST

START_TEST(sets_that_took_turns_are_known)
{
	struct rp_profile *p = shop(40, "main;price@/old/shop/price.c");
	struct rp_diff d;

	for (size_t i = 0; i < p->n_sessions; i++)
		p->sessions[i].began_wall_ns = 1000 * (i % N) + i / N;
	rp_diff_make(&d, p, N, &how);
	ck_assert(!d.one_by_one);
	rp_diff_free(&d);
	handmade_free(p);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("diff");
	TCase *all = tcase_create("diff");

	tcase_set_timeout(all, 60);
	tcase_add_test(all, a_slower_function_is_named_and_nothing_else);
	tcase_add_test(all, nothing_changed_is_an_answer);
	tcase_add_test(all, a_certain_change_that_is_too_small_to_matter_is_none);
	tcase_add_test(all, a_function_that_came_and_one_that_went);
	tcase_add_test(all, too_few_requests_say_so_and_nothing_else);
	tcase_add_test(all, what_a_busy_machine_does_is_no_change);
	tcase_add_test(all, a_wait_that_changed_by_estimate_only_is_the_same);
	tcase_add_test(all, functions_of_two_builds_are_kin_by_name_and_file);
	tcase_add_test(all, sets_that_took_turns_are_known);
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
