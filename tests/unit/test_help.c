/* test_help.c - the page of ?profile=help, for requests that would like to be markup.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "tools/help.h"

#include <stdlib.h>
#include <string.h>
#include "tests/support/suite.h"
#include "tools/template.h"

static char *page;

static const char *write_page(const char *method, const char *target, const char *trigger)
{
	struct rp_session s = {.method = method, .target = target};
	size_t n = 0;

	free(page);
	FILE *out = open_memstream(&page, &n);

	ck_assert(rp_help_write(out, &s, trigger));
	ck_assert_int_eq(fclose(out), 0);
	return page;
}

static bool has(const char *text)
{
	return strstr(page, text) != NULL;
}

START_TEST(links_keep_the_query_and_name_each_mode)
{
	write_page("GET", "/list?a=1&b=2", "prof");
	for (const char *const *mode =
	             (const char *const[]){"html", "text", "json", "save", "term", "skip", NULL};
	     *mode; mode++) {
		char link[80];

		snprintf(link, sizeof(link), "href=\"?a=1&#38;b=2&amp;prof=%s\"", *mode);
		ck_assert_msg(has(link), "%s", link);
	}
	ck_assert(has("data-trigger=\"prof\""));
	write_page("GET", "/list", "profile");
	ck_assert(has("href=\"?profile=html\""));
	write_page("GET", "/list?", "profile");
	ck_assert(has("href=\"?profile=html\""));
}
END_TEST

START_TEST(a_request_is_text_and_never_markup)
{
	write_page("<b>", "/\"><script>alert(1)</script>?'\"><img src=x>&<!--rows-->", "profile");
	ck_assert(!has("<b>") && !has("<script>alert") && !has("<img"));
	ck_assert(has("&#60;b&#62; <bdi>/&#34;&#62;&#60;script&#62;alert(1)"));
	ck_assert(has(
	        "href=\"?&#39;&#34;&#62;&#60;img src=x&#62;&#38;&#60;!--rows--&#62;&amp;profile="));
	ck_assert_ptr_null(strstr(strstr(page, "<tbody>") + 7, "<tbody>")); /* filled in once */
}
END_TEST

START_TEST(its_policy_stands_in_it)
{
	write_page("GET", "/", "profile");
	ck_assert(has(rp_help_policy));
	ck_assert_ptr_null(strstr(rp_help_policy, "unsafe"));
	ck_assert(!has("<!--"));
}
END_TEST

static bool refuse(FILE *out, const char *name, const void *arg)
{
	(void)out;
	return strcmp(name, arg) != 0;
}

START_TEST(a_part_that_fails_fails_the_page)
{
	FILE *out = fopen("/dev/null", "we");

	ck_assert(rp_template_write(out, "a<!--b-->c<!-- a remark of many words -->", refuse, "x"));
	ck_assert(!rp_template_write(out, "a<!--b-->c", refuse, "b"));
	fclose(out);
}
END_TEST

static void done(void)
{
	free(page);
	page = NULL;
}

int main(void)
{
	Suite *suite = suite_create("help");
	TCase *tcase = tcase_create("help");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, NULL, done);
	tcase_add_test(tcase, links_keep_the_query_and_name_each_mode);
	tcase_add_test(tcase, a_request_is_text_and_never_markup);
	tcase_add_test(tcase, its_policy_stands_in_it);
	tcase_add_test(tcase, a_part_that_fails_fails_the_page);
	return suite_run(suite);
}
