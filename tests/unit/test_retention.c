/* test_retention.c - the folder is read after a session, but not after each of many.
 *
 * Room: tests.  One session may stay.  SPDX-License-Identifier: MIT
 */
#include "preload/cold/retention.h"

#include <string.h>
#include "preload/hot/clock.h"
#include "preload/settings.h"
#include "store/catalog.h"
#include "store/names.h"
#include "tests/support/folder.h"
#include "tests/support/suite.h"

enum { LATER_NS = 1000000000 };

static char path[64];
static int dir = -1;

static void ready(void)
{
	dir = folder_make(path, sizeof(path), "test_retention");
	strcpy(rp_settings.dir, path);
	rp_settings.keep.sessions = 1;
}

static void done(void)
{
	folder_remove(dir, path);
}

/* One more is in the folder; how many are left of all. */
static unsigned add(void)
{
	static uint32_t n;
	char name[RP_NAME_MAX];

	n++;
	rp_catalog_name(name, 1795366800000000000 + n * 1000000ull, 4711, n,
	                (struct rp_slice){"GET", 3}, (struct rp_slice){"/", 1});
	folder_add(dir, name, 100, 1795366800);
	rp_retention_after(dir);
	return folder_count(dir);
}

START_TEST(the_first_session_is_enough_and_the_last_is_not_forgotten)
{
	uint64_t later_ns = rp_mono_ns() + LATER_NS;
	unsigned most = 0, left;

	ck_assert_uint_eq(add(), 1);
	for (unsigned i = 0; i < 50; i++)
		most = (left = add()) > most ? left : most;
	ck_assert_uint_gt(most, 1);
	rp_retention_turn(later_ns);
	ck_assert_uint_eq(folder_count(dir), 1);
	folder_add(dir, "20200101T000000.000Z-1-000001-GET-_.reqprof", 1, 1);
	rp_retention_turn(later_ns + LATER_NS); /* no session of ours came */
	ck_assert_uint_eq(folder_count(dir), 2);
}
END_TEST

START_TEST(who_ends_does_not_wait)
{
	rp_retention_hurry();
	for (unsigned i = 0; i < 3; i++)
		ck_assert_uint_eq(add(), 1);
}
END_TEST

START_TEST(a_child_begins_anew)
{
	ck_assert_uint_eq(add(), 1);
	rp_retention_forked();
	ck_assert_uint_eq(add(), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cold/retention");
	TCase *t = tcase_create("retention");

	suite_add_tcase(suite, t);
	tcase_add_checked_fixture(t, ready, done);
	tcase_add_test(t, the_first_session_is_enough_and_the_last_is_not_forgotten);
	tcase_add_test(t, who_ends_does_not_wait);
	tcase_add_test(t, a_child_begins_anew);
	return suite_run(suite);
}
