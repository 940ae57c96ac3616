/* test_debugframe.c - .debug_frame becomes .eh_frame, and then rows; what is damaged stays out.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/cold/debugframe.h"

#include <string.h>
#include "preload/cold/ehframe.h"
#include "tests/support/guard.h"
#include "tests/support/suite.h"

enum { BIAS = 0x10000000, LO = 0x1000, MAX_ROWS = 64, MAX_FDES = 8, CFA_RSP_8 = 8 << 5 | 7 };

static struct rp_row rows_at[MAX_ROWS];
static uint8_t section[512];
static size_t n;

static void put(uint64_t value, size_t n_bytes)
{
	memcpy(section + n, &value, n_bytes);
	n += n_bytes;
}

static void put_bytes(const char *bytes, size_t n_bytes)
{
	memcpy(section + n, bytes, n_bytes);
	n += n_bytes;
}

/* What gcc writes: CFA rsp+8, the return address below it. */
#define RULES   "\x01\x78\x10\x0c\x07\x08\x90\x01\x00\x00"
#define N_RULES 10
/* After 4 bytes: rsp+16. */
#define PUSHED    "\x44\x0e\x10\x00\x00\x00\x00\x00"
#define N_PUSHED  8
#define LENGTH_64 0xffffffff

static size_t put_length(bool is_64, size_t length)
{
	if (is_64)
		put(LENGTH_64, 4);
	put(length, is_64 ? 8 : 4);
	return is_64 ? 8 : 4;
}

static void put_cie(unsigned version, bool is_64)
{
	size_t n_id = is_64 ? 8 : 4, n_sizes = version == 4 ? 2 : 0;

	put_length(is_64, n_id + 2 + n_sizes + N_RULES);
	put(UINT64_MAX, n_id);
	put(version, 1);
	put(0, 1);
	if (version == 4)
		put(8, 2); /* bytes of an address, of a segment */
	put_bytes(RULES, N_RULES);
}

static void put_fde(size_t cie, uint64_t lo, uint64_t n_bytes, bool is_64)
{
	size_t n_id = is_64 ? 8 : 4;

	put_length(is_64, n_id + 16 + N_PUSHED);
	put(cie, n_id);
	put(lo, 8);
	put(n_bytes, 8);
	put_bytes(PUSHED, N_PUSHED);
}

static size_t rewrite(uint8_t *bytes, size_t n_bytes)
{
	const struct rp_debugframe frame = {
	        .bytes = bytes, .n = n_bytes, .bias = BIAS, .lo = BIAS + LO, .hi = BIAS + 0x8000};

	return rp_debugframe_rewrite(&frame);
}

static bool no_more(struct rp_rows *rows)
{
	return rows->n < rows->cap;
}

static uint32_t rows_of(const uint8_t *bytes, size_t n_bytes)
{
	const struct rp_ehframe eh = {.machine = &rp_machine_x86_64,
	                              .bytes = bytes,
	                              .n = n_bytes,
	                              .lo = BIAS,
	                              .hi = BIAS + 0x10000};
	struct rp_fde fdes[MAX_FDES];
	struct rp_rows rows = {.at = rows_at, .cap = MAX_ROWS, .grow = no_more};
	size_t n_fdes = rp_ehframe_index(&eh, fdes, MAX_FDES);

	rp_ehframe_rows(&eh, fdes, n_fdes, &rows);
	return rows.n;
}

static const struct {
	unsigned version;
	bool is_64;
} forms[] = {{1, false}, {3, false}, {4, false}, {1, true}, {3, true}, {4, true}};

START_TEST(every_form_gives_the_same_rows)
{
	put_cie(forms[_i].version, forms[_i].is_64);
	put_fde(0, LO, 0x20, forms[_i].is_64);
	size_t second = n;

	put_cie(forms[_i].version, forms[_i].is_64);
	put_fde(second, LO + 0x20, 0x10, forms[_i].is_64);
	ck_assert_uint_eq(rewrite(section, n), n);
	ck_assert_uint_eq(rows_of(section, n), 5);
	const struct {
		uint32_t pc, cfa;
	} wanted[] = {{LO, CFA_RSP_8},
	              {LO + 4, 16 << 5 | 7},
	              {LO + 0x20, CFA_RSP_8},
	              {LO + 0x24, 16 << 5 | 7},
	              {LO + 0x30, RP_CFA_GAP}};

	for (unsigned i = 0; i < 5; i++) {
		ck_assert_uint_eq(rows_at[i].pc, wanted[i].pc);
		ck_assert_uint_eq(rows_at[i].cfa, wanted[i].cfa);
	}
}
END_TEST

/* --gc-sections leaves their records, with an address of 0. */
START_TEST(functions_the_linker_threw_away_have_no_rows)
{
	put_cie(1, false);
	put_fde(0, 0, 0x4000, false);
	put_fde(0, LO, 0x20, false);
	put_fde(0, 0x8000, 0x20, false);
	ck_assert_uint_eq(rewrite(section, n), n);
	ck_assert_uint_eq(rows_of(section, n), 3);
	ck_assert_uint_eq(rows_at[0].pc, LO);
}
END_TEST

START_TEST(addresses_of_another_size_are_not_taken)
{
	put_cie(4, false);
	section[10] = 4; /* behind length, id, version and augmentation */
	put_fde(0, LO, 0x20, false);
	ck_assert_uint_eq(rewrite(section, n), n);
	ck_assert_uint_eq(rows_of(section, n), 0);
}
END_TEST

/* Whatever of it is there: nothing beyond is read, and what was understood can be read again. */
START_TEST(a_cut_section_is_read_as_far_as_it_goes)
{
	put_cie(4, false);
	put_fde(0, LO, 0x20, false);
	put_cie(3, true);
	put_fde(n, LO + 0x20, 0x10, true); /* a CIE that comes later is none */
	size_t whole = n;

	for (size_t cut = 0; cut <= whole; cut++) {
		uint8_t *bytes = (uint8_t *)(uintptr_t)guard_put(0, section, cut);
		size_t understood = rewrite(bytes, cut);

		ck_assert_uint_le(understood, cut);
		ck_assert_uint_le(rows_of(bytes, understood), 3);
	}
}
END_TEST

START_TEST(damaged_bytes_do_no_harm)
{
	uint32_t seed = 1;

	put_cie(4, false);
	put_fde(0, LO, 0x20, false);
	put_cie(1, true);
	put_fde(0, LO + 0x20, 0x10, true);
	for (unsigned round = 0; round < 20000; round++) {
		uint8_t *bytes = (uint8_t *)(uintptr_t)guard_put(0, section, n);

		for (unsigned i = 0; i < 1 + round % 4; i++) {
			seed = seed * 1664525 + 1013904223;
			bytes[(seed >> 8) % n] = (uint8_t)(seed >> 24);
		}
		rows_of(bytes, rewrite(bytes, n));
	}
}
END_TEST

static void empty(void)
{
	memset(section, 0, sizeof(section));
	n = 0;
}

int main(void)
{
	Suite *suite = suite_create("debugframe");
	TCase *tcase = tcase_create("debugframe");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, empty, NULL);
	tcase_add_loop_test(tcase, every_form_gives_the_same_rows, 0,
	                    (int)(sizeof(forms) / sizeof(*forms)));
	tcase_add_test(tcase, functions_the_linker_threw_away_have_no_rows);
	tcase_add_test(tcase, addresses_of_another_size_are_not_taken);
	tcase_add_test(tcase, a_cut_section_is_read_as_far_as_it_goes);
	tcase_add_test(tcase, damaged_bytes_do_no_harm);
	return suite_run(suite);
}
