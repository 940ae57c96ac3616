/* test_waits.c - waits by object, kind and stack, and the exact text of them.
 *
 * Room: tests.  With GOLDEN=write the golden file is rewritten: look at the diff.
 * SPDX-License-Identifier: MIT
 */
#include "tools/waits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/support/golden.h"
#include "tests/support/handmade.h"
#include "tests/support/shop.h"
#include "tests/support/suite.h"
#include "tools/render_waits.h"

enum { MS = 1000000 };

static void done(struct rp_profile *p, struct rp_waits *w)
{
	rp_waits_free(w);
	p->waits = NULL;
	handmade_free(p);
}

static const struct {
	enum rp_waits_by by;
	const char *rows; /* "KIND OBJECT: COUNT TOTAL/LONGEST PARTS HOLDERS|" */
} cases[] = {
        {RP_WAITS_OBJECT, "recv tcp 127.0.0.1:5432: 3 110/60 2 0|mutex 0x55d0: 2 27/25 1 2|"
                          "recv tcp 127.0.0.1:6379: 1 5/5 1 0|sleep : 1 1/1 1 0|"},
        {RP_WAITS_KIND, "recv tcp 127.0.0.1:5432: 4 115/60 2 0|mutex 0x55d0: 2 27/25 1 2|"
                        "sleep : 1 1/1 1 0|"},
        {RP_WAITS_STACK, "recv tcp 127.0.0.1:5432: 4 88/60 3 2|"
                         "recv tcp 127.0.0.1:5432: 3 55/40 2 0|"},
};

START_TEST(every_wait_is_in_one_row)
{
	struct rp_profile *p = shop_waits();
	uint64_t sum_ns = 0;
	struct rp_waits w;
	char text[1024];
	size_t n = 0;

	rp_waits_make(&w, p, cases[_i].by, 0);
	for (size_t i = 0; i < w.n_rows; i++) {
		const struct rp_waits_row *r = &w.rows[i];
		const struct rp_wait *first = &p->waits[r->sum.first];

		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s %s: %zu %u/%u %zu %zu|",
		                      first->kind, first->object, r->sum.n,
		                      (unsigned)(r->sum.total_ns / MS),
		                      (unsigned)(r->sum.longest_ns / MS), r->n_parts, r->n_holders);
		sum_ns += r->sum.total_ns;
	}
	ck_assert_str_eq(text, cases[_i].rows);
	ck_assert_uint_eq(sum_ns, 143ull * MS);
	ck_assert_uint_eq(w.whole_ns, sum_ns);
	done(p, &w);
}
END_TEST

START_TEST(a_limit_shows_less_and_says_of_how_many)
{
	struct rp_profile *p = shop_waits();
	struct rp_waits w;

	rp_waits_make(&w, p, RP_WAITS_OBJECT, 1);
	ck_assert_uint_eq(w.n_rows, 1);
	ck_assert_uint_eq(w.n_all, 4);
	ck_assert_uint_eq(w.whole_ns, 143ull * MS);
	done(p, &w);
}
END_TEST

START_TEST(no_waits_are_no_rows)
{
	struct rp_profile *p = handmade_make();
	struct rp_waits w;

	rp_waits_make(&w, p, RP_WAITS_STACK, 20);
	ck_assert_uint_eq(w.n_all, 0);
	done(p, &w);
}
END_TEST

START_TEST(waits_look_like_the_golden_text)
{
	struct rp_profile *p = shop_waits();
	struct rp_term term = {.unicode = true};
	char *text;
	size_t n;

	term.out = open_memstream(&text, &n);
	for (unsigned by = RP_WAITS_OBJECT; by <= RP_WAITS_STACK; by++) {
		struct rp_waits w;

		rp_waits_make(&w, p, (enum rp_waits_by)by, 3);
		rp_render_waits(&term, p, &w, 2);
		if (by == RP_WAITS_OBJECT)
			ck_assert(rp_json_write(term.out, rp_json_waits(p, &w)));
		rp_waits_free(&w);
	}
	fclose(term.out);
	p->waits = NULL;
	handmade_free(p);
	golden_check("waits.txt", text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("waits");
	TCase *tcase = tcase_create("waits");

	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(tcase, every_wait_is_in_one_row, 0, sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(tcase, a_limit_shows_less_and_says_of_how_many);
	tcase_add_test(tcase, no_waits_are_no_rows);
	tcase_add_test(tcase, waits_look_like_the_golden_text);
	return suite_run(suite);
}
