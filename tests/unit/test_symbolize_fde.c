/* test_symbolize_fde.c - code without symbols goes by the start of its function.
 *
 * Room: tests.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/fde.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "symbolize/elfopen.h"
#include "tests/support/guard.h"
#include "tests/support/suite.h"
#include "tests/support/symfood.h"

static const struct {
	const char *compiler, *flags;
} builds[] = {{"gcc", "-O2"}, {"gcc", "-O2 -static-pie"}, {"gcc", "-O0 -no-pie"}, {"clang", "-O2"}};

enum { N_BUILDS = sizeof(builds) / sizeof(*builds) };

/* food: the whole; stripped: no names but exported ones. */
static void build(const char *compiler, const char *flags)
{
	unsetenv("DEBUGINFOD_URLS");
	symfood_run("%s -g %s -o food \"$ROOT/tests/unit/fixtures/symfood_inline.c\" && "
	            "cp food stripped && strip --strip-all stripped",
	            compiler, flags);
}

static void check_name(uint64_t addr, uint64_t want)
{
	char name[64];
	struct rp_symbolizer *s;
	struct rp_frames at = symfood_resolve(&s, symfood_path("stripped"), addr);

	snprintf(name, sizeof(name), "stripped+0x%llx", (unsigned long long)want);
	ck_assert_uint_eq(at.n, 1);
	ck_assert_str_eq(at.frame[0].function, name);
	ck_assert(!at.frame[0].named);
	ck_assert_ptr_null(at.frame[0].file);
	ck_assert_uint_eq(at.frame[0].func_line, 0);
	rp_sym_free(s);
}

START_TEST(one_function_one_name_and_outside_each_its_own)
{
	if (!symfood_has(builds[_i].compiler))
		return;
	build(builds[_i].compiler, builds[_i].flags);
	const char *food = symfood_path("food");
	uint64_t begin = symfood_symbol(food, "hidden");
	uint64_t data = symfood_symbol(food, "sink");

	check_name(begin, begin);
	check_name(symfood_symbol(food, "mark_innermost"), begin);
	check_name(symfood_symbol(food, "mark_outer"), begin);
	check_name(symfood_symbol(food, "mark_main"), symfood_symbol(food, "main"));
	check_name(1, 1);                   /* before the first */
	check_name(data, data);             /* behind the last */
	check_name(UINT64_MAX, UINT64_MAX); /* no sum may wrap */
}
END_TEST

/* The sections of "stripped", each up to an unmapped page. */
static struct rp_fde guarded(uint8_t *table, uint8_t *frames, size_t cap)
{
	struct rp_elf_file file;
	struct rp_fde fde = {0};
	bool missing;

	ck_assert(rp_elfopen_file(&file, symfood_path("stripped"), &missing));
	rp_fde_read(&fde, &file);
	ck_assert_uint_gt(fde.n, 2);
	ck_assert_uint_le(fde.n * 8, cap);
	ck_assert_uint_le(fde.n_frames_bytes, cap);
	memcpy(table, fde.table, fde.n * 8);
	memcpy(frames, fde.frames, fde.n_frames_bytes);
	rp_elfopen_close(&file);
	return fde;
}

static unsigned dice(unsigned *state, unsigned sides)
{
	*state = *state * 1103515245u + 12345u;
	return (*state >> 8) % sides;
}

/* Damaged tables may give wrong starts, but only ones not behind the address, and in bounds. */
START_TEST(damage_is_neither_followed_nor_believed)
{
	static uint8_t table[1 << 14], frames[1 << 14];
	unsigned state = 12345;

	elf_version(EV_CURRENT);
	build("gcc", "-O2");
	struct rp_fde whole = guarded(table, frames, sizeof(table));
	uint64_t addr = symfood_symbol(symfood_path("food"), "mark_innermost");
	size_t n_found = 0;

	for (int round = 0; round < 20000; round++) {
		struct rp_fde fde = whole;
		uint8_t bad_table[sizeof(table)], bad_frames[sizeof(frames)];

		fde.n_frames_bytes -=
		        dice(&state, 4) ? 0 : dice(&state, (unsigned)fde.n_frames_bytes);
		memcpy(bad_table, table, fde.n * 8);
		memcpy(bad_frames, frames, fde.n_frames_bytes);
		for (unsigned i = dice(&state, 12); i; i--) {
			bad_table[dice(&state, (unsigned)fde.n * 8)] = (uint8_t)dice(&state, 256);
			if (fde.n_frames_bytes)
				bad_frames[dice(&state, (unsigned)fde.n_frames_bytes)] =
				        (uint8_t)dice(&state, 256);
		}
		fde.table = guard_put(0, bad_table, fde.n * 8);
		fde.frames = guard_put(1, bad_frames, fde.n_frames_bytes);
		uint64_t begin = rp_fde_begin(&fde, addr);

		ck_assert_uint_le(begin, addr);
		n_found += begin != addr;
	}
	ck_assert_uint_gt(n_found, 1000);
	ck_assert_uint_lt(n_found, 20000);
}
END_TEST

/* Turns a bit of byte OFFSET in every FDE. */
static void turn_bit(const struct rp_fde *fde, const uint8_t *table, uint8_t *frames, size_t offset)
{
	for (size_t i = 0; i < fde->n; i++) {
		int32_t to;

		memcpy(&to, table + i * 8 + 4, sizeof(to));
		uint64_t at = fde->header_addr + (uint64_t)(int64_t)to - fde->frames_addr;

		ck_assert_uint_lt(at + offset, fde->n_frames_bytes);
		frames[at + offset] ^= 1;
	}
}

START_TEST(an_entry_and_its_fde_must_agree)
{
	/* The length's highest byte, then the lowest of the first address. */
	static const size_t offsets[] = {3, 8};
	static uint8_t table[1 << 14], frames[1 << 14];

	elf_version(EV_CURRENT);
	build("gcc", "-O2");
	struct rp_fde fde = guarded(table, frames, sizeof(table));
	uint64_t addr = symfood_symbol(symfood_path("food"), "mark_innermost");
	uint64_t begin = symfood_symbol(symfood_path("food"), "hidden");

	fde.table = table;
	fde.frames = frames;
	for (size_t i = 0; i < sizeof(offsets) / sizeof(*offsets); i++) {
		ck_assert_uint_eq(rp_fde_begin(&fde, addr), begin);
		turn_bit(&fde, table, frames, offsets[i]);
		ck_assert_uint_eq(rp_fde_begin(&fde, addr), addr);
		turn_bit(&fde, table, frames, offsets[i]);
	}
}
END_TEST

/* What a header may promise: octal bytes, for every shell's printf, and where they go. */
static const struct {
	const char *bytes;
	int at;
	bool readable;
} headers[] = {
        {"\\001\\033\\003\\073", 0, true},  /* as linkers write it */
        {"\\002\\033\\003\\073", 0, false}, /* another version */
        {"\\001\\377\\003\\073", 0, false}, /* no pointer */
        {"\\001\\033\\377\\073", 0, false}, /* no count */
        {"\\001\\033\\003\\033", 0, false}, /* relative to each entry */
        {"\\377\\377\\377\\177", 8, false}, /* more entries than there are */
};

enum { N_HEADERS = sizeof(headers) / sizeof(*headers) };

START_TEST(a_table_of_another_kind_is_left_alone)
{
	build("gcc", "-O2");
	uint64_t addr = symfood_symbol(symfood_path("food"), "mark_innermost");
	uint64_t begin = symfood_symbol(symfood_path("food"), "hidden");

	symfood_run("objcopy --dump-section .eh_frame_hdr=header food copy && "
	            "printf '%s' | dd of=header bs=1 seek=%d conv=notrunc 2>dd.log && "
	            "objcopy --update-section .eh_frame_hdr=header food stripped && "
	            "strip --strip-all stripped",
	            headers[_i].bytes, headers[_i].at);
	check_name(addr, headers[_i].readable ? begin : addr);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("symbolize_fde");
	TCase *tc = tcase_create("fde");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, one_function_one_name_and_outside_each_its_own, 0, N_BUILDS);
	tcase_add_test(tc, damage_is_neither_followed_nor_believed);
	tcase_add_test(tc, an_entry_and_its_fde_must_agree);
	tcase_add_loop_test(tc, a_table_of_another_kind_is_left_alone, 0, N_HEADERS);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
