/* test_summary.c - the line of a session in ls, and the tag that curl looks for.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "tools/summary.h"

#include <stdio.h>
#include <string.h>
#include "tests/support/folder.h"
#include "tests/support/session.h"
#include "tests/support/suite.h"
#include "tools/flags.h"
#include "tools/route.h"

static char dir[64], path[160];
static int dirfd_of_dir;

static void make_dir(void)
{
	dirfd_of_dir = folder_make(dir, sizeof dir, "summary");
	snprintf(path, sizeof path, "%s/20261122T174132.123Z-4711-000007-GET-_a.reqprof", dir);
}

static void drop_dir(void)
{
	folder_remove(dirfd_of_dir, dir);
}

static bool read_shape(struct rp_summary *s, const struct session_shape *shape)
{
	static struct rp_entry entry;
	struct rp_why why;

	entry.path = path;
	ck_assert(session_file(path, shape));
	return rp_summary_read(s, &entry, &why);
}

START_TEST(facts_are_those_of_the_session)
{
	struct session_shape shape = session_shape();
	struct rp_summary s;

	shape.method = "POST";
	shape.target = "/api/users?page=2";
	shape.server = "shopd";
	shape.status = 503;
	ck_assert(read_shape(&s, &shape));
	ck_assert_str_eq(s.method, "POST");
	ck_assert_str_eq(s.target, "/api/users?page=2");
	ck_assert_str_eq(s.server, "shopd");
	ck_assert_uint_eq(s.status, 503);
	ck_assert_uint_gt(s.duration_ns, 0);
	ck_assert(s.complete);
	rp_summary_free(&s);
	shape.end = false;
	ck_assert(read_shape(&s, &shape));
	ck_assert(!s.complete);
	rp_summary_free(&s);
}
END_TEST

static const struct {
	const char *glob;
	bool matches;
} routes[] = {
        {"/api/*", true},
        {"GET /api/*", true},
        {"/api/users", true},
        {"/api/users?page=2", true},
        {"/api/users[?]page=*", true},
        {"*", true},
        {"/api", false},
        {"POST /api/*", false},
        {"GE /api/*", false},
        {"", false},
        {"GET ", false},
};

START_TEST(a_route_is_a_path_with_or_without_method_and_query)
{
	ck_assert_int_eq(rp_route_matches("GET", "/api/users?page=2", routes[_i].glob),
	                 routes[_i].matches);
}
END_TEST

START_TEST(a_tag_is_found_whole_or_not_at_all)
{
	struct rp_session_head head = {.pid = 1};
	static _Alignas(16) char memory[RP_WRITER_BYTES];
	const struct rp_item item = {
	        .kind = RP_ITEM_REQUEST,
	        .request = {.method = {"GET", 3}, .target = {"/", 1}, .tag = {"0123456789ab", 12}},
	};
	FILE *f = fopen(path, "wb");
	struct rp_writer *w = rp_writer_make(memory, fileno(f), &head, 1 << 20, NULL);

	ck_assert_ptr_nonnull(w);
	ck_assert(rp_writer_put(w, &item));
	ck_assert(rp_writer_flush(w)); /* no END: a .part file is searched as well */
	fclose(f);
	ck_assert(rp_summary_has_tag(path, "0123456789ab"));
	ck_assert(!rp_summary_has_tag(path, "0123456789"));
	ck_assert(!rp_summary_has_tag(path, "0123456789abc"));
	ck_assert(!rp_summary_has_tag(path, ""));
	ck_assert(!rp_summary_has_tag("/no/such/file", ""));
}
END_TEST

static const struct {
	const char *usage;
	const char *words[6];
	int status, first;
	const char *text;
	bool given;
} lines[] = {
        {"v", {"v", "--text", "x", "word"}, RP_FLAGS_GO, 3, "x", false},
        {"v", {"v", "word", "-t", "x", "--on"}, RP_FLAGS_GO, 4, "x", true},
        {"+v", {"v", "--on", "word", "--text", "x"}, RP_FLAGS_GO, 2, NULL, true},
        {"+v", {"v", "--", "--on"}, RP_FLAGS_GO, 2, NULL, false},
        {"v", {"v", "--text=x"}, RP_FLAGS_GO, 2, "x", false},
        {"v", {"v", "--text"}, 2, 0, NULL, false},
        {"v", {"v", "--on=1"}, 2, 0, NULL, false},
        {"v", {"v", "-x"}, 2, 0, NULL, false},
};

START_TEST(flags_are_read_up_to_the_words)
{
	const char *text = NULL;
	bool on = false;
	const struct rp_flag flags[] = {{'t', "text", "TEXT", "a text", &text, NULL},
	                                {0, "on", NULL, "a switch", NULL, &on},
	                                {0}};
	char *words[7] = {NULL};
	int argc = 0, first = 0;

	for (; lines[_i].words[argc]; argc++)
		words[argc] = (char *)lines[_i].words[argc];
	ck_assert_int_eq(rp_flags_parse(flags, lines[_i].usage, argc, words, &first),
	                 lines[_i].status);
	ck_assert_int_eq(first, lines[_i].first);
	ck_assert_pstr_eq(text, lines[_i].text);
	ck_assert_int_eq(on, lines[_i].given);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("summary");
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, make_dir, drop_dir);
	tcase_add_test(tc, facts_are_those_of_the_session);
	tcase_add_loop_test(tc, a_route_is_a_path_with_or_without_method_and_query, 0,
	                    sizeof routes / sizeof routes[0]);
	tcase_add_test(tc, a_tag_is_found_whole_or_not_at_all);
	tcase_add_loop_test(tc, flags_are_read_up_to_the_words, 0, sizeof lines / sizeof lines[0]);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
