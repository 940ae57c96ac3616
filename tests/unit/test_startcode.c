/* test_startcode.c - .init and .fini get rows where they are what crti.o makes, and only there.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/cold/startcode.h"

#include <string.h>
#include "tests/support/suite.h"

enum { MAX_ROWS = 16, PC = 0x1000, SP_8 = 8 << 5 | 7, SP_16 = 16 << 5 | 7 };

#define ENTER "\x48\x83\xec\x08"
#define LEAVE "\x48\x83\xc4\x08\xc3"
#define GMON  "\x48\x8b\x05\x01\x02\x03\x04\x48\x85\xc0\x74\x02\xff\xd0"

static struct rp_row memory[MAX_ROWS];
static struct rp_rows rows;

static bool never(struct rp_rows *r)
{
	(void)r;
	return false;
}

static void rows_make(const struct rp_row *from, uint32_t n)
{
	rows = (struct rp_rows){.at = memory, .n = n, .cap = MAX_ROWS, .grow = never};
	memset(memory, 0, sizeof(memory));
	if (n)
		memcpy(memory, from, n * sizeof(*from));
}

static struct rp_startcode code_make(const char *bytes, size_t n)
{
	struct rp_startcode start = {.pc = PC, .n = (uint32_t)n};

	memcpy(start.code, bytes, n);
	return start;
}

static void expect(uint32_t i, uint32_t pc, uint32_t cfa)
{
	ck_assert_uint_lt(i, rows.n);
	ck_assert_uint_eq(rows.at[i].pc, pc);
	ck_assert_uint_eq(rows.at[i].cfa, cfa);
}

/* Code and where its rows begin: after the push, after the pop, behind the end. */
static const struct {
	const char *bytes;
	size_t n;
	uint32_t entered, left, end;
} codes[] = {
#define CODE(bytes, entered, left, end)                                                            \
	{                                                                                          \
		bytes, sizeof(bytes) - 1, entered, left, end                                       \
	}
        CODE(ENTER LEAVE, 4, 8, 9),
        CODE(ENTER GMON LEAVE, 4, 22, 23),
        CODE("\xf3\x0f\x1e\xfa" ENTER GMON LEAVE "more", 8, 26, 27),
        CODE(ENTER "\xe8\x01\x02\x03\x04" LEAVE, 4, 13, 14),
};

START_TEST(what_crti_makes_gets_rows)
{
	static const struct rp_row later[] = {{.pc = 0x2000, .cfa = SP_8},
	                                      {0x3000, RP_CFA_GAP, 0, 0}};
	struct rp_startcode start = code_make(codes[_i].bytes, codes[_i].n);

	rows_make(later, 2);
	rp_startcode_join(&rp_machine_x86_64, &start, &rows);
	ck_assert_uint_eq(rows.n, 6);
	expect(0, PC, SP_8);
	expect(1, PC + codes[_i].entered, SP_16);
	expect(2, PC + codes[_i].left, SP_8);
	expect(3, PC + codes[_i].end, RP_CFA_GAP);
	expect(4, 0x2000, SP_8);
}
END_TEST

START_TEST(every_cut_and_every_other_byte_gets_none)
{
	const char whole[] = ENTER GMON LEAVE;
	size_t n = sizeof(whole) - 1;

	for (size_t cut = 0; cut < n; cut++) {
		struct rp_startcode start = code_make(whole, cut);

		rows_make(NULL, 0);
		rp_startcode_join(&rp_machine_x86_64, &start, &rows);
		ck_assert_uint_eq(rows.n, 0);
	}
	for (size_t at = 0; at < n; at++) {
		struct rp_startcode start = code_make(whole, n);

		start.code[at] ^= 0x11;
		rows_make(NULL, 0);
		rp_startcode_join(&rp_machine_x86_64, &start, &rows);
		/* A displacement may be any. */
		ck_assert_uint_eq(rows.n, (at >= 7 && at < 11) || at == 15 ? 4 : 0);
	}
}
END_TEST

START_TEST(rows_go_into_a_gap_only)
{
	static const struct rp_row before[] = {{.pc = 0x800, .cfa = SP_8}, {PC, RP_CFA_GAP, 0, 0}};
	static const struct rp_row next[] = {{.pc = PC + 9, .cfa = SP_16},
	                                     {0x3000, RP_CFA_GAP, 0, 0}};
	static const struct rp_row near[] = {{.pc = PC + 8, .cfa = SP_16},
	                                     {0x3000, RP_CFA_GAP, 0, 0}};
	static const struct rp_row over[] = {{.pc = 0x800, .cfa = SP_8},
	                                     {0x3000, RP_CFA_GAP, 0, 0}};
	struct rp_startcode start = code_make(ENTER LEAVE, 9);

	rows_make(before, 2); /* the gap that began here is replaced */
	rp_startcode_join(&rp_machine_x86_64, &start, &rows);
	ck_assert_uint_eq(rows.n, 5);
	expect(1, PC, SP_8);
	expect(4, PC + 9, RP_CFA_GAP);
	rows_make(next, 2); /* no gap is needed behind */
	rp_startcode_join(&rp_machine_x86_64, &start, &rows);
	ck_assert_uint_eq(rows.n, 5);
	expect(2, PC + 8, SP_8);
	expect(3, PC + 9, SP_16);
	rows_make(near, 2); /* a function begins within */
	rp_startcode_join(&rp_machine_x86_64, &start, &rows);
	ck_assert_uint_eq(rows.n, 2);
	rows_make(over, 2); /* somebody else's rows cover it */
	rp_startcode_join(&rp_machine_x86_64, &start, &rows);
	ck_assert_uint_eq(rows.n, 2);
}
END_TEST

START_TEST(another_machine_or_no_memory_gets_none)
{
	struct rp_startcode start = code_make(ENTER LEAVE, 9);

	rows_make(NULL, 0);
	rp_startcode_join(&rp_machine_aarch64, &start, &rows);
	ck_assert_uint_eq(rows.n, 0);
	rows.cap = 3;
	rp_startcode_join(&rp_machine_x86_64, &start, &rows);
	ck_assert_uint_eq(rows.n, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("startcode");
	TCase *tc = tcase_create("startcode");

	tcase_add_loop_test(tc, what_crti_makes_gets_rows, 0, sizeof(codes) / sizeof(*codes));
	tcase_add_test(tc, every_cut_and_every_other_byte_gets_none);
	tcase_add_test(tc, rows_go_into_a_gap_only);
	tcase_add_test(tc, another_machine_or_no_memory_gets_none);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
