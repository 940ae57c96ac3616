/* test_ehframe_aarch64.c - rows of the other machine, from what its compiler wrote.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/cold/ehframe.h"

#include <string.h>
#include "tests/support/guard.h"
#include "tests/support/suite.h"

enum { LO = 0x5000, ADDR = LO + 0x4c0, HI = LO + 0x1000, MAX_ROWS = 64 };

#define SP(off)   ((uint32_t)(off) << RP_CFA_BITS | RP_REG_SP)
#define X29(off)  ((uint32_t)(off) << RP_CFA_BITS | RP_REG_BP)
#define AT_CFA(n) (int16_t)((uint16_t)(n) << RP_SAVED_BITS | RP_SAVED_AT_CFA)

/* .eh_frame of four functions, gcc 12 -O2 -mbranch-protection=pac-ret -shared: one that calls
 * nobody; one with a frame of 352 bytes; one with alloca, by x29; one with 300 KB. */
static const uint8_t section[] = {
        0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x7a, 0x52, 0x00, 0x04, 0x78, 0x1e,
        0x01, 0x1b, 0x0c, 0x1f, 0x00, 0x10, 0x00, 0x00, 0x00, 0x18, 0x00, 0x00, 0x00, 0xd4, 0xfe,
        0xff, 0xff, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x24, 0x00, 0x00, 0x00, 0x2c,
        0x00, 0x00, 0x00, 0xd0, 0xfe, 0xff, 0xff, 0x3c, 0x00, 0x00, 0x00, 0x00, 0x41, 0x2d, 0x41,
        0x0e, 0xe0, 0x02, 0x9d, 0x2c, 0x9e, 0x2b, 0x42, 0x93, 0x2a, 0x49, 0xde, 0xdd, 0xd3, 0x0e,
        0x00, 0x41, 0x2d, 0x00, 0x00, 0x28, 0x00, 0x00, 0x00, 0x54, 0x00, 0x00, 0x00, 0xe8, 0xfe,
        0xff, 0xff, 0x54, 0x00, 0x00, 0x00, 0x00, 0x41, 0x2d, 0x41, 0x0e, 0x20, 0x9d, 0x04, 0x9e,
        0x03, 0x42, 0x0d, 0x1d, 0x43, 0x93, 0x02, 0x94, 0x01, 0x4c, 0xde, 0xdd, 0xd3, 0xd4, 0x0c,
        0x1f, 0x00, 0x41, 0x2d, 0x30, 0x00, 0x00, 0x00, 0x80, 0x00, 0x00, 0x00, 0x10, 0xff, 0xff,
        0xff, 0x3c, 0x00, 0x00, 0x00, 0x00, 0x41, 0x2d, 0x41, 0x0e, 0x10, 0x41, 0x0e, 0x90, 0xe0,
        0x12, 0x44, 0x9d, 0x82, 0xac, 0x02, 0x9e, 0x81, 0xac, 0x02, 0x44, 0xdd, 0xde, 0x41, 0x0e,
        0x80, 0xe0, 0x12, 0x41, 0x0e, 0x00, 0x41, 0x2d, 0x00, 0x00, 0x00,
};

static struct rp_row row_room[MAX_ROWS];
static struct rp_fde fde_room[MAX_ROWS];

static bool no_more(struct rp_rows *rows)
{
	(void)rows;
	return false;
}

static struct rp_rows rows_of(const uint8_t *bytes, size_t n_bytes,
                              const struct rp_machine *machine)
{
	struct rp_ehframe eh = {.machine = machine, .n = n_bytes, .addr = ADDR, .lo = LO, .hi = HI};
	struct rp_rows rows = {.at = row_room, .cap = MAX_ROWS, .grow = no_more};
	size_t n;

	eh.bytes = guard_put(0, bytes, n_bytes);
	n = rp_ehframe_index(&eh, fde_room, MAX_ROWS);
	rp_ehframe_rows(&eh, fde_room, n, &rows);
	return rows;
}

START_TEST(rows_follow_the_link_register)
{
	static const struct rp_row want[] = {
	        {0x3b0, SP(0), 0, 0}, /* all in registers */
	        {0x3b8, RP_CFA_GAP, 0, 0},
	        {0x3c0, SP(0), 0, 0},
	        {0x3c8, SP(352), AT_CFA(-44), AT_CFA(-43)},
	        {0x3f4, SP(0), 0, 0},
	        {0x3fc, RP_CFA_GAP, 0, 0},
	        {0x400, SP(0), 0, 0},
	        {0x408, SP(32), AT_CFA(-4), AT_CFA(-3)},
	        {0x410, X29(32), AT_CFA(-4), AT_CFA(-3)},
	        {0x44c, SP(0), 0, 0},
	        {0x45c, SP(16), 0, 0},
	        {0x460, SP(307216), 0, 0},
	        {0x470, SP(307216), RP_SAVED_LOST, RP_SAVED_LOST}, /* farther than a row can say */
	        {0x480, SP(307216), 0, 0},
	        {0x484, SP(307200), 0, 0},
	        {0x488, SP(0), 0, 0},
	        {0x490, RP_CFA_GAP, 0, 0},
	};
	struct rp_rows rows = rows_of(section, sizeof(section), &rp_machine_aarch64);

	for (uint32_t i = 0; i < rows.n && i < sizeof(want) / sizeof(*want); i++)
		ck_assert_msg(memcmp(&rows.at[i], &want[i], sizeof(want[i])) == 0,
		              "row %u: pc %x cfa %x x29 %x x30 %x", i, rows.at[i].pc,
		              rows.at[i].cfa, (unsigned)rows.at[i].bp, (unsigned)rows.at[i].bx);
	ck_assert_uint_eq(rows.n, sizeof(want) / sizeof(*want));
}
END_TEST

/* A CIE of the one machine says nothing to the other. */
START_TEST(machines_are_not_mixed_up)
{
	ck_assert_uint_eq(rows_of(section, sizeof(section), &rp_machine_x86_64).n, 0);
}
END_TEST

/* The row of the first function when its only instruction is OP. */
static struct rp_row row_with(uint8_t op, uint8_t operand)
{
	uint8_t bytes[40];
	struct rp_rows rows;

	memcpy(bytes, section, sizeof(bytes));
	bytes[37] = op;
	bytes[38] = operand;
	rows = rows_of(bytes, sizeof(bytes), &rp_machine_aarch64);
	ck_assert_uint_eq(rows.n, 2);
	return rows.at[0];
}

START_TEST(what_the_link_register_s_rules_mean)
{
	ck_assert_uint_eq(row_with(0x07, 30).cfa, RP_CFA_END); /* undefined: the outermost */
	ck_assert_uint_eq(row_with(0x2d, 0).cfa, SP(0));       /* signed */
	ck_assert_int_eq(row_with(0x9e, 2).bx, AT_CFA(-2));
	ck_assert_int_eq(row_with(0x9d, 3).bp, AT_CFA(-3));
	ck_assert_uint_eq(row_with(0x0d, 29).cfa, X29(0));
	ck_assert_uint_eq(row_with(0x0d, 19).cfa, RP_CFA_RULE); /* no room for it in a row */
	ck_assert_uint_eq(row_with(0x0d, 6).cfa, RP_CFA_RULE);
	ck_assert_uint_eq(row_with(0x0d, 7).cfa, RP_CFA_RULE);
	ck_assert_uint_eq(row_with(0x3f, 0).cfa, RP_CFA_RULE);
}
END_TEST

START_TEST(a_section_cut_at_every_byte)
{
	for (size_t n = 0; n < sizeof(section); n++) {
		struct rp_rows rows = rows_of(section, n, &rp_machine_aarch64);

		for (uint32_t i = 1; i < rows.n; i++)
			if (rows.at[i - 1].pc >= rows.at[i].pc)
				ck_abort_msg("cut %zu: row %u", n, i);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ehframe of aarch64");
	TCase *tc = tcase_create("rows");

	tcase_add_test(tc, rows_follow_the_link_register);
	tcase_add_test(tc, machines_are_not_mixed_up);
	tcase_add_test(tc, what_the_link_register_s_rules_mean);
	tcase_add_test(tc, a_section_cut_at_every_byte);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
