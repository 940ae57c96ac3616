/* test_looks.c - every report as terminals and pipes of all kinds get it, against
 * tests/golden/looks.
 *
 * Room: tests.  One file a report; what a terminal is like, and what a pipe, is told by a line
 * "==". With GOLDEN=write the files are rewritten instead: look at the diff.
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "tests/support/golden.h"
#include "tests/support/handmade.h"
#include "tests/support/shop.h"
#include "tests/support/suite.h"
#include "tools/render_diff.h"
#include "tools/render_ls.h"
#include "tools/render_text.h"
#include "tools/render_waits.h"
#include "tools/several.h"

static const struct {
	const char *name;
	struct rp_term term;
} looks[] = {
        {"a pipe, UTF-8", {.unicode = true}},
        {"a pipe, C locale", {.unicode = false}},
        {"a terminal of 80 columns, UTF-8",
         {.tty = true, .color = true, .unicode = true, .width = 80}},
        {"a terminal of 80 columns, UTF-8, NO_COLOR", {.tty = true, .unicode = true, .width = 80}},
        {"a terminal of 80 columns, C locale, NO_COLOR", {.tty = true, .width = 80}},
        {"a terminal of 40 columns, UTF-8",
         {.tty = true, .color = true, .unicode = true, .width = 40}},
        {"a terminal of 40 columns, C locale, NO_COLOR", {.tty = true, .width = 40}},
};

typedef void draw(const struct rp_term *t);

static void show(const struct rp_term *t)
{
	struct rp_profile *p = shop_profile();
	struct rp_calltree_how how = {0};
	struct rp_calltree tree;

	rp_calltree_make(&tree, p, &how);
	rp_render_head(t, p, false);
	rp_render_tree(t, p, &tree, false);
	rp_calltree_free(&tree);
	handmade_free(p);
}

typedef void ask(struct rp_shares *out, const struct rp_profile *p, const struct rp_query *q);

static void ask_flat(struct rp_shares *out, const struct rp_profile *p, const struct rp_query *q)
{
	rp_analyses_flat(out, p, q);
}

static void ask_callers(struct rp_shares *out, const struct rp_profile *p, const struct rp_query *q)
{
	rp_analyses_callers(out, p, "price", q);
}

static void ask_callees(struct rp_shares *out, const struct rp_profile *p, const struct rp_query *q)
{
	rp_analyses_callees(out, p, "serve", q);
}

static void table(const struct rp_term *t, ask *how, const char *function)
{
	struct rp_profile *p = shop_profile();
	struct rp_query q = {0};
	struct rp_shares shares;

	how(&shares, p, &q);
	if (function)
		rp_render_totals(t, p, function, &shares);
	rp_render_table(t, p, &shares, "SELF");
	rp_analyses_free(&shares);
	handmade_free(p);
}

static void flat(const struct rp_term *t)
{
	table(t, ask_flat, NULL);
}

static void callers(const struct rp_term *t)
{
	table(t, ask_callers, "price");
}

static void callees(const struct rp_term *t)
{
	table(t, ask_callees, "serve");
}

/* Nobody calls it. */
static void ask_root(struct rp_shares *out, const struct rp_profile *p, const struct rp_query *q)
{
	rp_analyses_callers(out, p, "main", q);
}

static void no_callers(const struct rp_term *t)
{
	table(t, ask_root, "main");
}

static void hot_paths(const struct rp_term *t)
{
	struct rp_profile *p = shop_profile();
	struct rp_query q = {.limit = 5, .depth = 8};
	struct rp_shares shares;

	rp_analyses_hot_paths(&shares, p, &q);
	rp_render_paths(t, p, &shares);
	rp_analyses_free(&shares);
	handmade_free(p);
}

static void waits_by(const struct rp_term *t, enum rp_waits_by by)
{
	struct rp_profile *p = shop_waits();
	struct rp_waits w;

	rp_waits_make(&w, p, by, 0);
	rp_render_waits(t, p, &w, 4);
	rp_waits_free(&w);
	p->waits = NULL;
	handmade_free(p);
}

static void waits(const struct rp_term *t)
{
	waits_by(t, RP_WAITS_OBJECT);
	waits_by(t, RP_WAITS_STACK);
}

/* Nothing waited; what did was short; what may have is lost. */
static void no_waits(const struct rp_term *t)
{
	static const struct rp_short shorts[] = {{"recv", 3, 12000}};
	static const struct rp_count lost[] = {{"lost_waits", 2}};
	struct rp_profile *p = handmade_make();
	struct rp_session *s = &p->sessions[0];
	struct rp_waits w;

	rp_waits_make(&w, p, RP_WAITS_OBJECT, 0);
	rp_render_waits(t, p, &w, 4);
	s->shorts = shorts;
	s->n_shorts = 1;
	rp_render_waits(t, p, &w, 4);
	s->lost = lost;
	s->n_lost = 1;
	rp_render_waits(t, p, &w, 4);
	rp_waits_free(&w);
	handmade_free(p);
}

struct question {
	const struct rp_profile *p;
	struct rp_query query;
};

static void ask_one(struct rp_shares *out, const struct rp_session *only, void *arg)
{
	struct question *q = arg;

	q->query.only = only;
	rp_analyses_flat(out, q->p, &q->query);
}

static void several(const struct rp_term *t)
{
	struct rp_profile *p = shop_several(12);
	struct question each = {.p = p};
	struct rp_query q = {0};
	struct rp_shares shares;

	rp_render_head(t, p, false);
	rp_analyses_flat(&shares, p, &q);
	rp_several_spread(&shares, p, ask_one, &each);
	rp_render_table(t, p, &shares, "SELF");
	rp_analyses_free(&shares);
	handmade_free(p);
}

static struct rp_entry entries[] = {
        {.id = "4711-000009", .wall_ns = 1795369292123000000},
        {.id = "31219-000113", .wall_ns = 1795369290000000000},
        {.id = "31219-000112", .wall_ns = 1795269290000000000},
        {.id = "7-000001", .wall_ns = 1795169290000000000},
};

static struct rp_summary summary(size_t i, const char *method, const char *target, double ms,
                                 uint32_t status, bool complete)
{
	return (struct rp_summary){.entry = &entries[i],
	                           .method = (char *)method,
	                           .target = (char *)target,
	                           .server = (char *)"shopd",
	                           .duration_ns = (uint64_t)(ms * 1e6),
	                           .cpu_ns = (uint64_t)(ms * 4e5),
	                           .waits_ns = (uint64_t)(ms * 5e5),
	                           .status = status,
	                           .complete = complete};
}

static void ls(const struct rp_term *t)
{
	struct rp_summary rows[] = {
	        summary(0, "GET", "/checkout?cart=1&coupon=SUMMER&lang=de", 236.6, 200, true),
	        summary(1, "POST", "/api/users/4711/orders", 1042.5, 503, true),
	        summary(2, "GET", "/evil\033[31m\342\200\256name", 0.412, 0, false),
	        summary(3, "GET", "/api/users/12", 17.3, 200, true)};
	struct rp_listing l = {.rows = rows, .n = 4};
	struct rp_routes r;

	rp_render_listing(t, &l, 0);
	fputc('\n', t->out);
	rp_routes_make(&r, &l);
	rp_routes_sort(&r, "p95");
	rp_render_routes(t, &r, 0);
	rp_routes_free(&r);
}

static void diff(const struct rp_term *t)
{
	static const struct rp_diff_how how = {RP_DIFF_AUTO, 0.99, 0.02};
	struct rp_profile *p = shop_builds(12);
	struct rp_diff d;

	rp_diff_make(&d, p, 12, &how);
	rp_render_diff(t, p, &d, 10);
	rp_diff_free(&d);
	handmade_free(p);
}

static const struct {
	const char *golden;
	draw *draw;
} reports[] = {
        {"looks/show.txt", show},
        {"looks/flat.txt", flat},
        {"looks/callers.txt", callers},
        {"looks/callees.txt", callees},
        {"looks/hot-paths.txt", hot_paths},
        {"looks/waits.txt", waits},
        {"looks/several.txt", several},
        {"looks/ls.txt", ls},
        {"looks/diff.txt", diff},
        {"looks/no-waits.txt", no_waits},
        {"looks/no-callers.txt", no_callers},
};

START_TEST(a_report_looks_like_the_golden_text)
{
	char *text;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
		struct rp_term term = looks[i].term;

		term.out = out;
		fprintf(out, "== %s\n", looks[i].name);
		reports[_i].draw(&term);
	}
	fclose(out);
	golden_check(reports[_i].golden, text);
}
END_TEST

/* What was asked for with C or with NO_COLOR is kept to the byte. */
START_TEST(a_report_keeps_to_what_its_terminal_can)
{
	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
		struct rp_term term = looks[i].term;
		char *text;
		size_t n;

		term.out = open_memstream(&text, &n);
		reports[_i].draw(&term);
		fclose(term.out);
		for (size_t k = 0; k < n; k++) {
			unsigned char c = (unsigned char)text[k];

			ck_assert_msg(term.unicode || c < 0x80, "byte %x: %s", c, text);
			ck_assert_msg(term.color || c != '\033', "a colour: %s", text);
			ck_assert(c >= ' ' || c == '\n' || c == '\033');
		}
		free(text);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("looks");
	TCase *tcase = tcase_create("all");

	setenv("TZ", "UTC", 1);
	tzset();
	tcase_add_loop_test(tcase, a_report_looks_like_the_golden_text, 0,
	                    sizeof(reports) / sizeof(reports[0]));
	tcase_add_loop_test(tcase, a_report_keeps_to_what_its_terminal_can, 0,
	                    sizeof(reports) / sizeof(reports[0]));
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
