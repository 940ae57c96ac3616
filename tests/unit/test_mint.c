/* test_mint.c - the secret that signs, and the path of a URL that a token is for.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "tools/mint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tests/support/suite.h"

static const struct {
	const char *url, *path; /* NULL: no path, every one */
} urls[] = {
        {"http://h/api/x?y#z", "/api/x"},
        {"http://h:80/api#/z", "/api"},
        {"https://[::1]:8443/a", "/a"},
        {"h/a", "/a"},
        {"http://h", NULL},
        {"http://h/", NULL},
        {"http://h?x=/a", NULL},
        {"http://h/a/../b", NULL}, /* which the gate would not let in below it */
        {"http://h/a%2fb", NULL},
        {"http://h/a%20b", "/a%20b"},
        {"http://h/0123456789012345678901234567890123456789/0123456789012345678901234567890",
         "/0123456789012345678901234567890123456789"},
        {"http://h/01234567890123456789012345678901234567890123456789012345678901234567890", NULL},
};

START_TEST(the_path_of_a_url)
{
	char path[RP_TOKEN_PATH + 1];
	const char *got = rp_mint_path(urls[_i].url, path);

	ck_assert_msg(!got == !urls[_i].path, "%s: %s", urls[_i].url, got ? got : "none");
	if (got)
		ck_assert_str_eq(got, urls[_i].path);
}
END_TEST

/* A file of CONTENT with MODE: whether it signs; its path into PATH. */
static bool signs(const char *content, mode_t mode, struct rp_mint *m, struct rp_why *why)
{
	char path[] = "/tmp/reqprof-mint-XXXXXX";
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
	fchmod(fd, mode);
	close(fd);
	bool ok = rp_mint_open(m, path, why);

	unlink(path);
	return ok;
}

START_TEST(the_first_secret_of_a_private_file_signs)
{
	struct rp_mint m = {.scope = RP_SCOPE_TEXT, .life_s = 60, .path = "/api"};
	char one[RP_TOKEN_BYTES + 1], two[RP_TOKEN_BYTES + 1];
	struct rp_why why;

	ck_assert(
	        signs("short\n\nthe first that is long\r\nthe second one, too\n", 0600, &m, &why));
	ck_assert_uint_eq(m.secret.n, strlen("the first that is long"));
	ck_assert(rp_mint(&m, one) && rp_mint(&m, two));
	ck_assert_str_ne(one, two);
	m.path = "api";
	ck_assert(!rp_mint(&m, one));
	ck_assert(!signs("the first that is long\n", 0640, &m, &why));
	ck_assert_ptr_nonnull(strstr(why.text, "chmod 600"));
	ck_assert(!signs("short\n", 0600, &m, &why));
	ck_assert_ptr_nonnull(strstr(why.text, "no line of 16 to 128"));
	ck_assert(!rp_mint_open(&m, "/nowhere/at/all", &why));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mint");
	TCase *tcase = tcase_create("mint");

	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(tcase, the_path_of_a_url, 0, sizeof(urls) / sizeof(*urls));
	tcase_add_test(tcase, the_first_secret_of_a_private_file_signs);
	return suite_run(suite);
}
