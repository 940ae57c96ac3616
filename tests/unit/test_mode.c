/* test_mode.c - which mode each spelling of the trigger asks for, and what stands behind it.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/mode.h"

#include <string.h>
#include "preload/hot/trigger.h"
#include "tests/support/guard.h"
#include "tests/support/suite.h"

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

static struct rp_span span(int slot, const char *text)
{
	size_t n = text ? strlen(text) : 0;

	return (struct rp_span){text ? guard_put(slot, text, n) : NULL, n};
}

enum { NAMED = 16, FORCE = 32 };

static const struct {
	const char *target, *header;
	int asked; /* RP_MODE_*, NAMED, FORCE */
	const char *key;
} spellings[] = {
        {"/?profile=1", NULL, RP_MODE_HTML, ""},
        {"/?profile=true", NULL, RP_MODE_HTML, ""},
        {"/?profile=html", NULL, RP_MODE_HTML | NAMED, ""},
        {"/?profile=TEXT", NULL, RP_MODE_TEXT | NAMED, ""},
        {"/?profile=json", NULL, RP_MODE_JSON | NAMED, ""},
        {"/?profile=save", NULL, RP_MODE_SAVE | NAMED, ""},
        {"/?profile=term", NULL, RP_MODE_TERM | NAMED, ""},
        {"/?profile=help", NULL, RP_MODE_HELP | NAMED, ""},
        {"/?profile=html.force", NULL, RP_MODE_HTML | NAMED | FORCE, ""},
        {"/?profile=force", NULL, RP_MODE_HTML | FORCE, ""},
        {"/?profile=text.SECRET", NULL, RP_MODE_TEXT | NAMED, "SECRET"},
        {"/?profile=html.force.v1.k.1.n.html.m", NULL, RP_MODE_HTML | NAMED | FORCE,
         "v1.k.1.n.html.m"},
        {"/?profile=v1.k.1.n.html.m", NULL, RP_MODE_HTML, "v1.k.1.n.html.m"},
        {"/?profile=html.", NULL, RP_MODE_HTML | NAMED, ""},
        {"/?profile=htm", NULL, RP_MODE_HTML, "htm"},
        {"/?profile=.html", NULL, RP_MODE_HTML, ".html"},
        {"/?profile=1&term=1", NULL, RP_MODE_TERM | NAMED, ""},
        {"/?term=1&profile=1", NULL, RP_MODE_TERM | NAMED, ""},
        {"/?term=1&profile=text", NULL, RP_MODE_TEXT | NAMED, ""},
        {"/?profile=1&term=shoes", NULL, RP_MODE_HTML, ""},
        {"/?profile=text&profile=html", NULL, RP_MODE_TEXT | NAMED, ""},
        {"/", "1", RP_MODE_SAVE, ""},
        {"/", "on", RP_MODE_SAVE, ""},
        {"/", "tag=x", RP_MODE_SAVE, ""},
        {"/", "SECRET", RP_MODE_SAVE, "SECRET"},
        {"/", "save", RP_MODE_SAVE | NAMED, ""},
        {"/", "Html", RP_MODE_HTML | NAMED, ""},
        {"/", "mode=text", RP_MODE_TEXT | NAMED, ""},
        {"/", "html; force", RP_MODE_HTML | NAMED | FORCE, ""},
        {"/", "text; key=SECRET; tag=a", RP_MODE_TEXT | NAMED, "SECRET"},
        {"/", "SECRET; json", RP_MODE_JSON | NAMED, "SECRET"},
        {"/", "save; key=v1.k.1.n.save.m", RP_MODE_SAVE | NAMED, "v1.k.1.n.save.m"},
        {"/?profile=html&term=1", "1", RP_MODE_SAVE, ""}, /* the header decides */
        {"/?term=1", "1", RP_MODE_SAVE, ""},
};

START_TEST(each_spelling_asks_for_one_mode)
{
	struct rp_trigger_rules rules = {.name = "profile"};
	struct rp_head head = {.method = span(0, "GET"),
	                       .target = span(1, spellings[_i].target),
	                       .trigger = span(2, spellings[_i].header)};
	struct rp_trigger t;

	ck_assert_int_ne(rp_trigger_judge(&rules, &head, &t), RP_TRIGGER_NONE);
	ck_assert_msg(((int)t.mode | (t.named ? NAMED : 0) | (t.force ? FORCE : 0)) ==
	                      spellings[_i].asked,
	              "%s, %s: %d %d %d", spellings[_i].target, spellings[_i].header, t.mode,
	              t.named, t.force);
	ck_assert_uint_eq(t.key.n, strlen(spellings[_i].key));
	ck_assert(!t.key.n || !memcmp(t.key.at, spellings[_i].key, t.key.n));
}
END_TEST

START_TEST(a_route_saves_and_no_trigger_asks_for_nothing)
{
	struct rp_trigger_rules rules = {.name = "profile"};
	char why[RP_TRIGGER_WHY];
	struct rp_head head = {.method = span(0, "GET"), .target = span(1, "/a?term=1&x=html")};
	struct rp_trigger t;

	ck_assert_int_eq(rp_trigger_judge(&rules, &head, &t), RP_TRIGGER_NONE);
	ck_assert(rp_trigger_parse_routes(&rules, "/a", why));
	ck_assert_int_eq(rp_trigger_judge(&rules, &head, &t), RP_TRIGGER_ROUTE);
	ck_assert_int_eq(t.mode, RP_MODE_SAVE);
	ck_assert(!t.force);
}
END_TEST

START_TEST(what_replaces_needs_more_than_save)
{
	ck_assert_int_eq(RP_MODE_SAVE, 0); /* what a refused mode becomes */
	for (unsigned i = 0; i < RP_N_MODES; i++) {
		ck_assert_uint_ge(rp_modes[i].scope, RP_SCOPE_SAVE);
		ck_assert((i == RP_MODE_SAVE) == (rp_modes[i].scope == RP_SCOPE_SAVE));
		ck_assert_uint_eq(rp_mode_spelled(span(0, rp_modes[i].word)), i);
	}
	ck_assert_uint_eq(rp_mode_spelled(span(0, "")), RP_N_MODES);
	ck_assert_uint_eq(rp_mode_spelled(span(0, "htmlx")), RP_N_MODES);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mode");
	TCase *tcase = tcase_create("mode");

	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(tcase, each_spelling_asks_for_one_mode, 0, COUNT(spellings));
	tcase_add_test(tcase, a_route_saves_and_no_trigger_asks_for_nothing);
	tcase_add_test(tcase, what_replaces_needs_more_than_save);
	return suite_run(suite);
}
