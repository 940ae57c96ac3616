/* test_sets.c - which sessions a word of the command line means.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "tools/sets.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "tests/support/folder.h"
#include "tests/support/session.h"
#include "tests/support/suite.h"

static char dir[64];
static int dirfd_of_dir;
static struct rp_catalog all;

static void make_session(unsigned number, const char *target, uint32_t status)
{
	struct session_shape shape = session_shape();
	char path[192];

	shape.target = target;
	shape.status = status;
	snprintf(path, sizeof(path), "%s/20201122T174132.%03uZ-4711-%06u-GET-_x.reqprof", dir,
	         number, number);
	ck_assert(session_file(path, &shape));
}

/* 1, 2 and 3 of /api/users (3 failed), 4 of /slow; names beside 1. */
static void make_sessions(void)
{
	struct rp_why why;
	const char *dirs[] = {dir};

	dirfd_of_dir = folder_make(dir, sizeof(dir), "sets");
	make_session(1, "/api/users?page=1", 200);
	make_session(2, "/api/users?page=2", 200);
	make_session(3, "/api/users", 500);
	make_session(4, "/slow", 200);
	folder_add(dirfd_of_dir, "20201122T174132.001Z-4711-000001-GET-_x.reqsym", 10, 1);
	ck_assert(rp_catalog_open(&all, dirs, 1, &why));
}

static void drop_sessions(void)
{
	rp_catalog_close(&all);
	folder_remove(dirfd_of_dir, dir);
}

/* The last digits of the ids in SET, in its order. */
static const char *digits_of(const struct rp_set *set)
{
	static char digits[64];

	for (size_t i = 0; i < set->n; i++)
		digits[i] = strstr(set->paths[i], "-4711-")[11];
	digits[set->n] = '\0';
	return digits;
}

/* %s stands for the folder. */
static const struct {
	const char *word, *digits, *why; /* digits NULL: nothing, because of why */
} words[] = {
        {"%s", "1234", NULL},
        {"%s/", "1234", NULL},
        {"%s/*.req*", "1234", NULL}, /* not the names beside 1 */
        {"4711-000002", "2", NULL},
        {"@", "4", NULL},
        {"*00000[13]", "13", NULL},
        {"route=/api/*", "123", NULL},
        {"route=POST /api/*", NULL, "no session is of the kind \"route=POST /api/*\""},
        {"status=500", "3", NULL},
        {"%s,status=200,route=/slow", "4", NULL},
        {"4711-00000*,route=/api/users", "123", NULL},
        {"4711-000001,status=500", NULL, "no session is of the kind \"4711-000001,status=500\""},
        {"server=shop*", "1234", NULL},
        {"%s,status=404", NULL, "no session is of the kind"},
        {"since=1h", NULL, "no session is of the kind \"since=1h\""}, /* they are of another day */
        {"slower=0us", "1234", NULL},
        {"slower=fast", NULL, "slower wants a time such as 200ms, not 'fast'"},
        {"status=ok", NULL, "status wants a number such as 200, not 'ok'"},
        {"color=red", NULL, "'color=' says nothing of sessions"},
        {"tag=a,b", NULL, "'b' in a set wants a value"},
        {"nothing", NULL, "there is no session \"nothing\""},
        {"%s/nothing,status=200", NULL, "there is no session"},
};

START_TEST(a_word_means_these_sessions)
{
	struct rp_set set = {0};
	struct rp_why why = {0};
	char word[160];

	snprintf(word, sizeof(word), words[_i].word, dir);
	bool ok = rp_sets_add(&set, &all, word, &why);

	ck_assert_msg(ok == (words[_i].digits != NULL), "%s: %s", word, why.text);
	if (ok)
		ck_assert_str_eq(digits_of(&set), words[_i].digits);
	else
		ck_assert_msg(strstr(why.text, words[_i].why), "%s: %s", word, why.text);
	rp_sets_free(&set);
}
END_TEST

START_TEST(a_session_that_two_words_name_counts_once)
{
	struct rp_set set = {0};
	struct rp_why why;

	ck_assert(rp_sets_add(&set, &all, "status=500", &why));
	ck_assert(rp_sets_add(&set, &all, "route=/api/*", &why));
	ck_assert_str_eq(digits_of(&set), "312");
	for (int i = 0; i < 2; i++)
		ck_assert_msg(rp_sets_add(&set, &all, dir, &why), "%s", why.text);
	ck_assert_str_eq(digits_of(&set), "3124");
	rp_sets_free(&set);
}
END_TEST

START_TEST(a_folder_without_sessions_says_so)
{
	struct rp_set set = {0};
	struct rp_why why;
	char empty[64];
	int fd = folder_make(empty, sizeof(empty), "sets-empty");

	ck_assert(!rp_sets_add(&set, &all, empty, &why));
	ck_assert_msg(strstr(why.text, "there is no session in /tmp/sets-empty"), "%s", why.text);
	ck_assert_uint_eq(set.n, 0);
	folder_remove(fd, empty);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sets");
	TCase *tc = tcase_create("sets");

	tcase_add_checked_fixture(tc, make_sessions, drop_sessions);
	tcase_add_loop_test(tc, a_word_means_these_sessions, 0, sizeof(words) / sizeof(words[0]));
	tcase_add_test(tc, a_session_that_two_words_name_counts_once);
	tcase_add_test(tc, a_folder_without_sessions_says_so);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
