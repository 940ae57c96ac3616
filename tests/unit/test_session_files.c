/* test_session_files.c - files of tests/golden: sessions of every version still read, and bad
 * ones are refused with the sentence beside them.  SPDX-License-Identifier: MIT */
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include "store/reader.h"
#include "tests/support/suite.h"

/* All of PATH, read to the end; false with WHY when it is not a complete session. */
static bool read_file(const char *path, uint64_t *of_kind, uint64_t *ticks, struct rp_why *why)
{
	struct rp_reader *r = rp_reader_open(path, why);
	struct rp_item item;
	bool complete;

	if (!r)
		return false;
	while (rp_reader_next(r, &item)) {
		of_kind[item.kind]++;
		if (item.kind == RP_ITEM_SAMPLE)
			*ticks += item.sample.weight;
	}
	complete = rp_reader_complete(r, why);
	rp_reader_close(r);
	return complete;
}

START_TEST(every_bad_file_is_refused_with_its_sentence)
{
	glob_t bad;

	ck_assert_int_eq(glob("tests/golden/bad/*.reqprof", 0, NULL, &bad), 0);
	ck_assert_uint_ge(bad.gl_pathc, 13);
	for (size_t i = 0; i < bad.gl_pathc; i++) {
		uint64_t of_kind[RP_N_ITEM_KINDS] = {0}, ticks = 0;
		char path[200], expected[300] = "";
		struct rp_why why = {.text = ""};

		ck_assert(!read_file(bad.gl_pathv[i], of_kind, &ticks, &why));
		snprintf(path, sizeof(path), "%.*s.txt",
		         (int)(strrchr(bad.gl_pathv[i], '.') - bad.gl_pathv[i]), bad.gl_pathv[i]);
		FILE *file = fopen(path, "r");

		ck_assert_msg(file && fgets(expected, sizeof(expected), file), "no %s", path);
		fclose(file);
		expected[strcspn(expected, "\n")] = '\0';
		ck_assert_str_eq(why.text, expected);
	}
	globfree(&bad);
}
END_TEST

START_TEST(every_good_file_still_reads_to_its_end)
{
	glob_t good;

	ck_assert_int_eq(glob("tests/golden/v*.reqprof", 0, NULL, &good), 0);
	for (size_t i = 0; i < good.gl_pathc; i++) {
		uint64_t of_kind[RP_N_ITEM_KINDS] = {0}, ticks = 0;
		struct rp_why why = {.text = ""};

		ck_assert_msg(read_file(good.gl_pathv[i], of_kind, &ticks, &why), "%s", why.text);
	}
	globfree(&good);
}
END_TEST

START_TEST(the_first_version_keeps_its_meaning)
{
	static const uint64_t expected[RP_N_ITEM_KINDS] = {0,  1,  1, 1, 2, 2, 4, 1,
	                                                   52, 40, 2, 6, 1, 1, 1, 1};
	uint64_t of_kind[RP_N_ITEM_KINDS] = {0}, ticks = 0;
	struct rp_reader *r = rp_reader_open("tests/golden/v1-small.reqprof", NULL);
	struct rp_item item;

	ck_assert(read_file("tests/golden/v1-small.reqprof", of_kind, &ticks, NULL));
	for (unsigned kind = 1; kind < RP_N_ITEM_KINDS; kind++)
		ck_assert_uint_eq(of_kind[kind], expected[kind]);
	ck_assert_uint_eq(ticks, 38);
	ck_assert_ptr_nonnull(r);
	ck_assert_uint_eq(rp_reader_head(r)->began_wall_ns, UINT64_C(1795369292123000000));
	while (rp_reader_next(r, &item))
		if (item.kind == RP_ITEM_WAIT && item.wait.object == 2)
			break;
	ck_assert_uint_eq(item.wait.kind, RP_WAIT_FSYNC);
	ck_assert_uint_eq(item.wait.span_ns, 2500124);
	ck_assert_uint_eq(item.wait.cpu_ns, 15001);
	rp_reader_close(r);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store/session files");
	TCase *t = tcase_create("session files");

	suite_add_tcase(suite, t);
	tcase_add_test(t, every_bad_file_is_refused_with_its_sentence);
	tcase_add_test(t, every_good_file_still_reads_to_its_end);
	tcase_add_test(t, the_first_version_keeps_its_meaning);
	return suite_run(suite);
}
