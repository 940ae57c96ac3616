/* test_keep.c - what may stay in the folder, and how often the disk is asked about it.
 *
 * Room: tests.  fstatat and geteuid of this program are here, to be counted.
 * SPDX-License-Identifier: MIT
 */
#include "store/catalog.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "store/names.h"
#include "tests/support/folder.h"
#include "tests/support/suite.h"

/* 2026-11-22T17:00:00Z, and the length of the steps between files. */
enum { BEGAN_S = 1795366800, STEP_S = 60 };

static char path[64];
static int dir = -1;
static unsigned n_stats, n_euids;

int fstatat(int at, const char *restrict name, struct stat *restrict st, int flags)
{
	n_stats++;
	return (int)syscall(SYS_newfstatat, at, name, st, flags);
}

uid_t geteuid(void)
{
	n_euids++;
	return (uid_t)syscall(SYS_geteuid);
}

static void make_folder(void)
{
	dir = folder_make(path, sizeof(path), "test_keep");
}

/* Where others may put files too, a name alone says nothing. */
static void make_shared_folder(void)
{
	make_folder();
	ck_assert_int_eq(fchmod(dir, 01777), 0);
}

static void remove_folder(void)
{
	folder_remove(dir, path);
}

static const char *name_of(unsigned i, const char *suffix)
{
	static char name[RP_NAME_MAX + 8];
	uint64_t wall_ns = (BEGAN_S + (uint64_t)i * STEP_S) * 1000000000;

	rp_catalog_name(name, wall_ns, 4711, i, (struct rp_slice){"GET", 3},
	                (struct rp_slice){"/", 1});
	strcat(name, suffix);
	return name;
}

/* N sessions of 1000 bytes, put there in no order of age. */
static void fill(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		unsigned shuffled = (i * 7 + 3) % n;

		folder_add(dir, name_of(shuffled, ""), 1000, BEGAN_S + shuffled * STEP_S);
	}
}

static bool there(const char *name)
{
	return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static unsigned apply(const char *text, unsigned now_steps)
{
	struct rp_keep keep;
	struct rp_why why;

	ck_assert_msg(rp_keep_parse(&keep, text, &why), "%s", why.text);
	n_stats = n_euids = 0;
	return rp_keep_apply(dir, &keep, (BEGAN_S + (uint64_t)now_steps * STEP_S) * 1000000000);
}

static const struct {
	unsigned files;
	const char *keep;
	unsigned now_steps, stay;
} cases[] = {
        {10, "200", 10, 10}, {10, "10", 10, 10},   {10, "9", 10, 9},    {10, "1", 10, 1},
        {10, "0", 10, 10},   {10, "5K", 10, 5},    {10, "1K", 10, 1},   {10, "300s", 10, 5},
        {10, "1h", 10, 10},  {10, "1h", 65, 5},    {10, "8,5K", 10, 5}, {10, "3,5K,1d", 10, 3},
        {100, "1", 100, 1},  {100, "50", 100, 50}, {64, "32", 64, 32},  {10, "1d", 10000, 0},
        {0, "1", 10, 0},
};

START_TEST(the_youngest_stay)
{
	fill(cases[_i].files);
	ck_assert_uint_eq(apply(cases[_i].keep, cases[_i].now_steps),
	                  cases[_i].files - cases[_i].stay);
	ck_assert_uint_eq(folder_count(dir), cases[_i].stay);
	for (unsigned i = 0; i < cases[_i].stay; i++)
		ck_assert(there(name_of(cases[_i].files - 1 - i, "")));
	ck_assert_uint_eq(apply(cases[_i].keep, cases[_i].now_steps), 0);
}
END_TEST

START_TEST(nothing_but_our_regular_files_is_touched)
{
	char link[RP_NAME_MAX + 8];

	fill(3);
	folder_add(dir, "notes.txt", 5000, BEGAN_S);
	folder_add(dir, "20200101T000000.000Z-1-000001-GET-_.reqprof.bak", 5000, BEGAN_S);
	strcpy(link, name_of(50, ""));
	ck_assert_int_eq(symlinkat("notes.txt", dir, link), 0);
	ck_assert_int_eq(mkdirat(dir, name_of(51, ""), 0700), 0);
	ck_assert_uint_eq(apply("1", 60), 2);
	ck_assert(there("notes.txt") && there(link) && there(name_of(51, "")));
	ck_assert(there(name_of(2, "")));
	ck_assert_uint_eq(folder_count(dir), 5);
}
END_TEST

START_TEST(a_file_of_somebody_else_stays)
{
	fill(2);
	if (geteuid() != 0)
		return; /* only root can make one */
	ck_assert_int_eq(fchownat(dir, name_of(0, ""), 65534, 65534, 0), 0);
	ck_assert_uint_eq(apply("1s", 1000), 1);
	ck_assert(there(name_of(0, "")));
}
END_TEST

START_TEST(a_file_of_somebody_else_does_not_count)
{
	fill(4);
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(fchownat(dir, name_of(0, ""), 65534, 65534, 0), 0);
	ck_assert_uint_eq(apply("3", 10), 0);
	ck_assert_uint_eq(apply("2", 10), 1);
	ck_assert(there(name_of(0, "")) && !there(name_of(1, "")) && there(name_of(2, "")));
}
END_TEST

/* A folder of ours with 100 sessions: bytes are told by the disk only. */
static const struct {
	const char *keep;
	unsigned gone, stats;
} asked[] = {
        {"200", 0, 0}, {"100", 0, 0},    {"97", 3, 3},      {"20", 80, 80}, {"1h", 40, 40},
        {"1d", 0, 0},  {"200,1d", 0, 0}, {"97,1h", 40, 40}, {"1G", 0, 100}, {"200,1G", 0, 100},
};

START_TEST(the_disk_is_asked_about_what_goes_only)
{
	fill(100);
	ck_assert_uint_eq(apply(asked[_i].keep, 100), asked[_i].gone);
	ck_assert_uint_eq(n_stats, asked[_i].stats);
	ck_assert_uint_eq(n_euids, 1);
}
END_TEST

START_TEST(a_part_file_is_left_alone_for_an_hour_after_its_last_byte)
{
	folder_add(dir, name_of(0, ".part"), 10, BEGAN_S);
	folder_add(dir, name_of(1, ""), 10, BEGAN_S);
	ck_assert_uint_eq(apply("1", 30), 1); /* it counts, so the finished one goes */
	ck_assert(there(name_of(0, ".part")));
	ck_assert_uint_eq(apply("1s", 59), 0);
	ck_assert_uint_eq(apply("1s", 61), 1);
	ck_assert_uint_eq(folder_count(dir), 0);
}
END_TEST

static const struct {
	const char *text;
	struct rp_keep keep;
} parsed[] = {
        {"200", {200, 0, 0}},
        {"500M", {0, UINT64_C(500) << 20, 0}},
        {"3G", {0, UINT64_C(3) << 30, 0}},
        {"7d", {0, 0, 7 * 86400}},
        {"2w", {0, 0, 14 * 86400}},
        {"200,7d", {200, 0, 7 * 86400}},
        {"7d,64K,12", {12, 65536, 7 * 86400}},
};

START_TEST(bounds_are_read)
{
	struct rp_keep keep;

	ck_assert(rp_keep_parse(&keep, parsed[_i].text, NULL));
	ck_assert_mem_eq(&keep, &parsed[_i].keep, sizeof(keep));
}
END_TEST

START_TEST(what_is_no_bound_is_refused_in_a_sentence)
{
	static const char *const texts[] = {"",    "x",   "-1",   "7x", "7dd",        "7d,",
	                                    ",7d", "1 d", "1.5G", "M",  "12345678901"};
	struct rp_keep keep = {1, 2, 3};
	struct rp_why why;

	ck_assert(!rp_keep_parse(&keep, texts[_i], &why));
	ck_assert_ptr_nonnull(strstr(why.text, "does not say what to keep"));
	ck_assert_uint_eq(keep.sessions, 1);
}
END_TEST

static TCase *keeps(const char *name, void (*make)(void))
{
	TCase *t = tcase_create(name);

	tcase_add_checked_fixture(t, make, remove_folder);
	tcase_add_loop_test(t, the_youngest_stay, 0, sizeof(cases) / sizeof(*cases));
	tcase_add_test(t, nothing_but_our_regular_files_is_touched);
	tcase_add_test(t, a_file_of_somebody_else_stays);
	tcase_add_test(t, a_file_of_somebody_else_does_not_count);
	tcase_add_test(t, a_part_file_is_left_alone_for_an_hour_after_its_last_byte);
	return t;
}

START_TEST(names_go_with_their_session)
{
	fill(4);
	for (unsigned i = 0; i < 4; i++) {
		char side[RP_FILE_NAME_MAX];

		ck_assert(rp_names_sidecar(side, sizeof(side), name_of(i, "")));
		folder_add(dir, side, 10, BEGAN_S);
	}
	ck_assert_uint_eq(apply("1", 5), 3); /* what is beside a session is none */
	ck_assert_uint_eq(folder_count(dir), 2);
	ck_assert(there(name_of(3, "")));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store/keep");
	TCase *own = keeps("our folder", make_folder), *words = tcase_create("words"),
	      *beside = tcase_create("beside");

	suite_add_tcase(suite, own);
	suite_add_tcase(suite, keeps("shared folder", make_shared_folder));
	suite_add_tcase(suite, words);
	tcase_add_loop_test(own, the_disk_is_asked_about_what_goes_only, 0,
	                    sizeof(asked) / sizeof(*asked));
	tcase_add_loop_test(words, bounds_are_read, 0, sizeof(parsed) / sizeof(*parsed));
	tcase_add_loop_test(words, what_is_no_bound_is_refused_in_a_sentence, 0, 11);
	suite_add_tcase(suite, beside);
	tcase_add_checked_fixture(beside, make_folder, remove_folder);
	tcase_add_test(beside, names_go_with_their_session);
	return suite_run(suite);
}
