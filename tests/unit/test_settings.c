/* test_settings.c - every variable of preload/settings.def: unset, good, bad, in one; secrets.
 *
 * Room: tests.  Each case reads the environment in a process of its own.
 * SPDX-License-Identifier: MIT
 */
#include "preload/cold/settings.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "preload/settings.h"
#include "tests/support/folder.h"
#include "tests/support/suite.h"

static char path[64], log_path[128], log_text[4096];
static int dir = -1;

static void ready(void)
{
	dir = folder_make(path, sizeof(path), "test_settings");
	snprintf(log_path, sizeof(log_path), "%s/log", path);
	setenv("REQPROF_LOG", log_path, 1);
}

static void remove_folder(void)
{
	folder_remove(dir, path);
}

/* Reads the settings; log_text is what was said. */
static void settle(void)
{
	int fd;
	ssize_t n = 0;

	rp_settings_read();
	fd = open(log_path, O_RDONLY);
	if (fd >= 0)
		n = read(fd, log_text, sizeof(log_text) - 1);
	log_text[n > 0 ? n : 0] = 0;
	if (fd >= 0)
		close(fd);
}

static unsigned lines(const char *text)
{
	unsigned n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

/* A field of rp_settings as a number, by the variable it belongs to. */
static uint64_t number(const char *variable)
{
	const struct {
		const char *variable;
		uint64_t value;
	} fields[] = {
	        {"REQPROF_INTERVAL", rp_settings.interval_ns},
	        {"REQPROF_MAX_FRAMES", rp_settings.max_frames},
	        {"REQPROF_CONCURRENT", rp_settings.concurrent},
	        {"REQPROF_RATE", rp_settings.rate_milli},
	        {"REQPROF_BURST", rp_settings.burst},
	        {"REQPROF_MAX_SECONDS", rp_settings.max_ns},
	        {"REQPROF_MAX_SAMPLES", rp_settings.max_samples},
	        {"REQPROF_MAX_BYTES", rp_settings.max_bytes},
	        {"REQPROF_OPEN", rp_settings.open_loopback},
	        {"REQPROF_RUNTIMES", rp_settings.runtimes},
	        {"REQPROF_ROUTES", rp_settings.rules.n_routes},
	        {"REQPROF_RESPONSE", rp_settings.keep_answers},
	        {"REQPROF_HEADERS", rp_settings.headers_off},
	        {"REQPROF_ALLOW", rp_settings.allow.n + 100u * rp_settings.allow.given},
	        {"REQPROF_TRUSTED_PROXIES", rp_settings.proxies.n},
	};

	for (unsigned i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (strcmp(fields[i].variable, variable) == 0)
			return fields[i].value;
	ck_abort_msg("no field for %s", variable);
	return 0;
}

static void expect_defaults(void)
{
	ck_assert_uint_eq(rp_settings.interval_ns, 1000000);
	ck_assert_uint_eq(rp_settings.max_frames, 128);
	ck_assert_uint_eq(rp_settings.concurrent, 4);
	ck_assert_uint_eq(rp_settings.rate_milli, 2000);
	ck_assert_uint_eq(rp_settings.burst, 10);
	ck_assert_uint_eq(rp_settings.max_ns, 60000000000);
	ck_assert_uint_eq(rp_settings.max_samples, 20000);
	ck_assert_uint_eq(rp_settings.max_bytes, 8 << 20);
	ck_assert_uint_eq(rp_settings.keep.sessions, 200);
	ck_assert_str_eq(rp_settings.dir, "");
	ck_assert_str_eq(rp_settings.rules.name, "profile");
	ck_assert(!rp_settings.open_loopback && !rp_settings.rules.has_secret);
	ck_assert(!rp_settings.allow.given && !rp_settings.proxies.given);
	ck_assert(!rp_settings.keep_answers);
	ck_assert_str_eq(rp_settings.exe, "");
	ck_assert_uint_eq(rp_settings.rules.n_routes, 0);
}

START_TEST(without_environment_all_is_as_documented)
{
	settle();
	expect_defaults();
	ck_assert_str_eq(log_text, "");
	unsetenv("REQPROF_LOG");
	settle();
	expect_defaults();
}
END_TEST

#define GOOD(variable, value, n)                                                                   \
	{                                                                                          \
		variable, value, n, true                                                           \
	}
#define BAD(variable, value, n)                                                                    \
	{                                                                                          \
		variable, value, n, false                                                          \
	}
static const struct {
	const char *variable, *value;
	uint64_t is;
	bool good;
} cases[] = {
        GOOD("REQPROF_INTERVAL", "200us", 200000),
        GOOD("REQPROF_INTERVAL", "2s", 2000000000),
        GOOD("REQPROF_INTERVAL", "10000hz", 100000),
        GOOD("REQPROF_INTERVAL", "50us", 50000),
        BAD("REQPROF_INTERVAL", "1us", 50000), /* raised, and said */
        BAD("REQPROF_INTERVAL", "fast", 1000000),
        BAD("REQPROF_INTERVAL", "0", 1000000),
        BAD("REQPROF_INTERVAL", "", 1000000),
        GOOD("REQPROF_MAX_FRAMES", "1", 1),
        GOOD("REQPROF_MAX_FRAMES", "256", 256),
        GOOD("REQPROF_MAX_FRAMES", "100000", 256),
        BAD("REQPROF_MAX_FRAMES", "0", 128),
        BAD("REQPROF_MAX_FRAMES", "-5", 128),
        BAD("REQPROF_MAX_FRAMES", "1.5", 128),
        BAD("REQPROF_MAX_FRAMES", "12x", 128),
        BAD("REQPROF_MAX_FRAMES", "99999999999999999999999999", 128),
        GOOD("REQPROF_CONCURRENT", "32", 32),
        GOOD("REQPROF_CONCURRENT", "33", 32),
        BAD("REQPROF_CONCURRENT", "many", 4),
        GOOD("REQPROF_RATE", "0.5", 500),
        GOOD("REQPROF_RATE", "100", 100000),
        BAD("REQPROF_RATE", "0", 2000),
        BAD("REQPROF_RATE", "0.0001", 2000),
        BAD("REQPROF_RATE", "2/s", 2000),
        GOOD("REQPROF_BURST", "1", 1),
        BAD("REQPROF_BURST", "0", 10),
        GOOD("REQPROF_MAX_SECONDS", "1", 1000000000),
        BAD("REQPROF_MAX_SECONDS", "0", 60000000000),
        BAD("REQPROF_MAX_SECONDS", "1m", 60000000000),
        GOOD("REQPROF_MAX_SAMPLES", "7", 7),
        BAD("REQPROF_MAX_SAMPLES", "seven", 20000),
        GOOD("REQPROF_MAX_BYTES", "200k", 200 << 10),
        GOOD("REQPROF_MAX_BYTES", "1.5M", 3 << 19),
        GOOD("REQPROF_MAX_BYTES", "2G", 2ull << 30),
        GOOD("REQPROF_MAX_BYTES", "1", 64 << 10),
        BAD("REQPROF_MAX_BYTES", "8X", 8 << 20),
        BAD("REQPROF_MAX_BYTES", "8MM", 8 << 20),
        BAD("REQPROF_MAX_BYTES", "M", 8 << 20),
        GOOD("REQPROF_OPEN", "loopback", 1),
        GOOD("REQPROF_OPEN", "", 0),
        BAD("REQPROF_OPEN", "yes", 0),
        GOOD("REQPROF_RUNTIMES", "off", 0),
        GOOD("REQPROF_RUNTIMES", "on", 1),
        BAD("REQPROF_RUNTIMES", "0", 1),
        GOOD("REQPROF_ROUTES", "GET /api/*,/slow", 2),
        BAD("REQPROF_ROUTES", "no slash", 0),
        GOOD("REQPROF_RESPONSE", "keep", 1),
        GOOD("REQPROF_HEADERS", "off", 1),
        GOOD("REQPROF_HEADERS", "on", 0),
        BAD("REQPROF_HEADERS", "none", 0),
        GOOD("REQPROF_RESPONSE", "", 0),
        BAD("REQPROF_RESPONSE", "replace", 0),
        GOOD("REQPROF_ALLOW", "", 0),
        GOOD("REQPROF_ALLOW", "10.0.0.0/8,::1", 102),
        BAD("REQPROF_ALLOW", "10.0.0.0/8,localhost", 100), /* nobody, not everybody */
        GOOD("REQPROF_TRUSTED_PROXIES", "192.0.2.1", 1),
        BAD("REQPROF_TRUSTED_PROXIES", "192.0.2.1/99", 0),
};

START_TEST(a_value_is_taken_or_its_default_is_kept_and_said)
{
	setenv(cases[_i].variable, cases[_i].value, 1);
	settle();
	ck_assert_uint_eq(number(cases[_i].variable), cases[_i].is);
	if (cases[_i].good) {
		ck_assert_str_eq(log_text, "");
		return;
	}
	ck_assert_uint_eq(lines(log_text), 1);
	ck_assert_ptr_nonnull(strstr(log_text, cases[_i].variable));
	ck_assert_ptr_nonnull(strstr(log_text, cases[_i].value));
}
END_TEST

/* No number is so large that it becomes a small one. */
START_TEST(huge_values_stay_huge)
{
	setenv("REQPROF_MAX_SECONDS", "99999999999", 1);
	setenv("REQPROF_MAX_BYTES", "17179869184G", 1);
	settle();
	ck_assert(rp_settings.max_ns == 60000000000 || rp_settings.max_ns > 1ull << 60);
	ck_assert(rp_settings.max_bytes == 8 << 20 || rp_settings.max_bytes > 1ull << 60);
}
END_TEST

static const char *const triggers[][2] = {
        {"trace", "trace"},
        {"my_prof-1.x", "my_prof-1.x"},
        {"", "profile"},
        {"a b", "profile"},
        {"a=b", "profile"},
        {"\xc3\xa4", "profile"},
        {"sixty-three.bytes.sixty-three.bytes.sixty-three.bytes.sixty-thr",
         "sixty-three.bytes.sixty-three.bytes.sixty-three.bytes.sixty-thr"},
        {"sixty-four.bytes.sixty-four.bytes.sixty-four.bytes.sixty-four.by", "profile"},
};

START_TEST(a_trigger_is_one_word)
{
	setenv("REQPROF_TRIGGER", triggers[_i][0], 1);
	settle();
	ck_assert_str_eq(rp_settings.rules.name, triggers[_i][1]);
}
END_TEST

START_TEST(pyinstruments_trigger_is_a_fallback)
{
	setenv("PYINSTRUMENT_TRIGGER", "py", 1);
	settle();
	ck_assert_str_eq(rp_settings.rules.name, "py");
	setenv("REQPROF", "trigger=one", 1);
	settle();
	ck_assert_str_eq(rp_settings.rules.name, "one");
	setenv("REQPROF_TRIGGER", "own", 1);
	settle();
	ck_assert_str_eq(rp_settings.rules.name, "own");
}
END_TEST

START_TEST(texts_and_retention)
{
	char longest[400];
	struct rp_keep keep;
	struct rp_why why;

	setenv("REQPROF_DIR", "/var/tmp/x", 1);
	setenv("REQPROF_KEEP", "7,500M,7d", 1);
	settle();
	ck_assert(rp_keep_parse(&keep, "7,500M,7d", &why));
	ck_assert_str_eq(rp_settings.dir, "/var/tmp/x");
	ck_assert_int_eq(memcmp(&rp_settings.keep, &keep, sizeof(keep)), 0);
	ck_assert_str_eq(log_text, "");
	memset(longest, 'a', sizeof(longest));
	longest[255] = 0;
	setenv("REQPROF_DIR", longest, 1);
	settle();
	ck_assert_str_eq(rp_settings.dir, longest);
	longest[255] = 'a';
	longest[256] = 0;
	setenv("REQPROF_DIR", longest, 1);
	setenv("REQPROF_KEEP", "for ever", 1);
	settle();
	ck_assert_str_eq(rp_settings.dir, "");
	ck_assert_uint_eq(rp_settings.keep.sessions, 200);
	ck_assert_uint_eq(lines(log_text), 2);
}
END_TEST

START_TEST(all_in_one_variable)
{
	setenv("REQPROF", "dir=/x,interval=200us,rate=100,max_bytes=1M,open=loopback,burst=x", 1);
	setenv("REQPROF_RATE", "7", 1);
	settle();
	ck_assert_str_eq(rp_settings.dir, "/x");
	ck_assert_uint_eq(rp_settings.interval_ns, 200000);
	ck_assert_uint_eq(rp_settings.rate_milli, 7000); /* its own variable counts */
	ck_assert_uint_eq(rp_settings.max_bytes, 1 << 20);
	ck_assert(rp_settings.open_loopback);
	ck_assert_uint_eq(rp_settings.burst, 10);
	ck_assert_uint_eq(lines(log_text), 1);
	ck_assert_ptr_nonnull(strstr(log_text, "REQPROF_BURST"));
}
END_TEST

START_TEST(odd_forms_of_all_in_one)
{
	static const char *const odd[] = {"",
	                                  ",",
	                                  ",,,interval=200us",
	                                  "interval",
	                                  "=",
	                                  "interval=",
	                                  "interval=200us,",
	                                  "xinterval=5s",
	                                  "interval=200us,interval=5s"};
	static const uint64_t is[] = {1000000, 1000000, 200000,  1000000, 1000000,
	                              1000000, 200000,  1000000, 200000};

	setenv("REQPROF", odd[_i], 1);
	settle();
	ck_assert_uint_eq(rp_settings.interval_ns, is[_i]);
}
END_TEST

/* --- the file of secrets --- */

#define SECRET "0123456789abcdef"

static void put_secrets(const char *text, mode_t mode)
{
	char file[128];
	int fd;

	snprintf(file, sizeof(file), "%s/secret", path);
	fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	fchmod(fd, mode);
	close(fd);
	setenv("REQPROF_SECRET_FILE", file, 1);
}

static bool opens(const char *key)
{
	return rp_trigger_secret_ok(&rp_settings.rules, (struct rp_span){key, strlen(key)});
}

START_TEST(lines_of_a_private_file_are_secrets)
{
	put_secrets("\n" SECRET "\r\nshort\nanother secret of length\n", 0600);
	settle();
	ck_assert(rp_settings.rules.has_secret);
	ck_assert_uint_eq(rp_settings.rules.n_secrets, 2);
	ck_assert(opens(SECRET) && opens("another secret of length"));
	ck_assert(!opens("short") && !opens("") && !opens(SECRET "\r"));
	ck_assert_str_eq(log_text, "");
}
END_TEST

START_TEST(the_last_line_needs_no_newline_and_four_are_kept)
{
	put_secrets(SECRET "1\n" SECRET "2\n" SECRET "3\n" SECRET "4\n" SECRET "5", 0400);
	settle();
	ck_assert_uint_eq(rp_settings.rules.n_secrets, 4);
	ck_assert(opens(SECRET "4") && !opens(SECRET "5"));
}
END_TEST

static const struct {
	const char *text, *said;
	mode_t mode;
} bad_files[] = {
        {SECRET, "others may read it", 0644}, {SECRET, "others may read it", 0640},
        {SECRET, "others may read it", 0602}, {"", "no line of 16 to 128 bytes", 0600},
        {"short\n\n", "no line of 16", 0600},
};

START_TEST(a_bad_file_shuts_the_door_and_says_why)
{
	put_secrets(bad_files[_i].text, bad_files[_i].mode);
	settle();
	ck_assert(rp_settings.rules.has_secret);
	ck_assert_uint_eq(rp_settings.rules.n_secrets, 0);
	ck_assert(!opens(SECRET));
	ck_assert_uint_eq(lines(log_text), 1);
	ck_assert_ptr_nonnull(strstr(log_text, bad_files[_i].said));
	ck_assert_ptr_null(strstr(log_text, SECRET));
}
END_TEST

START_TEST(what_is_no_file_of_ours_is_no_file_of_secrets)
{
	static const char *const said[] = {"no such", "not a regular file", "symbolic link",
	                                   "belongs to another user"};
	char file[128], link[128];

	put_secrets(SECRET "\n", 0600);
	snprintf(file, sizeof(file), "%s/secret", path);
	snprintf(link, sizeof(link), "%s/link", path);
	if (_i == 0)
		setenv("REQPROF_SECRET_FILE", "/nowhere/secret", 1);
	if (_i == 1)
		setenv("REQPROF_SECRET_FILE", path, 1);
	if (_i == 2) {
		ck_assert_int_eq(symlink(file, link), 0);
		setenv("REQPROF_SECRET_FILE", link, 1);
	}
	if (_i == 3 && (geteuid() != 0 || chown(file, 65534, 65534) != 0)) {
		printf("SKIP: only root can give a file away\n");
		return;
	}
	settle();
	ck_assert(rp_settings.rules.has_secret);
	ck_assert_uint_eq(rp_settings.rules.n_secrets, 0);
	ck_assert_ptr_nonnull(strstr(log_text, said[_i]));
}
END_TEST

/* A secret that is cut is another secret. */
START_TEST(a_file_that_is_too_long_gives_no_cut_secret)
{
	char text[1200];

	for (unsigned i = 0; i < sizeof(text); i++)
		text[i] = i % 15 == 14 ? '\n' : 's'; /* too short, all of them */
	memset(text + 1000, 'x', 100);
	text[999] = '\n';
	text[1100] = 0;
	put_secrets(text, 0600);
	settle();
	text[1024] = 0;
	ck_assert(!opens(text + 1000));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("settings");
	TCase *tcase = tcase_create("settings");

	/* Whoever runs the tests may have some. */
#define SETTING(variable, field, kind, usual, text) unsetenv(#variable);
#include "preload/settings.def"
	unsetenv("REQPROF");
	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, ready, remove_folder);
	tcase_add_test(tcase, without_environment_all_is_as_documented);
	tcase_add_loop_test(tcase, a_value_is_taken_or_its_default_is_kept_and_said, 0,
	                    sizeof(cases) / sizeof(*cases));
	tcase_add_test(tcase, huge_values_stay_huge);
	tcase_add_loop_test(tcase, a_trigger_is_one_word, 0, 8);
	tcase_add_test(tcase, pyinstruments_trigger_is_a_fallback);
	tcase_add_test(tcase, texts_and_retention);
	tcase_add_test(tcase, all_in_one_variable);
	tcase_add_loop_test(tcase, odd_forms_of_all_in_one, 0, 9);
	tcase_add_test(tcase, lines_of_a_private_file_are_secrets);
	tcase_add_test(tcase, the_last_line_needs_no_newline_and_four_are_kept);
	tcase_add_loop_test(tcase, a_bad_file_shuts_the_door_and_says_why, 0, 5);
	tcase_add_loop_test(tcase, what_is_no_file_of_ours_is_no_file_of_secrets, 0, 4);
	tcase_add_test(tcase, a_file_that_is_too_long_gives_no_cut_secret);
	return suite_run(suite);
}
