/* test_calltree.c - the tree of calls and what is chosen to be shown of it.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>
#include "tests/support/handmade.h"
#include "tests/support/suite.h"
#include "tools/calltree.h"

static char text[8192];

static void put(const struct rp_profile *p, const struct rp_calltree *tree, uint32_t i)
{
	const struct rp_call *c = &tree->calls[i];
	size_t n = strlen(text);

	if (c->kind == RP_CALL_THREAD)
		snprintf(text + n, sizeof(text) - n, "t%u=%u", p->workers[c->what].tid,
		         (unsigned)(c->total_ns / 1000000));
	else if (i)
		snprintf(text + n, sizeof(text) - n, "%s=%u", p->functions[c->what].name,
		         (unsigned)(c->total_ns / 1000000));
	n = strlen(text);
	if (c->n_hidden)
		snprintf(text + n, sizeof(text) - n, "~%u", c->n_hidden);
	if (!c->shown)
		return;
	strcat(text, "(");
	for (uint32_t k = c->shown; k; k = tree->calls[k].next) {
		put(p, tree, k);
		strcat(text, tree->calls[k].next ? " " : ")");
	}
}

/* "(main=30(a=20 b=10))": what is shown, callees in order, ms; ~N frames hidden. */
static const char *shown(const struct rp_profile *p, struct rp_calltree_how how)
{
	struct rp_calltree tree;

	text[0] = '\0';
	rp_calltree_make(&tree, p, &how);
	put(p, &tree, 0);
	rp_calltree_free(&tree);
	return text;
}

struct tree_case {
	const char *name;
	struct {
		const char *stack;
		unsigned ms;
	} points[8];
	struct rp_calltree_how how;
	const char *shown;
};

static const struct tree_case cases[] = {
        {"same calls merge, most time first",
         {{"m;b", 10}, {"m;a;x", 15}, {"m;b", 1}, {"m;a;x", 5}},
         {0},
         "(m=31(a=20(x=20) b=11))"},
        {"a timeline merges neighbours only",
         {{"m;a", 1}, {"m;a", 2}, {"m;b", 3}, {"m;a;x", 4}, {"m;a", 1}, {"m;a;x", 5}},
         {.timeline = true},
         "(m=16(a=3 b=3 a=10(x=4 x=5)))"},
        {"two roots",
         {{"m;a", 10}, {"[truncated: x];a", 20}},
         {0},
         "([truncated: x]=20(a=20) m=10(a=10))"},
        {"less than 1 % is not shown", {{"m;a", 995}, {"m;b;c", 5}}, {0}, "(m=1000(a=995))"},
        {"exactly 1 % is shown", {{"m;a", 990}, {"m;b", 10}}, {0}, "(m=1000(a=990 b=10))"},
        {"show-all shows the small ones",
         {{"m;a", 995}, {"m;b;c", 5}},
         {.show_all = true},
         "(m=1000(a=995 b=5(c=5)))"},
        {"library calls between first and last are hidden",
         {{"m;r!l1;s!l1;t!l2;u!l2;cb", 50}},
         {0},
         "(m=50(r=50~2(u=50(cb=50))))"},
        {"show-all hides nothing",
         {{"m;r!l1;s!l1;t!l2;u!l2;cb", 50}},
         {.show_all = true},
         "(m=50(r=50(s=50(t=50(u=50(cb=50))))))"},
        {"one hidden frame is not worth it",
         {{"m;r!l1;s!l1;t!l2;cb", 50}},
         {0},
         "(m=50(r=50(s=50(t=50(cb=50)))))"},
        {"a library call with much time of its own is shown",
         {{"m;r!l;s!l;t!l;u!l", 30}, {"m;r!l;s!l;t!l;v!l", 5}, {"m;r!l;s!l;w!l;x!l", 5}},
         {0},
         "(m=40(r=40~5(u=30)))"},
        {"a wait leaves the library: its caller is shown",
         {{"m;r!l;s!l;t!l;recv!c;[wait: recv]", 30}},
         {0},
         "(m=30(r=30~2(recv=30([wait: recv]=30))))"},
        {"separate runs are separate groups",
         {{"m;a!l;b!l;c!l;d!l;x;a!l;b!l;c!l;d!l;y", 30}},
         {0},
         "(m=30(a=30~2(d=30(x=30(a=30~2(d=30(y=30)))))))"},
        {"small calls do not keep a library call in sight",
         {{"m;a!l;b!l;c!l;d!l;e!l", 100}, {"m;a!l;b!l;x", 1}},
         {.show_all = false},
         "(m=101(a=101~3(e=100)))"},
        {"CPU leaves waits out",
         {{"m;a", 10}, {"m;r;[wait: x]", 20}},
         {.cpu = true},
         "(m=10(a=10))"},
        {"a recursion is shown as it is", {{"m;f;f;f", 10}}, {0}, "(m=10(f=10(f=10(f=10))))"},
        {"nothing at all", {{0}}, {0}, ""},
};

START_TEST(the_tree_shows)
{
	const struct tree_case *c = &cases[_i];
	struct rp_profile *p = handmade_make();

	for (size_t i = 0; c->points[i].stack; i++)
		handmade_add(p, c->points[i].stack, c->points[i].ms);
	ck_assert_msg(strcmp(shown(p, c->how), c->shown) == 0, "%s: %s", c->name, text);
	handmade_free(p);
}
END_TEST

START_TEST(several_threads_have_a_root_each)
{
	struct rp_profile *p = handmade_make();

	handmade_add_on(p, 0, "m;a", 10);
	handmade_add_on(p, 1, "m;a", 30);
	handmade_add_on(p, 0, "m;b", 5);
	ck_assert_str_eq(shown(p, (struct rp_calltree_how){0}),
	                 "(t4712=30(m=30(a=30)) t4711=15(m=15(a=10 b=5)))");
	ck_assert_str_eq(shown(p, (struct rp_calltree_how){.timeline = true}),
	                 "(t4711=15(m=15(a=10 b=5)) t4712=30(m=30(a=30)))");
	handmade_free(p);
}
END_TEST

START_TEST(self_times_sum_up_to_the_whole)
{
	struct rp_profile *p = handmade_make();

	handmade_add(p, "m;a;b", 7);
	handmade_add(p, "m;a", 11);
	handmade_add(p, "m;a;b;c", 13);
	for (int timeline = 0; timeline < 2; timeline++) {
		struct rp_calltree_how how = {.timeline = timeline};
		struct rp_calltree tree;
		uint64_t sum = 0;

		rp_calltree_make(&tree, p, &how);
		for (size_t i = 0; i < tree.n_calls; i++)
			sum += tree.calls[i].self_ns;
		ck_assert_uint_eq(sum, 31000000);
		ck_assert_uint_eq(tree.calls[0].total_ns, 31000000);
		rp_calltree_free(&tree);
	}
	handmade_free(p);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("calltree");
	TCase *tcase = tcase_create("all");

	tcase_add_loop_test(tcase, the_tree_shows, 0, sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(tcase, several_threads_have_a_root_each);
	tcase_add_test(tcase, self_times_sum_up_to_the_whole);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
