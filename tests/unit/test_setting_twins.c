/* test_setting_twins.c - what the tool says of a REQPROF_ value is what the shim does with it.
 *
 * Room: tests.  tools/setting.c and preload/cold/settings.c may not see each other.
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "preload/cold/settings.h"
#include "preload/settings.h"
#include "tests/support/folder.h"
#include "tests/support/suite.h"
#include "tools/setting.h"

static char path[64], log_path[128];
static int dir = -1;

static void ready(void)
{
	dir = folder_make(path, sizeof(path), "test_setting_twins");
	snprintf(log_path, sizeof(log_path), "%s/log", path);
	setenv("REQPROF_LOG", log_path, 1);
}

static void remove_folder(void)
{
	folder_remove(dir, path);
}

static const struct {
	const char *name;
	const uint64_t *field; /* NULL: not a number */
} rows[] = {
        {"INTERVAL", &rp_settings.interval_ns},
        {"MAX_FRAMES", &rp_settings.max_frames},
        {"SLOW", &rp_settings.slow_ns},
        {"SLOW_INTERVAL", &rp_settings.slow_interval_ns},
        {"ERRORS", NULL},
        {"PS", NULL},
        {"CONCURRENT", &rp_settings.concurrent},
        {"RATE", &rp_settings.rate_milli},
        {"BURST", &rp_settings.burst},
        {"MAX_SECONDS", &rp_settings.max_ns},
        {"MAX_SAMPLES", &rp_settings.max_samples},
        {"MAX_BYTES", &rp_settings.max_bytes},
        {"KEEP", NULL},
        {"OPEN", NULL},
        {"UNWINDER", NULL},
        {"RUNTIMES", NULL},
        {"TRIGGER", NULL},
};

/* Each goes to every row. */
static const char *const values[] = {
        "",
        "0",
        "1",
        "2",
        "31",
        "32",
        "33",
        "256",
        "257",
        "65535",
        "65536",
        "65537",
        "1000000",
        "1000001",
        "00000000007",
        "-1",
        "+1",
        " 1",
        "1 ",
        "0x10",
        "1e3",
        "1,5",
        ".",
        ".5",
        "0.5",
        "0.001",
        "0.0001",
        "1.",
        "1.0",
        "1.000",
        "1.0000",
        "1.5",
        "1.2.3",
        "2/s",
        "many",
        "86400",
        "86401",
        "999999999",
        "1000000000",
        "1000000001",
        "99999999999",
        "18446744073708",
        "18446744073709",
        "184467440737080",
        "184467440737090",
        "1844674407370900",
        "18446744073709551615",
        "18446744073709551616",
        "99999999999999999999999999",
        "63k",
        "64K",
        "0.5k",
        "1.5M",
        "1.5m",
        "1.5MB",
        "1.2345M",
        ".5M",
        ".k",
        "k",
        "8MM",
        "8X",
        "2G",
        "2g",
        "17179869183G",
        "17179869184G",
        "17179869.183G",
        "17179869.184G",
        "99999999999999999G",
        "1us",
        "49us",
        "50us",
        "51US",
        "1ms",
        "0.5ms",
        "1.5ms",
        "0ms",
        "1 ms",
        "1m",
        "1h",
        "1s",
        "3600s",
        "3601s",
        "9999999999s",
        "10000000000s",
        "0000000001s",
        "00000000001s",
        "1000hz",
        "1000HZ",
        "20000hz",
        "20001hz",
        "1000000000hz",
        "1000000001hz",
        "0hz",
        "hz",
        "7d",
        "200,7d",
        "200,",
        "500M,7d,12",
        "loopback",
        "libunwind",
        "table",
        "on",
        "off",
        "Loopback",
        "5xx",
        "5XX",
        "404",
        "40x",
        "404,5xx,",
        ",404",
        "404,,5xx",
        "4x4",
        "xxx",
        "099",
        "611",
        "612",
        "60x",
        "61x",
        "6xx",
        "1xx",
        "5xxx",
        "5x",
        "404 ",
        "a_b-c.d",
        "a=b",
        "\xc3\xa4",
        "sixty-three.bytes.sixty-three.bytes.sixty-three.bytes.sixty-thr",
        "sixty-four.bytes.sixty-four.bytes.sixty-four.bytes.sixty-four.by",
};

/* Whether the shim takes VALUE: it says in its log when the default is used. */
static bool shim_takes(const char *name, const char *value)
{
	char variable[64], said[4096] = "";
	int fd;

	snprintf(variable, sizeof(variable), "REQPROF_%s", name);
	setenv(variable, value, 1);
	unlink(log_path);
	rp_settings_read();
	unsetenv(variable);
	fd = open(log_path, O_RDONLY);
	if (fd >= 0) {
		ck_assert_int_gt(read(fd, said, sizeof(said) - 1), 0);
		close(fd);
	}
	return !strstr(said, "its default is used");
}

START_TEST(both_say_the_same)
{
	const struct rp_setting *s = rp_setting_find(rows[_i].name, strlen(rows[_i].name));
	const uint64_t *field = rows[_i].field;
	unsigned taken = 0;

	ck_assert_ptr_nonnull(s);
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		bool takes = shim_takes(s->name, values[i]);
		struct rp_why why;
		uint64_t n = 0;

		ck_assert_msg(rp_setting_check(s, values[i], &why) == takes,
		              "%s=%s: the shim %s it", s->name, values[i],
		              takes ? "takes" : "refuses");
		ck_assert_int_eq(rp_setting_number(s, values[i], &n), takes && field);
		if (takes && field)
			ck_assert_msg(n == *field, "%s=%s: %llu, not %llu", s->name, values[i],
			              (unsigned long long)*field, (unsigned long long)n);
		taken += takes;
	}
	ck_assert_uint_gt(taken, 0);
	ck_assert_uint_lt(taken, sizeof(values) / sizeof(*values));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("setting twins");
	TCase *tcase = tcase_create("twins");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, ready, remove_folder);
	tcase_add_loop_test(tcase, both_say_the_same, 0, sizeof(rows) / sizeof(*rows));
	return suite_run(suite);
}
