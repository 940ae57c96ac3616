/* test_cursor.c - values and bytes, both ways.  SPDX-License-Identifier: MIT */
#include "store/cursor.h"

#include "tests/support/guard.h"
#include "tests/support/suite.h"

static const struct {
	const char *bytes;
	size_t n;
	uint64_t value;
	bool fails;
} varints[] = {
        {"\x00", 1, 0, false},
        {"\x7f", 1, 127, false},
        {"\x80\x01", 2, 128, false},
        {"\xff\xff\xff\xff\x0f", 5, UINT32_MAX, false},
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, UINT64_MAX, false},
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10, 0, true},
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x00", 11, 0, true},
        {"\x80", 1, 0, true},
        {"", 0, 0, true},
};

START_TEST(a_varint_is_its_value_and_one_byte_too_far_is_never_read)
{
	const uint8_t *at = guard_put(0, varints[_i].bytes, varints[_i].n);
	struct rp_cursor c = {at, at + varints[_i].n, false};

	ck_assert_uint_eq(rp_cursor_varint(&c), varints[_i].value);
	ck_assert_int_eq(c.failed, varints[_i].fails);
	if (!c.failed)
		ck_assert_ptr_eq(c.at, c.end);
}
END_TEST

START_TEST(what_is_put_is_what_is_read)
{
	uint64_t value = _i < 64 ? UINT64_C(1) << _i : UINT64_MAX - (uint64_t)(_i - 64);
	uint8_t bytes[64];
	struct rp_cursor_out o = {bytes, bytes + sizeof(bytes), false};

	rp_cursor_put_varint(&o, value);
	rp_cursor_put_delta(&o, value);
	rp_cursor_put_delta(&o, 0 - value);
	rp_cursor_put_fixed(&o, value, 8);
	rp_cursor_put_slice(&o, (struct rp_slice){"abcdef", 6}, 4);
	ck_assert(!o.failed);

	struct rp_cursor c = {bytes, o.at, false};

	ck_assert_uint_eq(rp_cursor_varint(&c), value);
	ck_assert_uint_eq(rp_cursor_delta(&c), value);
	ck_assert_uint_eq(rp_cursor_delta(&c), 0 - value);
	ck_assert_uint_eq(rp_cursor_fixed(&c, 8), value);

	struct rp_slice s = rp_cursor_slice(&c);

	ck_assert_uint_eq(s.n, 4);
	ck_assert_mem_eq(s.at, "abcd", 4);
	ck_assert(!c.failed);
	ck_assert_ptr_eq(c.at, c.end);
}
END_TEST

START_TEST(small_differences_are_one_byte_in_both_directions)
{
	uint8_t bytes[16];
	struct rp_cursor_out o = {bytes, bytes + sizeof(bytes), false};

	rp_cursor_put_delta(&o, (uint64_t)-64);
	ck_assert_ptr_eq(o.at, bytes + 1);
	rp_cursor_put_delta(&o, 63);
	ck_assert_ptr_eq(o.at, bytes + 2);
	rp_cursor_put_delta(&o, 64);
	ck_assert_ptr_eq(o.at, bytes + 4);
}
END_TEST

START_TEST(the_first_failure_sticks)
{
	const uint8_t *at = guard_put(0, "\x01\x02\x03", 3);
	struct rp_cursor c = {at, at + 3, false};

	ck_assert_uint_eq(rp_cursor_fixed(&c, 4), 0);
	ck_assert(c.failed);
	ck_assert_uint_eq(rp_cursor_varint(&c), 0);
	ck_assert_uint_eq(rp_cursor_fixed(&c, 1), 0);
	ck_assert_ptr_null(rp_cursor_bytes(&c, 0));
}
END_TEST

START_TEST(numbers_and_strings_that_do_not_fit_fail)
{
	const uint8_t *at = guard_put(0, "\x80\x80\x80\x80\x10", 5);
	struct rp_cursor c = {at, at + 5, false};

	ck_assert_uint_eq(rp_cursor_varint32(&c), 0);
	ck_assert(c.failed);
	at = guard_put(1, "\x05seven", 5);
	c = (struct rp_cursor){at, at + 5, false};
	ck_assert_uint_eq(rp_cursor_slice(&c).n, 0);
	ck_assert(c.failed);
}
END_TEST

START_TEST(a_full_buffer_is_never_passed)
{
	uint8_t bytes[4] = {9, 9, 9, 9};
	struct rp_cursor_out o = {bytes, bytes + 3, false};

	rp_cursor_put_fixed(&o, 0, 4);
	ck_assert(o.failed);
	rp_cursor_put_fixed(&o, 0, 1);
	ck_assert_ptr_eq(o.at, bytes);
	ck_assert_uint_eq(bytes[3], 9);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store/cursor");
	TCase *t = tcase_create("cursor");

	suite_add_tcase(suite, t);
	tcase_add_loop_test(t, a_varint_is_its_value_and_one_byte_too_far_is_never_read, 0,
	                    sizeof(varints) / sizeof(*varints));
	tcase_add_loop_test(t, what_is_put_is_what_is_read, 0, 70);
	tcase_add_test(t, small_differences_are_one_byte_in_both_directions);
	tcase_add_test(t, the_first_failure_sticks);
	tcase_add_test(t, numbers_and_strings_that_do_not_fit_fail);
	tcase_add_test(t, a_full_buffer_is_never_passed);
	return suite_run(suite);
}
