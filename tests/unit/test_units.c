/* test_units.c - numbers as people read them.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "tests/support/suite.h"
#include "tools/units.h"

#define N(cases) (int)(sizeof(cases) / sizeof(cases[0]))

static const struct {
	uint64_t ns;
	const char *text;
} times[] = {
        {0, "0 ns"},
        {999, "999 ns"},
        {1000, "1 us"},
        {999499, "999 us"},
        {999500, "1.00 ms"},
        {1260000, "1.26 ms"},
        {9994000, "9.99 ms"},
        {9995000, "10.0 ms"},
        {102300000, "102.3 ms"},
        {999949999, "999.9 ms"},
        {999950000, "1.000 s"},
        {2104000000, "2.104 s"},
        {185000000000, "3 min 5 s"},
        {UINT64_MAX, "307445734 min 33 s"},
};

START_TEST(a_time_has_three_digits_and_its_unit)
{
	char text[RP_UNITS_MAX];

	ck_assert_str_eq(rp_units_time(text, times[_i].ns), times[_i].text);
}
END_TEST

static const struct {
	uint64_t most_ns, interval_ns, ns;
	const char *text;
} scales[] = {
        {203900000, 1000000, 102300000, "102.3 ms"},
        {203900000, 1000000, 1000000, "1.0 ms"},
        {203900000, 200000, 102340000, "102.34 ms"},
        {12000000000, 1000000, 102300000, "0.102 s"},
        {1700000, 1000, 850000, "0.850 ms"},
        {60000, 1000, 12300, "12.3 us"},
        {0, 1000000, 0, "0.0 us"},
};

START_TEST(one_scale_for_a_whole_table)
{
	struct rp_scale scale = rp_units_scale(scales[_i].most_ns, scales[_i].interval_ns);
	char text[RP_UNITS_MAX];

	ck_assert_str_eq(rp_units_scaled(text, &scale, scales[_i].ns), scales[_i].text);
}
END_TEST

START_TEST(a_share_of_nothing_is_nothing)
{
	char text[RP_UNITS_MAX];

	ck_assert_str_eq(rp_units_share(text, 1, 3), "33.3%");
	ck_assert_str_eq(rp_units_share(text, 3, 3), "100.0%");
	ck_assert_str_eq(rp_units_share(text, 0, 0), "0.0%");
}
END_TEST

static const struct {
	uint64_t n;
	const char *text;
} sizes[] = {
        {0, "0"},
        {999, "999"},
        {1000, "1.0 kB"},
        {12449, "12.4 kB"},
        {999949, "999.9 kB"},
        {999950, "1.0 MB"},
        {8100000000, "8.1 GB"},
        {UINT64_MAX, "18.4 EB"},
};

START_TEST(bytes_in_powers_of_a_thousand)
{
	char text[RP_UNITS_MAX];

	ck_assert_str_eq(rp_units_bytes(text, sizes[_i].n), sizes[_i].text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("units");
	TCase *tcase = tcase_create("all");

	tcase_add_loop_test(tcase, a_time_has_three_digits_and_its_unit, 0, N(times));
	tcase_add_loop_test(tcase, one_scale_for_a_whole_table, 0, N(scales));
	tcase_add_test(tcase, a_share_of_nothing_is_nothing);
	tcase_add_loop_test(tcase, bytes_in_powers_of_a_thousand, 0, N(sizes));
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
