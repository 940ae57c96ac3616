/* test_budget.c - files of budgets, and requests that keep to them or do not.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "tools/budget.h"

#include <string.h>
#include "tests/support/handmade.h"
#include "tests/support/suite.h"

/* Texts that are refused: the line, and words of the sentence. */
static const struct {
	const char *text;
	unsigned line;
	const char *why;
} bad[] = {
        {"", 0, "there is no budget in it"},
        {"# only this\n\n", 2, "there is no budget in it"},
        {"/x: wall < 1s\nwall < 1s\n", 2, "'wall < 1s' has no route"},
        {"/x:wall < 1s", 1, "has no route"},
        {": wall < 1s", 1, "has no route"},
        {"/x:", 1, "there is a bound missing behind '/x'"},
        {"/x: wall < 1s,", 1, "there is a bound missing"},
        {"/x: wall < 1s, , cpu < 1s", 1, "there is a bound missing"},
        {"\n\n/x: wall", 3, "'wall' has no <"},
        {"/x: wall <", 1, "'wall <' has no value"},
        {"/x: wall < 3", 1, "'3' is no time such as 200ms"},
        {"/x: wall < -3ms", 1, "'-3ms' is no time"},
        {"/x: threads < 3ms", 1, "'3ms' is no number such as 3"},
        {"/x: bytes_out < many", 1, "'many' is no size such as 64k"},
        {"/x: wall < 1s 2s", 1, "'1s 2s' is no time"},
        {"/x: wall p96 < 1s", 1, "'wall p96' is nothing that has a budget; wall, cpu"},
        {"/x: < 1s", 1, "'' is nothing"},
        {"/x: self < 1s", 1, "'self' is nothing"},
        {"/x: wall(f) < 1s", 1, "'wall' is nothing"},
        {"/x: self() < 1s", 1, "nothing in the brackets"},
        {"/x: self(f < 1s", 1, "a bracket that does not end"},
        {"/x: self(f) g < 1s", 1, "a bracket that does not end"},
};

START_TEST(a_bad_line_is_told_with_its_number)
{
	struct rp_budgets b;
	struct rp_why why = {0};

	ck_assert(!rp_budget_read(&b, bad[_i].text, strlen(bad[_i].text), &why));
	ck_assert_msg(strstr(why.text, bad[_i].why), "%s: %s", bad[_i].text, why.text);
	ck_assert_uint_eq(why.at, bad[_i].line);
	ck_assert_uint_eq(b.n, 0);
}
END_TEST

START_TEST(what_is_no_text_is_refused_wherever_it_is_cut)
{
	static const char text[] = "/x: self(a(b) c) p95 <= 1.5 ms, count(fsync) = 0\n\0\n";
	struct rp_budgets b;
	struct rp_why why;

	ck_assert(!rp_budget_read(&b, text, sizeof(text) - 1, &why));
	ck_assert(strstr(why.text, "no text of budgets"));
	for (size_t n = 0; n < sizeof(text); n++)
		if (rp_budget_read(&b, text, n, &why))
			rp_budget_free(&b);
}
END_TEST

START_TEST(a_line_holds_several_bounds)
{
	static const char text[] = "# of the shop\n"
	                           "GET /a, b: wall p95 < 200 ms , self(f(int, char)) mean <= 3us\n"
	                           "*: cpu median >= 0us";
	struct rp_budgets b;
	struct rp_why why;

	ck_assert_msg(rp_budget_read(&b, text, strlen(text), &why), "%s", why.text);
	ck_assert_uint_eq(b.n, 3);
	ck_assert_str_eq(b.budgets[0].route, "GET /a, b");
	ck_assert_str_eq(b.budgets[0].text, "wall p95 < 200 ms");
	ck_assert_double_eq(b.budgets[0].limit, 200e6);
	ck_assert_double_eq(b.budgets[0].quantile, 0.95);
	ck_assert_uint_eq(b.budgets[1].line, 2);
	ck_assert_str_eq(b.budgets[1].argument, "f(int, char)");
	ck_assert_double_eq(b.budgets[1].quantile, -1);
	ck_assert_int_eq(b.budgets[1].order, RP_BUDGET_AT_MOST);
	ck_assert_str_eq(b.budgets[2].route, "*");
	ck_assert_uint_eq(b.budgets[2].line, 3);
	ck_assert_int_eq(b.budgets[2].order, RP_BUDGET_AT_LEAST);
	rp_budget_free(&b);
}
END_TEST

/* Three requests of GET /shop: 10, 20 and 60 ms of CPU in f, waits of 5, 0 and 5 ms. */
static struct rp_profile *three(void)
{
	static const struct rp_count counters[] = {{"upstreams", 2}, {"fsyncs", 1}};
	static struct rp_wait waits[2];
	static const struct rp_short shorts[] = {{"recv", 3, 40000}};
	struct rp_profile *p = handmade_make();

	handmade_add(p, "main;f", 10);
	handmade_add(p, "main;g;[wait: recv tcp 1]", 5);
	handmade_next(p, 4711, 1);
	handmade_add(p, "main;f", 20);
	handmade_next(p, 4711, 2);
	handmade_add(p, "main;f", 60);
	handmade_add(p, "main;g;[wait: recv tcp 1]", 5);
	for (size_t i = 0; i < 2; i++)
		waits[i] = (struct rp_wait){.kind = "recv", .object = "tcp 1", .span_ns = 5000000};
	p->waits = waits;
	p->n_waits = 2;
	p->sessions[0].counters = counters;
	p->sessions[0].n_counters = 2;
	p->sessions[1].first_wait = p->sessions[2].first_wait = 1;
	p->sessions[1].shorts = shorts;
	p->sessions[1].n_shorts = 1;
	return p;
}

static const struct {
	const char *line;
	bool kept;
	double value;
	const char *worst; /* id, NULL: no request was looked at */
} cases[] = {
        {"/shop: wall < 66ms", true, 65e6, "4711-000009"},
        {"/shop: wall < 65ms", false, 65e6, "4711-000009"},
        {"/shop: wall <= 65ms", true, 65e6, "4711-000009"},
        {"/shop: wall median < 21ms", true, 20e6, "4711-000009"},
        {"/shop: wall mean < 30ms", false, 100e6 / 3, "4711-000009"},
        {"/shop: cpu min > 10ms", false, 10e6, "4711-000007"},
        {"/shop: cpu >= 10ms", true, 10e6, "4711-000007"}, /* the least of all keeps it */
        {"GET /shop: upstream_requests <= 2", true, 2, "4711-000007"},
        {"GET /shop: upstream_requests < 2", false, 2, "4711-000007"},
        {"* : fsyncs = 0", false, 1, "4711-000007"},
        {"*: reads = 0", true, 0, "4711-000007"},
        {"*: status = 200", true, 200, "4711-000007"},
        {"*: self(f) p95 <= 56ms", true, 56e6, "4711-000009"},
        {"*: total(g) < 5ms", false, 5e6, "4711-000007"},
        {"*: cpu(g) < 1us", true, 0, "4711-000007"},
        {"*: wait(recv) median < 5ms", false, 5e6, "4711-000007"},
        {"*: count(recv) <= 3", true, 3, "4711-000008"},
        {"POST *: wall < 1s", false, 0, NULL},
};

START_TEST(requests_keep_to_a_bound_or_do_not)
{
	struct rp_profile *p = three();
	struct rp_budgets b;
	struct rp_why why;

	ck_assert_msg(rp_budget_read(&b, cases[_i].line, strlen(cases[_i].line), &why), "%s",
	              why.text);
	struct rp_budget_result r = rp_budget_judge(&b.budgets[0], p);

	ck_assert_int_eq(r.kept, cases[_i].kept);
	ck_assert_double_eq_tol(r.value, cases[_i].value, 1);
	ck_assert_uint_eq(r.n, cases[_i].worst ? 3 : 0);
	if (cases[_i].worst)
		ck_assert_str_eq(r.worst->id, cases[_i].worst);
	ck_assert_double_le(r.low, r.value);
	ck_assert_double_ge(r.high, r.value);
	rp_budget_free(&b);
	p->waits = NULL;
	handmade_free(p);
}
END_TEST

START_TEST(a_function_that_was_never_met_is_told)
{
	struct rp_profile *p = three();
	struct rp_budgets b;
	struct rp_why why;
	static const char text[] = "*: self(nobody) < 1ms, self(f) < 1s, wait(mutex) < 1s";

	ck_assert(rp_budget_read(&b, text, strlen(text), &why));
	ck_assert(rp_budget_judge(&b.budgets[0], p).never);
	ck_assert(rp_budget_judge(&b.budgets[0], p).kept);
	ck_assert(!rp_budget_judge(&b.budgets[1], p).never);
	ck_assert(rp_budget_judge(&b.budgets[2], p).never);
	rp_budget_free(&b);
	p->waits = NULL;
	handmade_free(p);
}
END_TEST

/* Names of counters are the shim's: one that it does not write would always be 0. */
START_TEST(counters_of_budgets_are_counters_of_the_shim)
{
	static const char *const known[] = {
#define COUNTER(name, value, text) #name,
#include "preload/counters.def"
	};
	static const char *const used[] = {
#define COUNTER(name)                   name
#define METRIC(name, unit, value, help) USE_##unit(#value)
#define USE_TIME(value)                 value,
#define USE_COUNT(value)                value,
#define USE_BYTES(value)                value,
#define OF(name, unit, function, help)
#include "tools/metrics.def"
	};
	size_t n = 0;

	for (size_t i = 0; i < sizeof(used) / sizeof(used[0]); i++) {
		const char *quote = strchr(used[i], '"');
		bool found = false;

		if (!quote)
			continue;
		for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
			found = found || strncmp(quote + 1, known[k], strlen(known[k])) == 0;
		ck_assert_msg(found, "%s", used[i]);
		n++;
	}
	ck_assert_uint_ge(n, 8);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("budget");
	TCase *all = tcase_create("budget");

	tcase_add_loop_test(all, a_bad_line_is_told_with_its_number, 0,
	                    sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(all, what_is_no_text_is_refused_wherever_it_is_cut);
	tcase_add_test(all, a_line_holds_several_bounds);
	tcase_add_loop_test(all, requests_keep_to_a_bound_or_do_not, 0,
	                    sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(all, a_function_that_was_never_met_is_told);
	tcase_add_test(all, counters_of_budgets_are_counters_of_the_shim);
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
