/* test_ehframe.c - call frame instructions to rows; nothing is read beyond the input.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/cold/ehframe.h"

#include <link.h>
#include <string.h>
#include "tests/support/guard.h"
#include "tests/support/suite.h"

enum {
	LO = 0x10000, /* where the made-up module and its section are */
	ADDR = LO + 0x8000,
	MAX_ROWS = 1 << 16,
	MAX_FDES = 1 << 13,
	REAL_BYTES = 64 << 10,
};

#define SIMPLE(reg, off) ((uint32_t)(off) << RP_CFA_BITS | (reg))
#define AT_CFA(n)        (int16_t)((uint16_t)(n) << RP_SAVED_BITS | RP_SAVED_AT_CFA)
#define AT_BP(n)         (int16_t)((uint16_t)(n) << RP_SAVED_BITS | RP_SAVED_AT_BP)
#define OPS(...)         {__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

static struct rp_row row_room[MAX_ROWS];
static struct rp_fde fde_room[MAX_FDES];

static bool no_more(struct rp_rows *rows)
{
	(void)rows;
	return false;
}

static struct rp_rows rows_empty(uint32_t cap)
{
	return (struct rp_rows){.at = row_room, .cap = cap, .grow = no_more};
}

/* A section that is being written. */
struct section {
	uint8_t bytes[4096];
	size_t n;
};

static void put(struct section *s, const void *bytes, size_t n)
{
	ck_assert_uint_le(s->n + n, sizeof(s->bytes));
	memcpy(s->bytes + s->n, bytes, n);
	s->n += n;
}

static void put_u32(struct section *s, uint32_t value)
{
	put(s, &value, 4);
}

/* code 1, data -8, return column 16, addresses pcrel sdata4; CFA rsp+8, return at CFA-8. */
static void put_cie(struct section *s, const char *letters)
{
	static const uint8_t tail[] = {1, 0x78, 16, 1, 0x1b, 0x0c, 7, 8, 0x90, 1};
	size_t n = 4 + 1 + strlen(letters) + 1 + sizeof(tail);

	put_u32(s, (uint32_t)n);
	put_u32(s, 0);
	put(s, "\1", 1);
	put(s, letters, strlen(letters) + 1);
	put(s, tail, sizeof(tail));
}

/* A function at LO + AT; its CIE is at 0. */
static void put_fde(struct section *s, uint32_t at, uint32_t n_bytes, const void *ops, size_t n_ops)
{
	put_u32(s, (uint32_t)(4 + 8 + 1 + n_ops));
	put_u32(s, (uint32_t)s->n);
	put_u32(s, LO + at - (uint32_t)(ADDR + s->n));
	put_u32(s, n_bytes);
	put(s, "\0", 1);
	put(s, ops, n_ops);
}

static struct rp_rows rows_of(const struct section *s)
{
	struct rp_ehframe eh = {.machine = &rp_machine_x86_64,
	                        .n = s->n,
	                        .addr = ADDR,
	                        .lo = LO,
	                        .hi = LO + 0x8000};
	struct rp_rows rows = rows_empty(MAX_ROWS);
	size_t n;

	eh.bytes = guard_put(0, s->bytes, s->n);
	n = rp_ehframe_index(&eh, fde_room, MAX_FDES);
	rp_ehframe_rows(&eh, fde_room, n, &rows);
	return rows;
}

/* Instructions of a function of 100 bytes at offset 0x40, and the rows it must give (the gap
 * row at its end is not listed). */
static const struct {
	const char *name, *letters;
	uint8_t ops[48];
	size_t n_ops;
	struct rp_row rows[6];
} cases[] = {
        {"nothing at all", "zR", OPS(0), {{0x40, SIMPLE(7, 8), 0, 0}}},
        {"push rbp, mov rbp, pop",
         "zR",
         OPS(0x41, 0x0e, 16, 0x86, 2, 0x43, 0x0d, 6, 0x50, 0x0c, 7, 8),
         {{0x40, SIMPLE(7, 8), 0, 0},
          {0x41, SIMPLE(7, 16), AT_CFA(-2), 0},
          {0x44, SIMPLE(6, 16), AT_CFA(-2), 0},
          {0x54, SIMPLE(7, 8), AT_CFA(-2), 0}}},
        {"remember and restore, nested",
         "zR",
         OPS(0x0a, 0x41, 0x0e, 16, 0x83, 2, 0x0a, 0x41, 0x0e, 24, 0x41, 0x0b, 0x41, 0x0b),
         {{0x40, SIMPLE(7, 8), 0, 0},
          {0x41, SIMPLE(7, 16), 0, AT_CFA(-2)},
          {0x42, SIMPLE(7, 24), 0, AT_CFA(-2)},
          {0x43, SIMPLE(7, 16), 0, AT_CFA(-2)},
          {0x44, SIMPLE(7, 8), 0, 0}}},
        {"restore a register",
         "zR",
         OPS(0x86, 2, 0x41, 0xc6, 0x42, 0x05, 6, 3, 0x41, 0x06, 6),
         {{0x40, SIMPLE(7, 8), AT_CFA(-2), 0},
          {0x41, SIMPLE(7, 8), 0, 0},
          {0x43, SIMPLE(7, 8), AT_CFA(-3), 0},
          {0x44, SIMPLE(7, 8), 0, 0}}},
        {"a frame of 300 KB",
         "zR",
         OPS(0x02, 7, 0x0e, 0x80, 0xb0, 0x12, 0x03, 16, 0, 0x0e, 8),
         {{0x40, SIMPLE(7, 8), 0, 0},
          {0x47, SIMPLE(7, 0x49800), 0, 0},
          {0x57, SIMPLE(7, 8), 0, 0}}},
        {"a realigned stack: CFA and rbx by way of rbp",
         "zR",
         OPS(0x0c, 10, 0, 0x41, 0x0f, 3, 0x76, 0x78, 0x06, 0x10, 6, 2, 0x76, 0, 0x10, 3, 2, 0x76,
             0x70),
         {{0x40, SIMPLE(10, 0), 0, 0},
          {0x41, SIMPLE(RP_CFA_AT_BP, -8 * 2048), AT_BP(0), AT_BP(-2)}}},
        {"the CFA in the frame, and 8 more",
         "zR",
         OPS(0x0f, 5, 0x77, 40, 0x06, 0x23, 8),
         {{0x40, SIMPLE(RP_CFA_AT_SP, 40 * 2048 + 8), 0, 0}}},
        {"lazy PLT",
         "zR",
         OPS(0x0f, 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22),
         {{0x40, SIMPLE(RP_CFA_PLT, 11), 0, 0}}},
        {"the outermost function", "zR", OPS(0x07, 16), {{0x40, RP_CFA_END, 0, 0}}},
        {"a signal frame", "zRS", OPS(0x0f, 4, 0x77, 0xa0, 1, 0x06), {{0x40, RP_CFA_SIGNAL, 0, 0}}},
        {"a signal frame of a kind nobody knows", "zRS", OPS(0), {{0x40, RP_CFA_RULE, 0, 0}}},
        {"the return address in a register", "zR", OPS(0x09, 16, 5), {{0x40, RP_CFA_RULE, 0, 0}}},
        {"the return address elsewhere", "zR", OPS(0x90, 3), {{0x40, RP_CFA_RULE, 0, 0}}},
        {"a stack pointer of its own", "zR", OPS(0x87, 3), {{0x40, RP_CFA_RULE, 0, 0}}},
        {"the stack pointer said as what it is",
         "zR",
         OPS(0x14, 7, 0),
         {{0x40, SIMPLE(7, 8), 0, 0}}},
        {"another CFA expression",
         "zR",
         OPS(0x0f, 3, 0x77, 8, 0x1f, 0x41, 0x0e, 16),
         {{0x40, RP_CFA_RULE, 0, 0}}},
        {"rbp in a register, rbx by an expression",
         "zR",
         OPS(0x09, 6, 8, 0x16, 3, 2, 0x77, 8),
         {{0x40, SIMPLE(7, 8), RP_SAVED_LOST, RP_SAVED_LOST}}},
        {"arguments' size and signed forms",
         "zR",
         OPS(0x2e, 32, 0x12, 6, 0x7e, 0x04, 2, 0, 0, 0, 0x13, 0x7c, 0x11, 6, 4, 0x2f, 3, 2),
         {{0x40, SIMPLE(6, 16), 0, 0}, {0x42, SIMPLE(6, 32), AT_CFA(-4), AT_CFA(2)}}},
        {"an instruction that does not exist",
         "zR",
         OPS(0x41, 0x3f, 0x41, 0x0e, 16),
         {{0x40, SIMPLE(7, 8), 0, 0}, {0x41, RP_CFA_RULE, 0, 0}}},
        {"restored but not remembered", "zR", OPS(0x0b), {{0x40, RP_CFA_RULE, 0, 0}}},
        {"an offset too large for a row",
         "zR",
         OPS(0x0e, 0x80, 0x80, 0x80, 0x20),
         {{0x40, RP_CFA_RULE, 0, 0}}},
        {"beyond the function's end",
         "zR",
         OPS(0x02, 99, 0x0e, 16, 0x41, 0x0e, 24),
         {{0x40, SIMPLE(7, 8), 0, 0}, {0xa3, SIMPLE(7, 16), 0, 0}}},
};

START_TEST(rows_say_what_the_instructions_say)
{
	struct section s = {.n = 0};
	struct rp_rows rows;
	uint32_t n = 0;

	put_cie(&s, cases[_i].letters);
	put_fde(&s, 0x40, 100, cases[_i].ops, cases[_i].n_ops);
	rows = rows_of(&s);
	for (; n < 6 && cases[_i].rows[n].pc; n++) {
		ck_assert_msg(n < rows.n, "%s: %u rows", cases[_i].name, rows.n);
		ck_assert_msg(memcmp(&rows.at[n], &cases[_i].rows[n], sizeof(struct rp_row)) == 0,
		              "%s: row %u: pc %x cfa %x bp %x bx %x", cases[_i].name, n,
		              rows.at[n].pc, rows.at[n].cfa, (unsigned)rows.at[n].bp,
		              (unsigned)rows.at[n].bx);
	}
	ck_assert_msg(rows.n == n + 1, "%s: %u rows", cases[_i].name, rows.n);
	ck_assert_uint_eq(rows.at[n].pc, 0x40 + 100);
	ck_assert_uint_eq(rows.at[n].cfa, RP_CFA_GAP);
}
END_TEST

START_TEST(functions_are_sorted_and_gaps_between_them_told)
{
	struct section s = {.n = 0};
	struct rp_rows rows;

	put_cie(&s, "zR");
	put_fde(&s, 0x300, 0x10, "\x0e\x18", 2);
	put_fde(&s, 0x100, 0x80, "\x0e\x20", 2); /* the next one claims its end */
	put_fde(&s, 0x170, 0x10, "\x0e\x28", 2);
	put_fde(&s, 0x310, 0x10, "\x0e\x18", 2);  /* adjoins and is the same: no row */
	put_fde(&s, 0x9000, 0x10, "\x0e\x30", 2); /* outside of the module */
	rows = rows_of(&s);
	static const struct rp_row want[] = {
	        {0x100, SIMPLE(7, 32), 0, 0}, {0x170, SIMPLE(7, 40), 0, 0},
	        {0x180, RP_CFA_GAP, 0, 0},    {0x300, SIMPLE(7, 24), 0, 0},
	        {0x320, RP_CFA_GAP, 0, 0},
	};

	ck_assert_uint_eq(rows.n, 5);
	ck_assert_int_eq(memcmp(rows.at, want, sizeof(want)), 0);
}
END_TEST

START_TEST(no_room_cuts_with_a_gap)
{
	struct section s = {.n = 0};
	struct rp_rows rows = rows_empty(2);
	struct rp_ehframe eh = {
	        .machine = &rp_machine_x86_64, .addr = ADDR, .lo = LO, .hi = LO + 0x8000};

	put_cie(&s, "zR");
	put_fde(&s, 0x100, 0x80, "\x41\x0e\x20\x41\x0e\x28", 6);
	eh.bytes = s.bytes;
	eh.n = s.n;
	rp_ehframe_rows(&eh, fde_room, rp_ehframe_index(&eh, fde_room, MAX_FDES), &rows);
	ck_assert(rows.cut);
	ck_assert_uint_eq(rows.n, 2);
	ck_assert_uint_eq(rows.at[0].cfa, SIMPLE(7, 8));
	ck_assert_uint_eq(rows.at[1].cfa, RP_CFA_GAP);
}
END_TEST

/* libc's own section. */
static int find_libc(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct rp_ehframe *eh = arg;

	(void)size;
	if (!strstr(info->dlpi_name, "libc.so"))
		return 0;
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		uint64_t at = info->dlpi_addr + ph->p_vaddr;

		if (ph->p_type == PT_LOAD && at + ph->p_memsz > eh->hi)
			eh->hi = at + ph->p_memsz;
		if (ph->p_type == PT_GNU_EH_FRAME)
			eh->addr = rp_ehframe_from_hdr((const void *)at, ph->p_memsz, at);
	}
	eh->lo = info->dlpi_addr;
	eh->bytes = (const void *)eh->addr;
	eh->n = rp_ehframe_length(eh->bytes, 1 << 20);
	return 1;
}

static struct rp_ehframe libc_section(void)
{
	struct rp_ehframe eh = {.machine = &rp_machine_x86_64};

	ck_assert_int_eq(dl_iterate_phdr(find_libc, &eh), 1);
	ck_assert_uint_gt(eh.n, REAL_BYTES);
	return eh;
}

/* Asserts only what fails: Check writes a mark to its file for every assertion that holds. */
static void expect_ascending(const struct rp_rows *rows)
{
	for (uint32_t i = 1; i < rows->n; i++)
		if (rows->at[i - 1].pc >= rows->at[i].pc)
			ck_abort_msg("row %u of %u is not behind the one before", i, rows->n);
}

START_TEST(a_real_section_cut_at_every_byte)
{
	struct rp_ehframe whole = libc_section(), eh = whole;
	size_t seen = 0;

	for (eh.n = 0; eh.n <= REAL_BYTES; eh.n++) {
		struct rp_rows rows = rows_empty(MAX_ROWS);

		eh.bytes = guard_put(0, whole.bytes, eh.n);
		size_t n = rp_ehframe_index(&eh, fde_room, MAX_FDES);
		size_t last = n > 2 ? 2 : n; /* those before were last ones at an earlier cut */

		if (n < seen || rp_ehframe_length(eh.bytes, eh.n) > eh.n)
			ck_abort_msg("cut at %zu: %zu functions", eh.n, n);
		seen = n;
		rp_ehframe_rows(&eh, fde_room + n - last, last, &rows);
		expect_ascending(&rows);
	}
	ck_assert_uint_gt(seen, 1000);
}
END_TEST

/* The first records with their length made to fit each cut, so that instructions end early. */
START_TEST(a_record_cut_at_every_byte)
{
	struct rp_ehframe whole = libc_section(), eh = whole;
	size_t at = 0;

	for (unsigned i = 0; i < 400; i++) {
		uint32_t length;

		memcpy(&length, whole.bytes + at, 4);
		for (uint32_t cut = 4; cut < length; cut++) {
			struct rp_rows rows = rows_empty(MAX_ROWS);

			eh.n = at + 4 + cut;
			uint8_t *bytes = (uint8_t *)guard_put(0, whole.bytes, eh.n);

			memcpy(bytes + at, &cut, 4);
			eh.bytes = bytes;
			size_t n = rp_ehframe_index(&eh, fde_room, MAX_FDES);
			size_t last = n > 1 ? 1 : n;

			rp_ehframe_rows(&eh, fde_room + n - last, last, &rows);
			expect_ascending(&rows);
		}
		at += 4 + length;
	}
}
END_TEST

START_TEST(any_byte_wrong_is_survived)
{
	enum { N = 2048 };
	struct rp_ehframe whole = libc_section(), eh = whole;

	eh.n = N;
	for (size_t at = 0; at < N; at++)
		for (unsigned flip = 0; flip < 8; flip++) {
			struct rp_rows rows = rows_empty(MAX_ROWS);
			uint8_t *bytes = (uint8_t *)guard_put(0, whole.bytes, N);

			bytes[at] ^= (uint8_t)(1 << flip);
			eh.bytes = bytes;
			size_t n = rp_ehframe_index(&eh, fde_room, MAX_FDES);

			rp_ehframe_rows(&eh, fde_room, n, &rows);
			expect_ascending(&rows);
		}
}
END_TEST

START_TEST(a_header_names_its_section)
{
	static const uint8_t good[] = {1, 0x1b, 3, 0x3b, 0xf0, 0xff, 0xff, 0xff};
	static const uint8_t other[] = {2, 0x1b, 3, 0x3b, 0xf0, 0xff, 0xff, 0xff};
	static const uint8_t omitted[] = {1, 0xff, 3, 0x3b, 0xf0, 0xff, 0xff, 0xff};

	ck_assert_uint_eq(rp_ehframe_from_hdr(guard_put(0, good, 8), 8, 0x5000), 0x5004 - 16);
	ck_assert_uint_eq(rp_ehframe_from_hdr(guard_put(0, other, 8), 8, 0x5000), 0);
	ck_assert_uint_eq(rp_ehframe_from_hdr(guard_put(0, omitted, 8), 8, 0x5000), 0);
	for (size_t n = 0; n < 8; n++)
		ck_assert_uint_eq(rp_ehframe_from_hdr(guard_put(0, good, n), n, 0x5000), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ehframe");
	TCase *tc = tcase_create("rows");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, rows_say_what_the_instructions_say, 0,
	                    sizeof(cases) / sizeof(*cases));
	tcase_add_test(tc, functions_are_sorted_and_gaps_between_them_told);
	tcase_add_test(tc, no_room_cuts_with_a_gap);
	tcase_add_test(tc, a_real_section_cut_at_every_byte);
	tcase_add_test(tc, a_record_cut_at_every_byte);
	tcase_add_test(tc, any_byte_wrong_is_survived);
	tcase_add_test(tc, a_header_names_its_section);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
