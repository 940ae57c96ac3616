/* test_findshim.c - the shim is found in the build tree and under a prefix, in that order.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "tools/findshim.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tests/support/suite.h"

static char root[64];

/* Makes ROOT/NAME, a directory when it ends in a slash; its path lives until the next call. */
static const char *put(const char *name)
{
	static char path[256];

	snprintf(path, sizeof path, "%s/%s", root, name);
	if (name[strlen(name) - 1] == '/') {
		ck_assert_int_eq(mkdir(path, 0755), 0);
	} else {
		FILE *f = fopen(path, "w");

		ck_assert_ptr_nonnull(f);
		fclose(f);
	}
	return path;
}

static void make_root(void)
{
	strcpy(root, "/tmp/reqprof-shim-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	put("bin/");
	put("lib/");
	put("lib/libreqprof/");
}

static void drop_root(void)
{
	static const char *const names[] = {
	        "bin/libreqprof.so",
	        "lib/libreqprof.so",
	        "lib/libreqprof/libreqprof.so",
	        "bin",
	        "lib/libreqprof",
	        "lib",
	        "",
	};
	char path[256];

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", root, names[i]);
		remove(path);
	}
}

START_TEST(the_nearest_is_taken)
{
	static const char *const places[] = {"lib/libreqprof/libreqprof.so", "lib/libreqprof.so",
	                                     "bin/libreqprof.so"};
	char bin[128], found[512];
	struct rp_why why = {0};

	snprintf(bin, sizeof bin, "%s/bin", root);
	ck_assert(!rp_findshim_from(bin, found, sizeof found, &why));
	ck_assert_ptr_nonnull(strstr(why.text, bin));
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		const char *want = put(places[i]);

		ck_assert(rp_findshim_from(bin, found, sizeof found, &why));
		ck_assert_str_eq(found, want);
	}
}
END_TEST

START_TEST(a_path_that_ld_preload_would_split_is_refused)
{
	char bin[128], found[512];
	struct rp_why why = {0};

	put("a b/");
	put("a b/libreqprof.so");
	snprintf(bin, sizeof bin, "%s/a b", root);
	ck_assert(!rp_findshim_from(bin, found, sizeof found, &why));
	ck_assert_ptr_nonnull(strstr(why.text, "spaces"));
	snprintf(found, sizeof found, "%s/libreqprof.so", bin);
	remove(found);
	remove(bin);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("findshim");
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, make_root, drop_root);
	tcase_add_test(tc, the_nearest_is_taken);
	tcase_add_test(tc, a_path_that_ld_preload_would_split_is_refused);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
