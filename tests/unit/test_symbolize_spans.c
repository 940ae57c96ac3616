/* test_symbolize_spans.c - nested and overlapping ranges against a slow search.
 *
 * Room: tests.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/spans.h"

#include <string.h>

#include "tests/support/suite.h"

enum { SPACE = 200, MAX_SPANS = 24 };

/* The rule in words: of the spans around ADDR the one that begins last, then the highest rank,
 * then the shortest. */
static const struct rp_span *slow_find(const struct rp_span *span, size_t n, uint64_t addr)
{
	const struct rp_span *best = NULL;

	for (size_t i = 0; i < n; i++) {
		const struct rp_span *s = &span[i];

		if (addr < s->lo || addr >= s->hi)
			continue;
		if (!best || s->lo > best->lo ||
		    (s->lo == best->lo &&
		     (s->rank > best->rank || (s->rank == best->rank && s->hi < best->hi))))
			best = s;
	}
	return best;
}

static unsigned dice(unsigned *state, unsigned sides)
{
	*state = *state * 1103515245u + 12345u;
	return (*state >> 16) % sides;
}

START_TEST(the_innermost_is_found_wherever_ranges_lie)
{
	unsigned state = (unsigned)_i;
	struct rp_span span[MAX_SPANS];
	struct rp_spans spans = {0};
	size_t n = dice(&state, MAX_SPANS);
	static char item[MAX_SPANS];

	for (size_t i = 0; i < n; i++) {
		uint64_t lo = dice(&state, SPACE), hi = lo + dice(&state, SPACE / 4);

		/* Ranks differ, so the rule leaves no ties. */
		span[i] = (struct rp_span){lo, hi, &item[i], (uint32_t)i};
		rp_spans_add(&spans, lo, hi, &item[i], (uint32_t)i);
		/* Flattening in between is only allowed for spans that do not overlap. */
	}
	rp_spans_flatten(&spans);
	for (uint64_t addr = 0; addr < SPACE * 2; addr++) {
		const struct rp_span *want = slow_find(span, n, addr);

		ck_assert_ptr_eq(rp_spans_find(&spans, addr), want ? want->item : NULL);
	}
	rp_spans_free(&spans);
}
END_TEST

START_TEST(nothing_is_found_in_nothing)
{
	struct rp_spans spans = {0};

	rp_spans_flatten(&spans);
	ck_assert_ptr_null(rp_spans_find(&spans, 0));
	rp_spans_add(&spans, 5, 5, &spans, 0);
	ck_assert_uint_eq(spans.n, 0);
	rp_spans_add(&spans, UINT64_MAX - 1, UINT64_MAX, &spans, 0);
	rp_spans_flatten(&spans);
	ck_assert_ptr_eq(rp_spans_find(&spans, UINT64_MAX - 1), &spans);
	ck_assert_ptr_null(rp_spans_find(&spans, UINT64_MAX));
	rp_spans_free(&spans);
}
END_TEST

START_TEST(more_may_be_added_after_a_flatten)
{
	struct rp_spans spans = {0};
	char a, b;

	rp_spans_add(&spans, 10, 20, &a, 0);
	rp_spans_flatten(&spans);
	rp_spans_add(&spans, 0, 5, &b, 0);
	rp_spans_flatten(&spans);
	ck_assert_ptr_eq(rp_spans_find(&spans, 10), &a);
	ck_assert_ptr_eq(rp_spans_find(&spans, 4), &b);
	ck_assert_ptr_null(rp_spans_find(&spans, 5));
	rp_spans_free(&spans);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("symbolize_spans");
	TCase *tc = tcase_create("spans");

	tcase_add_loop_test(tc, the_innermost_is_found_wherever_ranges_lie, 0, 200);
	tcase_add_test(tc, nothing_is_found_in_nothing);
	tcase_add_test(tc, more_may_be_added_after_a_flatten);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
