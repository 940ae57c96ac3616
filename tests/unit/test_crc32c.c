/* test_crc32c.c - known sums, and every way to cut the input.  SPDX-License-Identifier: MIT */
#include "store/crc32c.h"

#include <string.h>
#include "tests/support/guard.h"
#include "tests/support/suite.h"

/* RFC 3720 B.4, and the check value of the polynomial. */
static const struct {
	uint8_t first;
	int step;
	size_t n;
	uint32_t sum;
} known[] = {
        {0x00, 0, 32, 0x8a9136aa},  {0xff, 0, 32, 0x62a8ab43}, {0x00, 1, 32, 0x46dd794e},
        {0x1f, -1, 32, 0x113fdb5c}, {'1', 1, 9, 0xe3069283},   {0, 0, 0, 0},
};

START_TEST(known_sums_are_right)
{
	uint8_t bytes[32];

	for (size_t i = 0; i < known[_i].n; i++)
		bytes[i] = (uint8_t)(known[_i].first + (int)i * known[_i].step);
	ck_assert_uint_eq(rp_crc32c(0, guard_put(0, bytes, known[_i].n), known[_i].n),
	                  known[_i].sum);
}
END_TEST

static uint32_t bit_by_bit(const uint8_t *at, size_t n)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < n * 8; i++) {
		uint32_t bit = (crc ^ at[i / 8] >> i % 8) & 1;

		crc = crc >> 1 ^ (bit ? 0x82f63b78 : 0);
	}
	return ~crc;
}

START_TEST(every_length_and_every_byte_agrees_with_the_definition)
{
	uint8_t bytes[600];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 151 + (i >> 8));
	for (size_t n = 0; n <= sizeof(bytes); n++)
		ck_assert_uint_eq(rp_crc32c(0, guard_put(0, bytes, n), n), bit_by_bit(bytes, n));
}
END_TEST

START_TEST(same_sum_wherever_the_input_is_cut)
{
	static const char text[] = "a session is its bytes, however they arrive";
	uint32_t whole = rp_crc32c(0, text, sizeof(text));

	for (size_t cut = 0; cut <= sizeof(text); cut++)
		ck_assert_uint_eq(
		        rp_crc32c(rp_crc32c(0, text, cut), text + cut, sizeof(text) - cut), whole);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store/crc32c");
	TCase *t = tcase_create("crc32c");

	suite_add_tcase(suite, t);
	tcase_add_loop_test(t, known_sums_are_right, 0, sizeof(known) / sizeof(*known));
	tcase_add_test(t, every_length_and_every_byte_agrees_with_the_definition);
	tcase_add_test(t, same_sum_wherever_the_input_is_cut);
	return suite_run(suite);
}
