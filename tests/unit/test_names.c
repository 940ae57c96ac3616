/* test_names.c - names of sessions, made and taken apart.  SPDX-License-Identifier: MIT */
#include "store/names.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include "store/catalog.h"
#include "tests/support/suite.h"

static const struct {
	const char *method, *target, *end;
} targets[] = {
        {"GET", "/api/users", "-GET-_api_users.reqprof"},
        {"GET", "/api/users?token=hunter2", "-GET-_api_users.reqprof"},
        {"GET", "/?a=/b", "-GET-_.reqprof"},
        {"POST", "http://joe:secret@shop/cart/1", "-POST-_cart_1.reqprof"},
        {"GET", "http://joe:secret@shop", "-GET-.reqprof"},
        {"CONNECT", "joe:secret@db:5432", "-CONNECT-.reqprof"},
        {"OPTIONS", "*", "-OPTIONS-_.reqprof"},
        {"GET", "/../../etc/passwd\n$(reboot)", "-GET-_.._.._etc_passwd___reboot_.reqprof"},
        {"AVERYLONGMETHODNAMEINDEED", "/", "-AVERYLONGMETHODN-_.reqprof"},
        {"", "", "--.reqprof"},
};

START_TEST(a_name_shows_the_path_and_never_the_query)
{
	char name[RP_NAME_MAX];
	struct rp_named named;

	rp_catalog_name(name, UINT64_C(1795369292123999999), 4711, 7,
	                rp_slice_of(targets[_i].method), rp_slice_of(targets[_i].target));
	ck_assert_msg(strncmp(name, "20261122T174132.123Z-4711-000007-", 33) == 0, "%s", name);
	ck_assert_str_eq(name + 32, targets[_i].end);
	ck_assert(rp_names_parse(name, &named));
	ck_assert_str_eq(named.id, "4711-000007");
	ck_assert_uint_eq(named.wall_ns, UINT64_C(1795369292123000000));
	ck_assert(!named.part);
}
END_TEST

START_TEST(a_long_target_is_cut_and_the_ending_is_not)
{
	char target[400], name[RP_NAME_MAX + 8];
	struct rp_named named;

	for (size_t n = 1; n < sizeof(target); n++) {
		memset(target, 'x', n);
		target[0] = '/';
		memset(name, '#', sizeof(name));
		rp_catalog_name(name, UINT64_MAX, UINT32_MAX, UINT32_MAX, rp_slice_of("PROPPATCH"),
		                (struct rp_slice){target, n});
		ck_assert_uint_lt(strlen(name), RP_NAME_MAX);
		ck_assert_int_eq(name[RP_NAME_MAX], '#');
		ck_assert_ptr_nonnull(strstr(name, ".reqprof"));
	}
	ck_assert(!rp_names_parse(name, &named)); /* the year 2554 is past the range */
}
END_TEST

START_TEST(every_day_is_the_calendars)
{
	char name[RP_NAME_MAX], expected[32];
	struct rp_named named;

	for (uint64_t s = 86399; s < UINT64_C(18000000000); s += 86400 * 3 + 7) {
		time_t when = (time_t)s;
		struct tm tm;

		rp_catalog_name(name, s * 1000000000, 1, 1, rp_slice_of("G"), rp_slice_of("/"));
		gmtime_r(&when, &tm);
		strftime(expected, sizeof(expected), "%Y%m%dT%H%M%S.000Z", &tm);
		ck_assert_mem_eq(name, expected, 20);
		ck_assert(rp_names_parse(name, &named));
		ck_assert_uint_eq(named.wall_ns, s * 1000000000);
	}
}
END_TEST

static const struct {
	const char *name;
	bool ours, part;
} names[] = {
        {"20261122T174132.123Z-4711-000007-GET-_.reqprof", true, false},
        {"20261122T174132.123Z-4711-000007-GET-_.reqprof.part", true, true},
        {"20261122T174132.123Z-4711-1000007-GET-_.reqprof", true, false},
        {"20261122T174132.123Z-4711-000007-GET-_.reqprof.tmp", false, false},
        {"20261122T174132.123Z-4711-000007-GET-_.part", false, false},
        {"20261122T174132.123Z-4711-00007-GET-_.reqprof", false, false},
        {"20261122T174132.123Z-4711-000007.reqprof", false, false},
        {"20261122T174132.123Z--000007-GET-_.reqprof", false, false},
        {"20261122T174132.123Z-12345678901-000007-GET-_.reqprof", false, false},
        {"20261322T174132.123Z-4711-000007-GET-_.reqprof", false, false},
        {"20261122T244132.123Z-4711-000007-GET-_.reqprof", false, false},
        {"2026112XT174132.123Z-4711-000007-GET-_.reqprof", false, false},
        {"20261122T174132.123Z", false, false},
        {".reqprof", false, false},
        {"", false, false},
        {"..", false, false},
};

START_TEST(only_names_of_ours_are_taken_for_ours)
{
	struct rp_named named;

	ck_assert_int_eq(rp_names_parse(names[_i].name, &named), names[_i].ours);
	if (names[_i].ours)
		ck_assert_int_eq(named.part, names[_i].part);
}
END_TEST

START_TEST(the_default_folder_is_the_users)
{
	char path[40];

	rp_catalog_default_dir(path, sizeof(path), 0);
	ck_assert_str_eq(path, "/tmp/reqprof-0");
	rp_catalog_default_dir(path, sizeof(path), UINT32_MAX);
	ck_assert_str_eq(path, "/tmp/reqprof-4294967295");
	rp_catalog_default_dir(path, 8, 12);
	ck_assert_str_eq(path, "/tmp/re");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store/names");
	TCase *t = tcase_create("names");

	suite_add_tcase(suite, t);
	tcase_add_loop_test(t, a_name_shows_the_path_and_never_the_query, 0,
	                    sizeof(targets) / sizeof(*targets));
	tcase_add_test(t, a_long_target_is_cut_and_the_ending_is_not);
	tcase_add_test(t, every_day_is_the_calendars);
	tcase_add_loop_test(t, only_names_of_ours_are_taken_for_ours, 0,
	                    sizeof(names) / sizeof(*names));
	tcase_add_test(t, the_default_folder_is_the_users);
	return suite_run(suite);
}
