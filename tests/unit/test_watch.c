/* test_watch.c - the sessions of a folder, looked at again and again.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "tools/watch.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "tests/support/folder.h"
#include "tests/support/session.h"
#include "tests/support/suite.h"

static char dir[64];
static int dirfd_of_dir;
static const char *dirs[1];
static struct rp_watch watch;

static char *path_of(unsigned number, const char *end)
{
	static char path[192];

	snprintf(path, sizeof(path), "%s/20201122T174132.%03uZ-4711-%06u-GET-_x.reqprof%s", dir,
	         number, number, end);
	return path;
}

static void add(unsigned number, const char *end, const char *target)
{
	struct session_shape shape = session_shape();

	shape.target = target;
	shape.end = !*end;
	ck_assert(session_file(path_of(number, end), &shape));
}

static void look(void)
{
	ck_assert(rp_watch_update(&watch, NULL));
}

/* The targets, newest first. */
static const char *targets(void)
{
	static char text[256];

	text[0] = '\0';
	for (size_t i = 0; i < watch.listing.n; i++) {
		strcat(text, watch.listing.rows[i].target);
		strcat(text, watch.listing.rows[i].complete ? " " : "! ");
		/* Rows lean on the catalogue of the same moment. */
		ck_assert_ptr_eq(rp_watch_find(&watch, watch.listing.rows[i].entry->name,
		                               strlen(watch.listing.rows[i].entry->name)),
		                 watch.listing.rows[i].entry);
	}
	return text;
}

static void begin(void)
{
	dirfd_of_dir = folder_make(dir, sizeof(dir), "watch");
	dirs[0] = dir;
	ck_assert(rp_watch_open(&watch, dirs, 1, NULL));
}

static void end(void)
{
	rp_watch_close(&watch);
	folder_remove(dirfd_of_dir, dir);
}

START_TEST(what_comes_and_goes_is_seen)
{
	uint64_t version = watch.version;

	ck_assert_str_eq(targets(), "");
	add(1, "", "/one");
	add(3, "", "/three");
	look();
	ck_assert_str_eq(targets(), "/three /one ");
	ck_assert_uint_gt(watch.version, version);
	add(2, "", "/two");
	look();
	ck_assert_str_eq(targets(), "/three /two /one ");
	ck_assert_int_eq(unlink(path_of(1, "")), 0);
	look();
	ck_assert_str_eq(targets(), "/three /two ");
	ck_assert_int_eq(unlink(path_of(2, "")), 0);
	ck_assert_int_eq(unlink(path_of(3, "")), 0);
	look();
	ck_assert_str_eq(targets(), "");
}
END_TEST

START_TEST(nothing_new_is_no_new_version)
{
	add(1, "", "/one");
	look();
	uint64_t version = watch.version;

	look();
	look();
	ck_assert_uint_eq(watch.version, version);
}
END_TEST

/* It is damaged behind our back: what is known of a whole session is not read again. */
START_TEST(a_whole_session_is_read_once)
{
	add(1, "", "/one");
	look();
	ck_assert_int_eq(truncate(path_of(1, ""), 10), 0);
	add(2, "", "/two");
	look();
	ck_assert_str_eq(targets(), "/two /one ");
}
END_TEST

START_TEST(one_that_is_being_written_is_read_again)
{
	add(1, ".part", "/early");
	look();
	ck_assert_str_eq(targets(), "/early! ");
	add(1, ".part", "/late");
	look();
	ck_assert_str_eq(targets(), "/late! ");
	ck_assert_int_eq(unlink(path_of(1, ".part")), 0);
	add(1, "", "/late");
	look();
	ck_assert_str_eq(targets(), "/late ");
}
END_TEST

START_TEST(only_whole_names_are_found)
{
	const char *name;

	add(1, "", "/one");
	look();
	name = strrchr(path_of(1, ""), '/') + 1;
	ck_assert(rp_watch_find(&watch, name, strlen(name)));
	ck_assert(!rp_watch_find(&watch, name, strlen(name) - 1));
	ck_assert(!rp_watch_find(&watch, "", 0));
	ck_assert(!rp_watch_find(&watch, path_of(1, ""), strlen(path_of(1, ""))));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("watch");
	TCase *tc = tcase_create("watch");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, what_comes_and_goes_is_seen);
	tcase_add_test(tc, nothing_new_is_no_new_version);
	tcase_add_test(tc, a_whole_session_is_read_once);
	tcase_add_test(tc, one_that_is_being_written_is_read_again);
	tcase_add_test(tc, only_whole_names_are_found);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
