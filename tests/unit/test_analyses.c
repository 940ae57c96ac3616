/* test_analyses.c - flat, callers, callees, hot paths: each sample once.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>
#include "tests/support/handmade.h"
#include "tests/support/suite.h"
#include "tools/analyses.h"

/* "40 busy|20 a>b|": rows as text; a path's functions joined by ">". */
static const char *rows_text(const struct rp_profile *p, struct rp_shares *s)
{
	static char text[4096];
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < s->n_rows; i++) {
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%u ",
		                      (unsigned)(s->rows[i].ns / 1000000));
		for (size_t k = 0; k < s->rows[i].n_functions; k++)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", k ? ">" : "",
			                      p->functions[s->rows[i].functions[k]].name);
		n += (size_t)snprintf(text + n, sizeof(text) - n, "|");
	}
	rp_analyses_free(s);
	return text;
}

/* A handler in the program, a template engine in a library that calls back, a wait. */
static struct rp_profile *shop(void)
{
	struct rp_profile *p = handmade_make();

	handmade_add(p, "main;handle@/src/shop/h.c;render!libtpl;expand!libtpl", 40);
	handmade_add(p, "main;handle@/src/shop/h.c;render!libtpl;price@/src/shop/p.c", 20);
	handmade_add(p, "main;handle@/src/shop/h.c", 10);
	handmade_add(p, "main;handle@/src/shop/h.c;query@/src/db/q.c;recv!libc;[wait: recv tcp 1]",
	             100);
	handmade_add(p, "main;handle@/src/shop/h.c;render!libtpl;expand!libtpl", 5);
	return p;
}

struct flat_case {
	const char *path;
	size_t limit;
	bool cpu;
	const char *rows;
	size_t n_all;
};

static const struct flat_case flat_cases[] = {
        {NULL, 0, false, "100 [wait: recv tcp 1]|45 expand|20 price|10 handle|", 4},
        {NULL, 2, false, "100 [wait: recv tcp 1]|45 expand|", 4},
        {NULL, 0, true, "45 expand|20 price|10 handle|", 3},
        {"shop/", 0, false, "20 price|10 handle|", 2},
        {"libtpl", 0, false, "45 expand|", 1}, /* no source: the module's path */
        {"nowhere", 0, false, "", 0},
};

START_TEST(flat_is_self_time_without_a_row_for_self)
{
	const struct flat_case *c = &flat_cases[_i];
	struct rp_profile *p = shop();
	struct rp_query q = {.paths = &c->path,
	                     .n_paths = c->path != NULL,
	                     .limit = c->limit,
	                     .cpu = c->cpu,
	                     .depth = 8};
	struct rp_shares s;

	rp_analyses_flat(&s, p, &q);
	ck_assert_uint_eq(s.n_all, c->n_all);
	ck_assert_uint_eq(s.whole_ns, c->cpu ? 75000000 : 175000000);
	ck_assert_str_eq(rows_text(p, &s), c->rows);
	handmade_free(p);
}
END_TEST

START_TEST(several_paths_match_any_of_them)
{
	struct rp_profile *p = shop();
	const char *paths[] = {"h.c", "p.c"};
	struct rp_query q = {.paths = paths, .n_paths = 2};
	struct rp_shares s;

	rp_analyses_flat(&s, p, &q);
	ck_assert_str_eq(rows_text(p, &s), "20 price|10 handle|");
	handmade_free(p);
}
END_TEST

struct about_case {
	const char *function, *path;
	bool total, direct;
	const char *callers, *callees;
	unsigned self_ms, total_ms;
};

static const struct about_case about_cases[] = {
        {"expand", NULL, false, false, "45 render|", "", 45, 45},
        {"render", NULL, false, false, "", "45 expand|20 price|", 0, 65},
        {"render", NULL, true, true, "65 handle|", "45 expand|20 price|", 0, 65},
        {"handle", NULL, false, false, "10 main|", "100 [wait: recv tcp 1]|45 expand|20 price|", 10,
         175},
        {"handle", NULL, true, true, "175 main|", "100 query|65 render|", 10, 175},
        {"handle", "shop/", true, false, "", "20 price|", 10, 175}, /* main is elsewhere */
        {"main", NULL, true, true, "", "175 handle|", 0, 175},      /* a root has no caller */
        {"recv", NULL, true, true, "100 query|", "100 [wait: recv tcp 1]|", 0, 100},
};

START_TEST(callers_and_callees_share_out_the_time_of_one_function)
{
	const struct about_case *c = &about_cases[_i];
	struct rp_profile *p = shop();
	struct rp_query q = {.paths = &c->path,
	                     .n_paths = c->path != NULL,
	                     .total = c->total,
	                     .direct = c->direct,
	                     .depth = 8};
	struct rp_shares s;

	rp_analyses_callers(&s, p, c->function, &q);
	ck_assert_uint_eq(s.self_ns, c->self_ms * 1000000ull);
	ck_assert_uint_eq(s.total_ns, c->total_ms * 1000000ull);
	ck_assert_str_eq(rows_text(p, &s), c->callers);
	rp_analyses_callees(&s, p, c->function, &q);
	ck_assert_uint_eq(s.self_ns, c->self_ms * 1000000ull);
	ck_assert_str_eq(rows_text(p, &s), c->callees);
	handmade_free(p);
}
END_TEST

START_TEST(a_recursion_counts_once)
{
	struct rp_profile *p = handmade_make();
	struct rp_query q = {.total = true, .direct = true, .depth = 8};
	struct rp_shares s;

	handmade_add(p, "main;walk;visit;walk;visit;walk", 30);
	handmade_add(p, "main;walk;visit;walk;leaf", 12);
	rp_analyses_callers(&s, p, "walk", &q);
	ck_assert_uint_eq(s.total_ns, 42000000);
	ck_assert_str_eq(rows_text(p, &s), "42 main|");
	rp_analyses_callees(&s, p, "walk", &q);
	ck_assert_str_eq(rows_text(p, &s), "42 visit|12 leaf|");
	q.total = q.direct = false;
	rp_analyses_callers(&s, p, "walk", &q);
	ck_assert_str_eq(rows_text(p, &s), "30 visit|");
	rp_analyses_callees(&s, p, "walk", &q);
	ck_assert_str_eq(rows_text(p, &s), "12 leaf|");
	handmade_free(p);
}
END_TEST

struct path_case {
	const char *path;
	size_t depth;
	const char *rows;
};

static const struct path_case path_cases[] = {
        {NULL, 8,
         "100 main>handle>query>recv>[wait: recv tcp 1]|45 main>handle>render>expand|"
         "20 main>handle>render>price|10 main>handle|"},
        {NULL, 2, "100 recv>[wait: recv tcp 1]|45 render>expand|20 render>price|10 main>handle|"},
        {NULL, 1, "100 [wait: recv tcp 1]|45 expand|20 price|10 handle|"},
        /* Time of what does not match goes to the nearest caller that does. */
        {"shop/", 8, "155 handle|20 handle>price|"},
        {"/src/", 2, "100 handle>query|55 main>handle|20 handle>price|"},
};

START_TEST(hot_paths_end_where_the_time_is)
{
	const struct path_case *c = &path_cases[_i];
	struct rp_profile *p = shop();
	struct rp_query q = {.paths = &c->path, .n_paths = c->path != NULL, .depth = c->depth};
	struct rp_shares s;

	rp_analyses_hot_paths(&s, p, &q);
	ck_assert_str_eq(rows_text(p, &s), c->rows);
	handmade_free(p);
}
END_TEST

START_TEST(no_analysis_counts_a_sample_twice)
{
	struct rp_profile *p = shop();
	struct rp_query q = {.depth = 3};
	struct rp_shares flat, paths;
	uint64_t sum_flat = 0, sum_paths = 0;

	rp_analyses_flat(&flat, p, &q);
	rp_analyses_hot_paths(&paths, p, &q);
	for (size_t i = 0; i < flat.n_rows; i++)
		sum_flat += flat.rows[i].ns;
	for (size_t i = 0; i < paths.n_rows; i++)
		sum_paths += paths.rows[i].ns;
	ck_assert_uint_eq(sum_flat, 175000000);
	ck_assert_uint_eq(sum_paths, 175000000);
	rp_analyses_free(&flat);
	rp_analyses_free(&paths);
	handmade_free(p);
}
END_TEST

struct name_case {
	const char *name, *word;
	bool means;
};

static const struct name_case name_cases[] = {
        {"handle", "handle", true},
        {"handle", "hand", false},
        {"shop::Cart::add(int, std::pair<int, int>)", "shop::Cart::add", true},
        {"shop::Cart::add(int) const", "shop::Cart::add", true},
        {"shop::Cart::add(int)", "shop::Cart::add(int)", true},
        {"shop::Cart::add(int)", "shop::Cart", false},
        {"run(void (*)(int))", "run", true},
        {"main::{lambda(int)#1}::operator()(int) const", "main::{lambda(int)#1}::operator()", true},
        {")", "", false},
};

START_TEST(a_word_means_a_name_with_or_without_parameters)
{
	const struct name_case *c = &name_cases[_i];

	ck_assert_int_eq(rp_analyses_means(c->name, c->word), c->means);
}
END_TEST

START_TEST(an_unknown_name_suggests_what_looks_like_it)
{
	struct rp_profile *p = shop();
	const char *similar[3];
	size_t n;

	ck_assert(rp_analyses_known(p, "render", similar, 3, &n));
	ck_assert(!rp_analyses_known(p, "Handel", similar, 3, &n));
	ck_assert_uint_ge(n, 1);
	ck_assert_str_eq(similar[0], "handle");
	ck_assert(!rp_analyses_known(p, "quer", similar, 3, &n));
	ck_assert_uint_eq(n, 1);
	ck_assert_str_eq(similar[0], "query");
	ck_assert(!rp_analyses_known(p, "xyzzyplugh", similar, 3, &n));
	ck_assert_uint_eq(n, 0);
	handmade_free(p);
}
END_TEST

#define N(cases) (int)(sizeof(cases) / sizeof(cases[0]))

int main(void)
{
	Suite *suite = suite_create("analyses");
	TCase *tcase = tcase_create("all");

	tcase_add_loop_test(tcase, flat_is_self_time_without_a_row_for_self, 0, N(flat_cases));
	tcase_add_test(tcase, several_paths_match_any_of_them);
	tcase_add_loop_test(tcase, callers_and_callees_share_out_the_time_of_one_function, 0,
	                    N(about_cases));
	tcase_add_test(tcase, a_recursion_counts_once);
	tcase_add_loop_test(tcase, hot_paths_end_where_the_time_is, 0, N(path_cases));
	tcase_add_test(tcase, no_analysis_counts_a_sample_twice);
	tcase_add_loop_test(tcase, a_word_means_a_name_with_or_without_parameters, 0,
	                    N(name_cases));
	tcase_add_test(tcase, an_unknown_name_suggests_what_looks_like_it);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
