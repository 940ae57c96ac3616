/* test_catalog.c - listing folders and finding sessions.  SPDX-License-Identifier: MIT */
#include "store/catalog.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tests/support/folder.h"
#include "tests/support/suite.h"

static char path[64];
static int dir = -1;
static struct rp_catalog catalog;

static const char *const files[] = {
        /* not in order of age */
        "20261122T170002.000Z-4711-000002-GET-_cart.reqprof",
        "20261122T170001.000Z-4711-000001-GET-_api_users.reqprof",
        "20261122T170004.000Z-512-000001-POST-_cart.reqprof.part",
        "20261122T170003.000Z-4711-000003-GET-_api_users.reqprof",
        "20261121T170000.000Z-99-000017-GET-_.reqprof",
};
enum { N_FILES = sizeof(files) / sizeof(*files) };

static void open_catalog(void)
{
	const char *dirs[] = {path};

	ck_assert(rp_catalog_open(&catalog, dirs, 1, NULL));
}

static void make_folder(void)
{
	dir = folder_make(path, sizeof(path), "test_catalog");
	for (size_t i = 0; i < N_FILES; i++)
		folder_add(dir, files[i], 100 + i, 0);
	folder_add(dir, "README", 10, 0);
	ck_assert_int_eq(symlinkat(files[0], dir, "20261122T170009.000Z-1-000001-GET-_.reqprof"),
	                 0);
	open_catalog();
}

static void remove_folder(void)
{
	rp_catalog_close(&catalog);
	folder_remove(dir, path);
}

START_TEST(sessions_are_listed_oldest_first)
{
	static const unsigned order[] = {4, 1, 0, 3, 2};

	ck_assert_uint_eq(catalog.n, N_FILES);
	for (size_t i = 0; i < N_FILES; i++) {
		const struct rp_entry *e = &catalog.entries[i];

		ck_assert_str_eq(e->name, files[order[i]]);
		ck_assert_int_eq(e->part, order[i] == 2);
		ck_assert_int_eq(strncmp(e->path, path, strlen(path)), 0);
	}
	ck_assert_str_eq(catalog.entries[0].id, "99-000017");
}
END_TEST

/* Words and the file they mean, by number; or the sentence. */
static const struct {
	const char *word;
	int file;
	const char *sentence;
} words[] = {
        {"@", 2, NULL},
        {"@0", 2, NULL},
        {"@1", 3, NULL},
        {"@4", 4, NULL},
        {"@5", -1, "only 5 sessions are kept"},
        {"@x", -1, "@ is the newest"},
        {"@-1", -1, "@ is the newest"},
        {"@ 1", -1, "@ is the newest"},
        {"4711-000002", 0, NULL},
        {"99", 4, NULL},
        {"512-", 2, NULL},
        {"20261121", 4, NULL},
        {"20261122T170003.000Z-4711-000003-GET-_api_users.reqprof", 3, NULL},
        {"20261122T170003.000Z-4711-000003-GET-_api_users", 3, NULL},
        {"4711-00000", -1, "\"4711-00000\" means 3 sessions: 20261122T170001"},
        {"2026", -1, "means 5 sessions: "},
        {"77-000001", -1, "there is no session \"77-000001\""},
        {"", -1, "there is no session"},
        {"*POST*", 2, NULL},
        {"99-*", 4, NULL},
        {"*nothing*", -1, "no session matches"},
        {"/no/such/file", -1, "there is no session"},
        {"/no/such/*", -1, "no session matches"},
};

START_TEST(a_word_finds_its_session_or_says_why_not)
{
	char *paths[4];
	struct rp_why why = {.text = ""};
	size_t n = rp_catalog_find(&catalog, words[_i].word, paths, 4, &why);

	if (words[_i].file < 0) {
		ck_assert_uint_eq(n, 0);
		ck_assert_msg(strstr(why.text, words[_i].sentence), "%s", why.text);
		return;
	}
	ck_assert_msg(n == 1, "%s", why.text);
	ck_assert_str_eq(strrchr(paths[0], '/') + 1, files[words[_i].file]);
	free(paths[0]);
}
END_TEST

START_TEST(a_glob_finds_several_oldest_first_up_to_the_cap)
{
	char *paths[4], word[128];

	ck_assert_uint_eq(rp_catalog_find(&catalog, "*_api_users*", paths, 4, NULL), 2);
	ck_assert_ptr_nonnull(strstr(paths[0], files[1]));
	ck_assert_ptr_nonnull(strstr(paths[1], files[3]));
	free(paths[0]);
	free(paths[1]);
	ck_assert_uint_eq(rp_catalog_find(&catalog, "*", paths, 2, NULL), 2);
	free(paths[0]);
	free(paths[1]);
	snprintf(word, sizeof(word), "%s/*cart*", path);
	ck_assert_uint_eq(rp_catalog_find(&catalog, word, paths, 4, NULL), 2);
	free(paths[0]);
	free(paths[1]);
}
END_TEST

START_TEST(a_path_is_itself)
{
	char *paths[1], word[128];

	snprintf(word, sizeof(word), "%s/README", path);
	ck_assert_uint_eq(rp_catalog_find(&catalog, word, paths, 1, NULL), 1);
	ck_assert_str_eq(paths[0], word);
	free(paths[0]);
}
END_TEST

START_TEST(the_same_id_in_two_folders_is_ambiguous)
{
	char *paths[1];
	struct rp_why why;

	folder_add(dir, "20251122T170003.000Z-4711-000003-GET-_old.reqprof", 1, 0);
	rp_catalog_close(&catalog);
	open_catalog();
	ck_assert_uint_eq(rp_catalog_find(&catalog, "4711-000003", paths, 1, &why), 0);
	ck_assert_ptr_nonnull(strstr(why.text, "means 2 sessions"));
}
END_TEST

START_TEST(an_empty_catalog_says_what_to_do)
{
	const char *dirs[] = {"/tmp/there/is/no/such/folder"};
	struct rp_catalog none;
	struct rp_why why;
	char *paths[1];

	ck_assert(rp_catalog_open(&none, dirs, 1, &why));
	ck_assert_uint_eq(none.n, 0);
	ck_assert_uint_eq(rp_catalog_find(&none, "@", paths, 1, &why), 0);
	ck_assert_ptr_nonnull(strstr(why.text, "profile=1"));
	rp_catalog_close(&none);
}
END_TEST

START_TEST(a_file_is_no_folder)
{
	const char *dirs[] = {path, "/dev/null"};
	struct rp_catalog c;
	struct rp_why why;

	ck_assert(!rp_catalog_open(&c, dirs, 2, &why));
	ck_assert_str_eq(why.text, "/dev/null is not a folder; sessions are kept in one");
	ck_assert_uint_eq(c.n, 0);
}
END_TEST

START_TEST(a_folder_that_may_not_be_read_is_named)
{
	const char *dirs[] = {path};
	struct rp_catalog c;

	ck_assert_int_eq(fchmod(dir, 0), 0);
	if (geteuid() == 0)
		ck_assert_int_eq(seteuid(65534), 0);
	ck_assert(rp_catalog_open(&c, dirs, 1, NULL));
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(fchmod(dir, 0700), 0);
	ck_assert_uint_eq(c.n, 0);
	ck_assert_uint_eq(c.n_denied, 1);
	ck_assert_str_eq(c.denied[0], path);
	rp_catalog_close(&c);
}
END_TEST

START_TEST(the_environment_names_the_folder)
{
	struct rp_catalog c;

	setenv("REQPROF_DIR", path, 1);
	ck_assert(rp_catalog_open(&c, NULL, 0, NULL));
	ck_assert_uint_eq(c.n, N_FILES);
	rp_catalog_close(&c);
	unsetenv("REQPROF_DIR");
}
END_TEST

START_TEST(without_it_every_folder_of_the_machine_is_listed_but_no_link_to_one)
{
	struct rp_catalog c;
	char found[64], link[64];
	int fd = folder_make(found, sizeof(found), "reqprof-test_catalog");
	size_t seen = 0;

	unsetenv("REQPROF_DIR");
	snprintf(link, sizeof(link), "/tmp/reqprof-link.%d", (int)getpid());
	folder_add(fd, "20990101T000000.000Z-7-000001-GET-_.reqprof", 1, 0);
	ck_assert_int_eq(symlink(found, link), 0);
	ck_assert(rp_catalog_open(&c, NULL, 0, NULL));
	unlink(link);
	folder_remove(fd, found);
	for (size_t i = 0; i < c.n; i++) {
		seen += strncmp(c.entries[i].path, found, strlen(found)) == 0;
		ck_assert_int_ne(strncmp(c.entries[i].path, link, strlen(link)), 0);
	}
	ck_assert_uint_eq(seen, 1);
	rp_catalog_close(&c);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store/catalog");
	TCase *t = tcase_create("catalog");

	suite_add_tcase(suite, t);
	tcase_add_checked_fixture(t, make_folder, remove_folder);
	tcase_add_test(t, sessions_are_listed_oldest_first);
	tcase_add_loop_test(t, a_word_finds_its_session_or_says_why_not, 0,
	                    sizeof(words) / sizeof(*words));
	tcase_add_test(t, a_glob_finds_several_oldest_first_up_to_the_cap);
	tcase_add_test(t, a_path_is_itself);
	tcase_add_test(t, the_same_id_in_two_folders_is_ambiguous);
	tcase_add_test(t, an_empty_catalog_says_what_to_do);
	tcase_add_test(t, a_file_is_no_folder);
	tcase_add_test(t, a_folder_that_may_not_be_read_is_named);
	tcase_add_test(t, the_environment_names_the_folder);
	tcase_add_test(t, without_it_every_folder_of_the_machine_is_listed_but_no_link_to_one);
	return suite_run(suite);
}
