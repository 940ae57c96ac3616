/* test_program.c - REQPROF_EXE: which names are this program's.
 *
 * Room: tests.  What was executed by a link or a script: tests/e2e/test_gate.py.
 * SPDX-License-Identifier: MIT
 */
#include "preload/cold/program.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "tests/support/suite.h"

START_TEST(a_name_or_a_path_in_a_list)
{
	char exe[PATH_MAX], list[PATH_MAX + 64];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	ck_assert_int_gt(n, 0);
	exe[n] = '\0';
	const char *name = strrchr(exe, '/') + 1;

	ck_assert(rp_program_is_one_of(""));
	ck_assert(rp_program_is_one_of(name));
	ck_assert(rp_program_is_one_of(exe));
	snprintf(list, sizeof(list), "a,,%s", exe);
	ck_assert(rp_program_is_one_of(list));
	snprintf(list, sizeof(list), "%s,a", name);
	ck_assert(rp_program_is_one_of(list));
	snprintf(list, sizeof(list), "%.*s", (int)strlen(name) - 1, name);
	ck_assert(!rp_program_is_one_of(list));
	snprintf(list, sizeof(list), "%sx", name);
	ck_assert(!rp_program_is_one_of(list));
	snprintf(list, sizeof(list), "/%s", name);
	ck_assert(!rp_program_is_one_of(list));
	ck_assert(!rp_program_is_one_of(","));
	ck_assert(!rp_program_is_one_of("nginx,php-fpm8.2"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("program");
	TCase *tcase = tcase_create("program");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, a_name_or_a_path_in_a_list);
	return suite_run(suite);
}
