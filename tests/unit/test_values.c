/* test_values.c - times, sizes, counts and settings as people type them.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "tools/values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tests/support/suite.h"
#include "tools/setting.h"

enum { UNTOUCHED = 77 };

static const struct {
	bool (*read)(const char *text, uint64_t *value);
	const char *text;
	uint64_t want; /* UNTOUCHED: refused */
} values[] = {
        {rp_value_time, "800us", 800000},
        {rp_value_time, "1.5s", 1500000000},
        {rp_value_time, "30m", 1800000000000},
        {rp_value_time, "7D", 604800000000000},
        {rp_value_time, "0s", 0},
        {rp_value_time, "5", UNTOUCHED},
        {rp_value_time, "-5s", UNTOUCHED},
        {rp_value_time, "5 s", UNTOUCHED},
        {rp_value_time, "1e3s", UNTOUCHED},
        {rp_value_time, "0x10s", UNTOUCHED},
        {rp_value_time, "1.2.3s", UNTOUCHED},
        {rp_value_time, ".s", UNTOUCHED},
        {rp_value_time, "", UNTOUCHED},
        {rp_value_time, "999999999999999999d", UNTOUCHED},
        {rp_value_interval, "1000hz", 1000000},
        {rp_value_interval, "500us", 500000},
        {rp_value_interval, "2S", 2000000000},
        {rp_value_interval, "0hz", UNTOUCHED},
        {rp_value_interval, "0ms", UNTOUCHED},
        {rp_value_interval, "0.5ms", UNTOUCHED},
        {rp_value_interval, "1h", UNTOUCHED},
        {rp_value_interval, "9999999999s", UINT64_C(9999999999000000000)},
        {rp_value_interval, "99999999999us", UNTOUCHED},
        {rp_value_interval, "2000000000hz", UNTOUCHED},
        {rp_value_bytes, "4096", 4096},
        {rp_value_bytes, "8M", 8 << 20},
        {rp_value_bytes, "1.5k", 1536},
        {rp_value_bytes, "8MB", UNTOUCHED},
        {rp_value_bytes, "M", UNTOUCHED},
        {rp_value_bytes, "1.2345k", UNTOUCHED},
        {rp_value_milli, "0.5", 500},
        {rp_value_milli, "0.0001", UNTOUCHED},
        {rp_value_milli, "", UNTOUCHED},
        {rp_value_count, "0", 0},
        {rp_value_count, "18446744073709551615", UINT64_MAX},
        {rp_value_count, "18446744073709551616", UNTOUCHED},
        {rp_value_count, "1.0", UNTOUCHED},
        {rp_value_count, "+1", UNTOUCHED},
        {rp_value_count, " 1", UNTOUCHED},
};

START_TEST(a_value_is_read_or_left_alone)
{
	uint64_t value = UNTOUCHED;

	ck_assert_int_eq(values[_i].read(values[_i].text, &value), values[_i].want != UNTOUCHED);
	ck_assert_uint_eq(value, values[_i].want);
}
END_TEST

static const struct {
	const char *name, *value, *why; /* why: a part of the complaint, NULL: it is fine */
} settings[] = {
        {"DIR", "/var/tmp/x", NULL},
        {"dir", "x", "from the root"},
        {"TRIGGER", "prof_1", NULL},
        {"TRIGGER", "a b", "letters"},
        {"OPEN", "loopback", NULL},
        {"OPEN", "all", "loopback"},
        {"LOG", "-", NULL},
        {"INTERVAL", "1000hz", NULL},
        {"INTERVAL", "49us", NULL},
        {"INTERVAL", "5", "1ms"},
        {"MAX_FRAMES", "256", NULL},
        {"MAX_FRAMES", "257", NULL},
        {"MAX_FRAMES", "0", "above zero"},
        {"MAX_FRAMES", "many", "whole number"},
        {"KEEP", "200,7d", NULL},
        {"KEEP", "some", ""},
        {"RATE", "0.5", NULL},
        {"RATE", "0", "above zero"},
        {"MAX_BYTES", "8M", NULL},
        {"MAX_BYTES", "8", NULL},
        {"MAX_BYTES", "8X", "500k or 8M"},
        {"MAX_SECONDS", "1000000001", "a billion"},
        {"SECRET_FILE", "/no/such/file", "not there"},
        {"SECRET_FILE", "/dev/null", "regular file"},
        {"ROUTES", "GET /api/*,/slow", NULL},
};

START_TEST(a_setting_is_taken_or_refused_with_a_sentence)
{
	const struct rp_setting *s = rp_setting_find(settings[_i].name, strlen(settings[_i].name));
	struct rp_why why = {0};

	ck_assert_ptr_nonnull(s);
	ck_assert_int_eq(rp_setting_check(s, settings[_i].value, &why), !settings[_i].why);
	if (settings[_i].why)
		ck_assert_msg(why.text[0] && strstr(why.text, settings[_i].why), "%s", why.text);
}
END_TEST

START_TEST(a_folder_can_be_made_in_one_that_is_there)
{
	struct rp_why why;

	ck_assert(rp_setting_place("/tmp/reqprof-of-nobody", &why));
	ck_assert(!rp_setting_place("/no/such/folder", &why));
	ck_assert_str_eq(why.text, "cannot be made: /no/such is not a directory");
	ck_assert(!rp_setting_place("/dev/null/sessions", &why));
	ck_assert(!rp_setting_place("/dev/null", &why));
	ck_assert_str_eq(why.text, "is not a directory");
}
END_TEST

START_TEST(a_place_is_its_owners_alone)
{
	char dir[] = "/tmp/reqprof-place-XXXXXX", link[sizeof(dir) + 1];
	struct rp_why why;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert(rp_setting_place(dir, &why));
	chmod(dir, 0777);
	ck_assert(!rp_setting_place(dir, &why));
	ck_assert_str_eq(why.text, "may be written by others: chmod 700 it");
	chmod(dir, 0700);
	snprintf(link, sizeof(link), "%sl", dir);
	ck_assert_int_eq(symlink(dir, link), 0);
	ck_assert(!rp_setting_place(link, &why));
	unlink(link);
	rmdir(dir);
}
END_TEST

START_TEST(a_secret_is_private_and_long)
{
	char path[] = "/tmp/reqprof-secret-XXXXXX";
	const struct rp_setting *s = rp_setting_find("SECRET_FILE", 11);
	struct rp_why why;
	int fd = mkstemp(path);

	ck_assert_int_eq(write(fd, "short\n", 6), 6);
	ck_assert(!rp_setting_check(s, path, &why));
	ck_assert_ptr_nonnull(strstr(why.text, "16 to 128"));
	ck_assert_int_eq(write(fd, "0123456789abcdef\n", 17), 17);
	ck_assert(rp_setting_check(s, path, &why));
	ck_assert_int_eq(fchmod(fd, 0640), 0);
	ck_assert(!rp_setting_check(s, path, &why));
	ck_assert_ptr_nonnull(strstr(why.text, "chmod 600"));
	close(fd);
	unlink(path);
}
END_TEST

START_TEST(names_and_options_are_one_to_one)
{
	char word[32];

	ck_assert_ptr_null(rp_setting_find("MAX", 3));
	ck_assert_ptr_null(rp_setting_find("", 0));
	for (const struct rp_setting *s = rp_setting_rows; s->name; s++) {
		ck_assert_ptr_eq(rp_setting_find(s->name, strlen(s->name)), s);
		rp_setting_option(s, word);
		ck_assert_uint_eq(strlen(word), strlen(s->name));
		ck_assert_ptr_null(strpbrk(word, "_ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("values");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, a_value_is_read_or_left_alone, 0, sizeof values / sizeof values[0]);
	tcase_add_loop_test(tc, a_setting_is_taken_or_refused_with_a_sentence, 0,
	                    sizeof settings / sizeof settings[0]);
	tcase_add_test(tc, a_folder_can_be_made_in_one_that_is_there);
	tcase_add_test(tc, a_place_is_its_owners_alone);
	tcase_add_test(tc, a_secret_is_private_and_long);
	tcase_add_test(tc, names_and_options_are_one_to_one);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
