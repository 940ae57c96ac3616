/* test_sidecar.c - names beside a session, whole, cut and damaged.  SPDX-License-Identifier: MIT */
#include "store/sidecar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "store/crc32c.h"
#include "store/names.h"
#include "tests/support/folder.h"
#include "tests/support/suite.h"

static const uint8_t id[16] = "sixteen bytes...";

static const char *texts[] = {NULL, "main", "/src/main.c", "/usr/lib/debug/x.debug", ".cold"};
static struct rp_sidecar_frame frames[] = {
        {1, 2, 0, 10, 8, RP_SIDECAR_NAMED},
        {1, 0, 4, 0, 0, RP_SIDECAR_NAMED | RP_SIDECAR_INLINED},
        {2, 2, 0, 4000000000u, 1, 0},
};
static struct rp_sidecar_address addresses[] = {{0x1000, 0, 1}, {0x1001, 1, 2}, {UINT64_MAX, 0, 3}};
static struct rp_sidecar_module modules[] = {{1, 0, 3, 0, 2}, {7, 1, 0, 2, 1}, {9, 2, 0, 3, 0}};

static struct rp_sidecar whole(void)
{
	struct rp_sidecar side = {.texts = texts,
	                          .modules = modules,
	                          .addresses = addresses,
	                          .frames = frames,
	                          .n_texts = 5,
	                          .n_modules = 3,
	                          .n_addresses = 3,
	                          .n_frames = 3};

	memcpy(side.id, id, sizeof(id));
	return side;
}

/* What is the same in the file: frames follow the addresses that have them. */
static void check_same(const struct rp_sidecar *got)
{
	ck_assert_uint_eq(got->n_texts, 5);
	for (size_t i = 1; i < 5; i++)
		ck_assert_str_eq(got->texts[i], texts[i]);
	ck_assert_ptr_null(got->texts[0]);
	ck_assert_uint_eq(got->n_modules, 3);
	ck_assert_mem_eq(got->modules, modules, sizeof(modules));
	ck_assert_uint_eq(got->n_addresses, 3);
	ck_assert_uint_eq(got->n_frames, 6);
	for (size_t i = 0; i < 3; i++) {
		const struct rp_sidecar_address *a = &got->addresses[i];

		ck_assert_uint_eq(a->vaddr, addresses[i].vaddr);
		ck_assert_uint_eq(a->n_frames, addresses[i].n_frames);
		ck_assert_mem_eq(&got->frames[a->frame], &frames[addresses[i].frame],
		                 a->n_frames * sizeof(*frames));
	}
}

/* An exact copy: one byte too far is seen by a sanitizer. */
static bool decode(struct rp_sidecar *got, const uint8_t *bytes, size_t n, struct rp_why *why)
{
	uint8_t *copy = malloc(n ? n : 1);

	memcpy(copy, bytes, n);
	return rp_sidecar_decode(got, copy, n, id, why);
}

START_TEST(what_was_written_is_read)
{
	struct rp_sidecar side = whole(), got;
	struct rp_why why;
	size_t n;
	uint8_t *bytes = rp_sidecar_encode(&side, &n);

	ck_assert_msg(decode(&got, bytes, n, &why), "%s", why.text);
	check_same(&got);
	rp_sidecar_free(&got);
	free(bytes);
}
END_TEST

START_TEST(no_cut_and_no_flipped_bit_is_believed)
{
	struct rp_sidecar side = whole(), got;
	size_t n;
	uint8_t *bytes = rp_sidecar_encode(&side, &n);

	for (size_t cut = 0; cut < n; cut++) {
		struct rp_why why = {0};

		ck_assert(!decode(&got, bytes, cut, &why));
		ck_assert_uint_gt(strlen(why.text), 5);
	}
	for (size_t bit = 0; bit < n * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert(!decode(&got, bytes, n, NULL));
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	free(bytes);
}
END_TEST

static void put_fixed(uint8_t *at, uint64_t v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		at[i] = (uint8_t)(v >> 8 * i);
}

/* Somebody may make the sums right: what is in the payload is still looked at. */
static void seal(uint8_t *bytes, size_t n)
{
	put_fixed(bytes + 32, n - 64, 8);
	put_fixed(bytes + 40, rp_crc32c(rp_crc32c(0, id, 16), bytes + 64, n - 64), 4);
	put_fixed(bytes + 60, rp_crc32c(0, bytes, 60), 4);
}

START_TEST(a_hostile_payload_with_right_sums_hurts_nobody)
{
	struct rp_sidecar side = whole(), got;
	size_t n;
	uint8_t *bytes = rp_sidecar_encode(&side, &n), *bad = malloc(n);

	for (size_t at = 64; at < n; at++) {
		for (unsigned v = 0; v < 256; v++) {
			memcpy(bad, bytes, n);
			bad[at] = (uint8_t)v;
			seal(bad, n);
			if (decode(&got, bad, n, NULL))
				rp_sidecar_free(&got);
		}
		memcpy(bad, bytes, n);
		memset(bad + at, 0xff, n - at < 9 ? n - at : 9);
		seal(bad, n);
		if (decode(&got, bad, n, NULL))
			rp_sidecar_free(&got);
		seal(bytes, at); /* cut there */
		ck_assert(!decode(&got, bytes, at, NULL));
	}
	free(bad);
	free(bytes);
}
END_TEST

START_TEST(another_session_is_another_matter)
{
	struct rp_sidecar side = whole(), got;
	struct rp_why why = {0};
	size_t n;

	side.id[3]++;
	uint8_t *bytes = rp_sidecar_encode(&side, &n);

	ck_assert(!decode(&got, bytes, n, &why));
	ck_assert_str_eq(why.text, "it belongs to another session");
	free(bytes);
}
END_TEST

START_TEST(files_are_replaced_in_one_step_and_links_not_followed)
{
	struct rp_sidecar side = whole(), got;
	struct rp_why why = {0};
	char dir[64], path[128], other[128];
	struct stat st;
	int fd = folder_make(dir, sizeof(dir), "test_sidecar");

	snprintf(path, sizeof(path), "%s/a.reqsym", dir);
	snprintf(other, sizeof(other), "%s/other", dir);
	ck_assert(!rp_sidecar_read(&got, path, id, &why));
	ck_assert_str_eq(why.text, ""); /* there is none: nothing to tell */
	ck_assert_int_eq(symlink(other, path), 0);
	ck_assert(!rp_sidecar_read(&got, path, id, &why));
	ck_assert_uint_gt(strlen(why.text), 5);
	for (int i = 0; i < 2; i++)
		ck_assert_msg(rp_sidecar_write(&side, path, geteuid(), &why), "%s", why.text);
	ck_assert_int_ne(access(other, F_OK), 0); /* the link went, not what it named */
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	ck_assert_uint_eq(folder_count(fd), 1);
	ck_assert_msg(rp_sidecar_read(&got, path, id, &why), "%s", why.text);
	check_same(&got);
	rp_sidecar_free(&got);
	folder_remove(fd, dir);
	ck_assert(!rp_sidecar_write(&side, path, geteuid(), &why));
	ck_assert_ptr_nonnull(strstr(why.text, "No such file"));
}
END_TEST

START_TEST(each_session_has_one_name_for_it)
{
	static const char *const rows[][2] = {
	        {"/a/20261122T174132.123Z-4711-000007-GET-_x.reqprof",
	         "/a/20261122T174132.123Z-4711-000007-GET-_x.reqsym"},
	        {"x.reqprof.part", "x.reqsym"},
	        {"x", "x.reqsym"},
	        {".reqprof", ".reqprof.reqsym"},
	};
	char side[128];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		ck_assert(rp_names_sidecar(side, sizeof(side), rows[i][0]));
		ck_assert_str_eq(side, rows[i][1]);
	}
	ck_assert(rp_names_sidecar(side, sizeof("x.reqsym"), "x.reqprof"));
	ck_assert(!rp_names_sidecar(side, sizeof("x.reqsym") - 1, "x.reqprof"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store/sidecar");
	TCase *t = tcase_create("sidecar");

	suite_add_tcase(suite, t);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, what_was_written_is_read);
	tcase_add_test(t, no_cut_and_no_flipped_bit_is_believed);
	tcase_add_test(t, a_hostile_payload_with_right_sums_hurts_nobody);
	tcase_add_test(t, another_session_is_another_matter);
	tcase_add_test(t, files_are_replaced_in_one_step_and_links_not_followed);
	tcase_add_test(t, each_session_has_one_name_for_it);
	return suite_run(suite);
}
