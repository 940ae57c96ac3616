/* test_token.c - who may make a token, what it says, and for how long.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "store/token.h"

#include <string.h>
#include "tests/support/guard.h"
#include "tests/support/suite.h"

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

enum { NOW = 1800000000, EXP = NOW + 600 };

static const char ONE[] = "0123456789abcdef", TWO[] = "another secret of a rotation";
static struct rp_secret secrets[2];

static struct rp_token any = {.exp_s = EXP, .nonce = 0xfedcba9876543210, .scope = RP_SCOPE_HTML};

static void ready(void)
{
	ck_assert(rp_secret_set(&secrets[0], ONE, strlen(ONE)));
	ck_assert(rp_secret_set(&secrets[1], TWO, strlen(TWO)));
}

/* Against an unmapped page. */
static enum rp_token_verdict read_it(struct rp_token *t, const char *text, size_t n, uint64_t now_s)
{
	return rp_token_read(t, guard_put(0, text, n), n, secrets, COUNT(secrets), now_s);
}

START_TEST(what_is_written_is_read)
{
	static const char *const paths[] = {"", "/", "/api", "/a.b~c%20d"};
	char text[RP_TOKEN_BYTES];

	for (size_t s = 0; s < COUNT(secrets); s++)
		for (size_t i = 0; i < COUNT(paths); i++)
			for (unsigned scope = RP_SCOPE_SAVE; scope <= RP_SCOPE_HTML; scope++) {
				struct rp_token t = any, seen;

				t.scope = (enum rp_scope)scope;
				t.n_path = (uint8_t)strlen(paths[i]);
				memcpy(t.path, paths[i], t.n_path);
				size_t n = rp_token_write(text, &t, &secrets[s]);

				ck_assert_int_eq(read_it(&seen, text, n, NOW), RP_TOKEN_GOOD);
				ck_assert_mem_eq(&seen, &t, sizeof(t));
			}
}
END_TEST

/* What Python's hmac makes of the same secret. */
START_TEST(the_form_is_as_it_is_told)
{
	static const char wanted[] =
	        "v1.7790865c.1800000600.fedcba9876543210.html."
	        "1642cea5a6cad93b1e8d8c7b35dd5ac60b55ab8a3597bc4b86000194f3a5a149";
	char text[RP_TOKEN_BYTES];
	size_t n = rp_token_write(text, &any, &secrets[0]);

	ck_assert_uint_eq(n, strlen(wanted));
	ck_assert_mem_eq(text, wanted, n);
}
END_TEST

START_TEST(the_longest_path_fits_and_no_longer_one)
{
	struct rp_token t = any, seen;
	char text[RP_TOKEN_BYTES];

	t.n_path = RP_TOKEN_PATH;
	memset(t.path, '/', sizeof(t.path));
	t.exp_s = 999999999999;
	size_t n = rp_token_write(text, &t, &secrets[0]);

	ck_assert_uint_le(n, RP_TOKEN_BYTES);
	ck_assert_int_eq(read_it(&seen, text, n, t.exp_s), RP_TOKEN_GOOD);
	t.n_path++;
	ck_assert_uint_eq(rp_token_write(text, &t, &secrets[0]), 0);
	t.n_path = 1;
	t.path[0] = 'a';
	ck_assert_uint_eq(rp_token_write(text, &t, &secrets[0]), 0);
}
END_TEST

START_TEST(no_byte_of_it_can_be_changed)
{
	struct rp_token t = any, seen;
	char text[RP_TOKEN_BYTES], other[RP_TOKEN_BYTES];

	t.n_path = 4;
	memcpy(t.path, "/api", 4);
	size_t n = rp_token_write(text, &t, &secrets[0]);

	for (size_t i = 0; i < n; i++)
		for (unsigned c = 0; c < 256; c++) {
			memcpy(other, text, n);
			other[i] = (char)c;
			ck_assert((read_it(&seen, other, n, NOW) == RP_TOKEN_GOOD) ==
			          (other[i] == text[i]));
		}
	for (size_t i = 0; i < n; i++)
		ck_assert_int_ne(read_it(&seen, text, i, NOW), RP_TOKEN_GOOD);
	memcpy(other, text, n);
	other[n] = '0';
	ck_assert_int_ne(read_it(&seen, other, n + 1, NOW), RP_TOKEN_GOOD);
}
END_TEST

START_TEST(it_has_its_time)
{
	static const struct {
		uint64_t now;
		enum rp_token_verdict verdict;
	} cases[] = {{EXP, RP_TOKEN_GOOD},
	             {EXP + RP_TOKEN_SKEW_S, RP_TOKEN_GOOD},
	             {EXP + RP_TOKEN_SKEW_S + 1, RP_TOKEN_EXPIRED},
	             {2 * (uint64_t)EXP, RP_TOKEN_EXPIRED},
	             {EXP - RP_TOKEN_LIFE_S - RP_TOKEN_SKEW_S, RP_TOKEN_GOOD},
	             {EXP - RP_TOKEN_LIFE_S - RP_TOKEN_SKEW_S - 1, RP_TOKEN_EARLY},
	             {0, RP_TOKEN_EARLY}};
	struct rp_token seen;
	char text[RP_TOKEN_BYTES];
	size_t n = rp_token_write(text, &any, &secrets[1]);

	for (size_t i = 0; i < COUNT(cases); i++)
		ck_assert_msg(read_it(&seen, text, n, cases[i].now) == cases[i].verdict, "%zu", i);
}
END_TEST

START_TEST(it_says_what_is_wrong)
{
	struct rp_secret other;
	struct rp_token seen;
	char text[RP_TOKEN_BYTES];
	size_t n = rp_token_write(text, &any, &secrets[0]);

	text[n - 1] ^= 1;
	ck_assert_int_eq(read_it(&seen, text, n, NOW), RP_TOKEN_FORGED);
	ck_assert(rp_secret_set(&other, "nobody knows this one", 21));
	n = rp_token_write(text, &any, &other);
	ck_assert_int_eq(read_it(&seen, text, n, NOW), RP_TOKEN_UNKNOWN);
	memcpy(other.kid, secrets[0].kid, sizeof(other.kid)); /* who signs says he is another */
	n = rp_token_write(text, &any, &other);
	ck_assert_int_eq(read_it(&seen, text, n, NOW), RP_TOKEN_FORGED);
	ck_assert_int_eq(rp_token_read(&seen, text, n, NULL, 0, NOW), RP_TOKEN_UNKNOWN);
	ck_assert_int_eq(read_it(&seen, ONE, strlen(ONE), NOW), RP_TOKEN_ALIEN);
	ck_assert_int_eq(rp_token_read(&seen, NULL, 0, secrets, 2, NOW), RP_TOKEN_ALIEN);
}
END_TEST

static const struct {
	const char *own, *asked;
	bool covers;
} paths[] = {
        {"", "/x/../y", true},
        {"", "*", true},
        {"/api", "/api", true},
        {"/api", "/api/", true},
        {"/api", "/api/a/b", true},
        {"/api", "/apix", false},
        {"/api", "/ap", false},
        {"/api", "/", false},
        {"/api", "", false},
        {"/api/", "/api/x", true},
        {"/api/", "/api", false},
        {"/", "/x", true},
        {"/api", "/API", false},
        {"/api", "/api/../x", false},
        {"/api", "/api/..", false},
        {"/api", "/api/%2e./x", false},
        {"/api", "/api/%2E%2E/x", false},
        {"/api", "/api%2fx", false},
        {"/api", "/api/%5c..", false},
        {"/api", "/api/\\..\\x", false},
        {"/api", "/api/%252e", false},
        {"/api", "/api/%00", false},
        {"/api", "/api/a%20b.c", true},
        {"/api", "/api/%2", true},
};

START_TEST(a_path_covers_what_lies_below_it)
{
	struct rp_token t = any;
	size_t n = strlen(paths[_i].asked);

	t.n_path = (uint8_t)strlen(paths[_i].own);
	memcpy(t.path, paths[_i].own, t.n_path);
	ck_assert_msg(rp_token_covers(&t, guard_put(0, paths[_i].asked, n), n) == paths[_i].covers,
	              "%s: %s", paths[_i].own, paths[_i].asked);
}
END_TEST

START_TEST(a_secret_has_16_to_128_bytes)
{
	struct rp_secret s;
	char bytes[RP_SECRET_MOST + 1];

	memset(bytes, 's', sizeof(bytes));
	ck_assert(!rp_secret_set(&s, bytes, RP_SECRET_LEAST - 1));
	ck_assert_uint_eq(s.n, 0);
	ck_assert(rp_secret_set(&s, bytes, RP_SECRET_LEAST));
	ck_assert(rp_secret_set(&s, bytes, RP_SECRET_MOST));
	ck_assert(!rp_secret_set(&s, bytes, RP_SECRET_MOST + 1));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store/token");
	TCase *tcase = tcase_create("token");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, ready, NULL);
	tcase_add_test(tcase, what_is_written_is_read);
	tcase_add_test(tcase, the_form_is_as_it_is_told);
	tcase_add_test(tcase, the_longest_path_fits_and_no_longer_one);
	tcase_add_test(tcase, no_byte_of_it_can_be_changed);
	tcase_add_test(tcase, it_has_its_time);
	tcase_add_test(tcase, it_says_what_is_wrong);
	tcase_add_loop_test(tcase, a_path_covers_what_lies_below_it, 0, COUNT(paths));
	tcase_add_test(tcase, a_secret_has_16_to_128_bytes);
	return suite_run(suite);
}
