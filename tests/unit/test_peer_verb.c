/* test_peer_verb.c - what is asked of another server, by its first bytes; and never any data.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/peer_verb.h"

#include <string.h>
#include "preload/limits.h"
#include "tests/support/flagged.h"
#include "tests/support/guard.h"
#include "tests/support/suite.h"

#define BYTES(text) text, sizeof(text) - 1

static const struct {
	const char *bytes;
	size_t n;
	uint16_t port;
	const char *verb; /* "": nothing is told */
} cases[] = {
        {BYTES("GET /stock?id=7&token=abc HTTP/1.1\r\n"), 80, "GET /stock?id=7&token=***"},
        {BYTES("POST /orders HTTP/1.1\r\nHost: x\r\n\r\n{}"), 8080, "POST /orders"},
        {BYTES("OPTIONS * HTTP/1.1\r\n"), 80, "OPTIONS *"},
        {BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 443, "PRI *"},
        {BYTES("SECRET /x HTTP/1.1\r\n"), 80, ""},
        {BYTES("GET\t/x"), 80, ""},
        {BYTES("GET /x\x01\x02"), 80, ""},
        {BYTES("get secret\r\n"), 11211, ""},
        {BYTES("GET secret\r\n"), 11211, ""}, /* no version behind it: no HTTP */
        {BYTES("*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$6\r\nsecret\r\n"), 6379, "redis SET"},
        {BYTES("*2\r\n$7\r\nhgetall\r\n$3\r\nkey\r\n"), 16379, "redis HGETALL"},
        {BYTES("*2\r\n$7\r\nhge"), 6379, ""},
        {BYTES("*2\r\n$1\r\n7\r\n"), 6379, ""},
        {BYTES("\0\0\0\x08\x04\xd2\x16\x2f"), 5432, "postgres connect"},
        {BYTES("\0\0\0\x13\0\3\0\0user\0alice\0"), 7777, "postgres connect"},
        {BYTES("Q\0\0\0\x18SELECT 'secret'\0___"), 5432, "postgres SELECT"},
        {BYTES("Q\0\0\0\x14select 'secret'\0"), 7777, "postgres SELECT"},
        {BYTES("Q\0\0\0\x13 (  with x as ("), 5432, "postgres WITH"},
        {BYTES("Q\0\0\0\x0fpassword1\0."), 5432, "postgres query"},
        {BYTES("P\0\0\0\x20name\0insert into t values ($1)\0"), 5432, "postgres INSERT"},
        {BYTES("B\0\0\0\x20xx"), 5432, "postgres execute"},
        {BYTES("B\0\0\0\x20xx"), 7777, ""},
        {BYTES("Q\0\0\0\xffselect 1"), 7777, ""}, /* its length does not fit */
        {BYTES("\x10\0\0\0\x03SELECT 'secret'"), 3306, "mysql SELECT"},
        {BYTES("\x10\0\0\0\x03SELECT 'secret'"), 13306, "mysql SELECT"},
        {BYTES("\x10\0\0\0\x03secret 'secret'"), 13306, ""},
        {BYTES("\x10\0\0\0\x03secret 'secret'"), 3306, "mysql query"},
        {BYTES("\x05\0\0\0\x17\1\0\0\0"), 3306, "mysql execute"},
        {BYTES("\x16\x03\x01\x02\x00\x01\x00"), 443, "TLS"},
        {BYTES("\x12\x34\x01\0\0\1"), 53, "DNS"},
        {BYTES("secret"), 0, ""},
        {BYTES(""), 5432, ""},
};

static const char *verb_of(size_t i, size_t n, char *text)
{
	const char *bytes = guard_put(0, cases[i].bytes, n);

	text[rp_peer_verb(text, RP_PEER_BYTES, bytes, n, cases[i].port)] = '\0';
	return text;
}

START_TEST(the_verb_is_told)
{
	char text[RP_PEER_BYTES + 1];

	ck_assert_str_eq(verb_of((size_t)_i, cases[_i].n, text), cases[_i].verb);
}
END_TEST

/* Wherever the first write ends: nothing is read behind it, and no data is told. */
START_TEST(a_cut_tells_less_and_never_data)
{
	char text[RP_PEER_BYTES + 1];

	for (size_t n = 0; n <= cases[_i].n; n++) {
		verb_of((size_t)_i, n, text);
		ck_assert_ptr_null(strstr(text, "secret"));
		ck_assert_ptr_null(strstr(text, "abc"));
		ck_assert_ptr_null(strstr(text, "pass"));
	}
}
END_TEST

START_TEST(a_long_target_is_cut)
{
	char text[RP_PEER_BYTES + 1], bytes[600] = "GET /";
	size_t n;

	memset(bytes + 5, 'x', sizeof(bytes) - 5);
	memcpy(bytes + 500, " HTTP/1.1\r\n", 11);
	n = rp_peer_verb(text, RP_PEER_BYTES, bytes, sizeof(bytes), 80);
	ck_assert_uint_le(n, RP_PEER_BYTES);
	ck_assert_int_eq(memcmp(text, "GET /xxx", 8), 0);
}
END_TEST

int main(void)
{
	enum { N = sizeof(cases) / sizeof(cases[0]) };
	Suite *suite = suite_create("peer_verb");
	TCase *tcase = tcase_create("peer_verb");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, flagged_ready, NULL);
	tcase_add_loop_test(tcase, the_verb_is_told, 0, N);
	tcase_add_loop_test(tcase, a_cut_tells_less_and_never_data, 0, N);
	tcase_add_test(tcase, a_long_target_is_cut);
	return suite_run(suite);
}
