/* test_text.c - text into a bounded buffer.  SPDX-License-Identifier: MIT */
#include "preload/hot/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "tests/support/guard.h"
#include "tests/support/suite.h"

static const uint64_t numbers[] = {0, 1, 9, 10, 15, 16, 4711, UINT32_MAX, UINT64_MAX};

START_TEST(numbers_as_printf_writes_them)
{
	char text[32], want[32];
	struct rp_line l = {text, 0, sizeof(text)};

	snprintf(want, sizeof(want), "%" PRIu64, numbers[_i]);
	rp_line_number(&l, numbers[_i], 10);
	ck_assert_uint_eq(l.n, strlen(want));
	ck_assert_int_eq(memcmp(text, want, l.n), 0);
	l.n = 0;
	snprintf(want, sizeof(want), "%" PRIx64, numbers[_i]);
	rp_line_number(&l, numbers[_i], 16);
	ck_assert_uint_eq(l.n, strlen(want));
	ck_assert_int_eq(memcmp(text, want, l.n), 0);
}
END_TEST

START_TEST(what_does_not_fit_is_cut)
{
	static const char want[] = "ab12345xyz";
	char zeros[16] = {0};

	for (size_t cap = 0; cap < sizeof(zeros); cap++) {
		struct rp_line l = {(char *)(uintptr_t)guard_put(0, zeros, cap), 0, cap};

		rp_line_text(&l, "ab");
		rp_line_number(&l, 12345, 10);
		rp_line_bytes(&l, "xyz!", 3);
		ck_assert_uint_eq(l.n, cap < 10 ? cap : 10);
		ck_assert_int_eq(memcmp(l.at, want, l.n), 0);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("text");
	TCase *tcase = tcase_create("text");

	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(tcase, numbers_as_printf_writes_them, 0,
	                    sizeof(numbers) / sizeof(*numbers));
	tcase_add_test(tcase, what_does_not_fit_is_cut);
	return suite_run(suite);
}
