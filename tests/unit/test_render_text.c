/* test_render_text.c - the exact text of every report, against tests/golden/.
 *
 * Room: tests.  With GOLDEN=write the files are rewritten instead: look at the diff.
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "tests/support/golden.h"
#include "tests/support/handmade.h"
#include "tests/support/shop.h"
#include "tests/support/suite.h"
#include "tools/exports.h"
#include "tools/render_text.h"

struct look {
	const char *golden;
	struct rp_term term;
	struct rp_calltree_how how;
	bool percent, brief;
};

static const struct look looks[] = {
        {"show.txt", {.unicode = true}, {0}, false, false},
        {"show-ascii.txt", {.unicode = false}, {0}, false, false},
        {"show-color.txt", {.unicode = true, .color = true}, {0}, false, false},
        {"show-narrow.txt", {.unicode = true, .tty = true, .width = 60}, {0}, false, false},
        {"show-all.txt", {.unicode = true}, {.show_all = true}, false, false},
        {"show-timeline.txt", {.unicode = true}, {.timeline = true}, false, false},
        {"show-cpu-percent.txt", {.unicode = true}, {.cpu = true}, true, true},
};

START_TEST(show_looks_like_the_golden_text)
{
	const struct look *look = &looks[_i];
	struct rp_profile *p = shop_profile();
	struct rp_term term = look->term;
	struct rp_calltree tree;
	char *text;
	size_t n;

	term.out = open_memstream(&text, &n);
	rp_calltree_make(&tree, p, &look->how);
	rp_render_head(&term, p, look->brief);
	rp_render_tree(&term, p, &tree, look->percent);
	fclose(term.out);
	rp_calltree_free(&tree);
	handmade_free(p);
	golden_check(look->golden, text);
}
END_TEST

START_TEST(an_incomplete_session_says_so)
{
	struct rp_profile *p = shop_profile();
	struct rp_term term = {.unicode = true};
	char *text;
	size_t n;

	p->sessions[0].why = "incomplete, 12 records";
	p->sessions[0].n_without_tick = 1;
	p->sessions[0].n_samples = 0;
	p->sessions[0].account.n_parallel = 2;
	p->sessions[0].account.lane_ns = 350000000;
	p->sessions[0].account.unexplained_ns = -1200000;
	term.out = open_memstream(&text, &n);
	rp_render_head(&term, p, false);
	fclose(term.out);
	handmade_free(p);
	golden_check("head-incomplete.txt", text);
}
END_TEST

START_TEST(a_session_without_samples_says_so)
{
	struct rp_profile *p = handmade_make();
	struct rp_term term = {0};
	struct rp_calltree_how how = {0};
	struct rp_calltree tree;
	char *text;
	size_t n;

	term.out = open_memstream(&text, &n);
	rp_calltree_make(&tree, p, &how);
	rp_render_tree(&term, p, &tree, false);
	fclose(term.out);
	rp_calltree_free(&tree);
	handmade_free(p);
	ck_assert_str_eq(text, "No samples were recorded.\n");
	free(text);
}
END_TEST

START_TEST(tables_look_like_the_golden_text)
{
	struct rp_profile *p = shop_profile();
	struct rp_query q = {.limit = 4, .depth = 3};
	struct rp_term term = {.unicode = true};
	struct rp_shares shares;
	char *text;
	size_t n;

	term.out = open_memstream(&text, &n);
	rp_analyses_flat(&shares, p, &q);
	rp_render_table(&term, p, &shares, "SELF");
	rp_analyses_free(&shares);
	rp_analyses_hot_paths(&shares, p, &q);
	rp_render_paths(&term, p, &shares);
	term.width = 64;
	rp_analyses_free(&shares);
	q.limit = 0;
	rp_analyses_flat(&shares, p, &q);
	rp_render_table(&term, p, &shares, "SELF");
	rp_analyses_free(&shares);
	fclose(term.out);
	handmade_free(p);
	golden_check("tables.txt", text);
}
END_TEST

static char *exported(bool (*write)(FILE *, const struct rp_profile *, bool),
                      const struct rp_profile *p, bool cpu)
{
	char *text;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	ck_assert(write(out, p, cpu));
	fclose(out);
	return text;
}

START_TEST(folded_stacks_look_like_the_golden_text)
{
	struct rp_profile *p = shop_profile();

	p->functions[0].name = "main;really\n2";
	golden_check("export.folded", exported(rp_export_folded, p, false));
	golden_check("export.json", exported(rp_export_json, p, false));
	handmade_free(p);
}
END_TEST

START_TEST(folded_rounding_keeps_the_sum)
{
	struct rp_profile *p = handmade_make();
	unsigned long long us, sum = 0;

	handmade_add(p, "m;a", 1);
	handmade_add(p, "m;b", 1);
	handmade_add(p, "m;c", 1);
	for (size_t i = 0; i < 3; i++)
		p->points[i].wall_ns = 1000700; /* three of these are 3002.1 us */
	char *text = exported(rp_export_folded, p, false);

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		ck_assert_int_eq(sscanf(strrchr(line, ' '), " %llu", &us), 1);
		sum += us;
	}
	ck_assert_uint_eq(sum, 3002);
	free(text);
	handmade_free(p);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("render_text");
	TCase *tcase = tcase_create("all");

	setenv("TZ", "UTC", 1);
	tzset();
	tcase_add_loop_test(tcase, show_looks_like_the_golden_text, 0,
	                    sizeof(looks) / sizeof(looks[0]));
	tcase_add_test(tcase, an_incomplete_session_says_so);
	tcase_add_test(tcase, a_session_without_samples_says_so);
	tcase_add_test(tcase, tables_look_like_the_golden_text);
	tcase_add_test(tcase, folded_stacks_look_like_the_golden_text);
	tcase_add_test(tcase, folded_rounding_keeps_the_sum);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
