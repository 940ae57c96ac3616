/* test_conn_tls.c - connections that carry TLS: known by their ClientHello, parsed by what is
 * inside, over when the wire has it.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/conn_tls.h"

#include <string.h>
#include "preload/hot/conn_slot.h"
#include "preload/hot/current.h"
#include "preload/hot/drops.h"
#include "preload/hot/request.h"
#include "preload/hot/sampler.h"
#include "tests/support/flagged.h"
#include "tests/support/guard.h"
#include "tests/support/pair.h"
#include "tests/support/suite.h"

#define GET    "GET /a?profile=1 HTTP/1.1\r\n\r\n"
#define ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
enum { HELLO_BYTES = 43, RECORD = 21 }; /* what TLS adds to plain bytes, about */

static struct flagged_notes notes;
static const uint64_t KEY = 0x0102030405060708;

/* A ClientHello whose random bytes end in KEY, up to these and a little more. */
static const char *hello_of(uint64_t key)
{
	static unsigned char hello[HELLO_BYTES + 7] = {0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3};

	for (unsigned i = 0; i < 8; i++)
		hello[HELLO_BYTES - 1 - i] = (unsigned char)(key >> 8 * i);
	return (const char *)hello;
}

static void wire_heard(const char *bytes, size_t n)
{
	rp_conn_heard(pair_fd, guard_put(0, bytes, n), n);
}

static void wire_said(size_t n)
{
	static const char noise[4096];

	rp_conn_said(pair_fd, guard_put(1, noise, n), n);
}

/* In or out of the library's call, as a socket's bytes move there. */
static void in_write(bool inside)
{
	rp_self.tls.object = inside ? &pair_fd : NULL;
	rp_self.tls.writes = inside;
}

static void heard(const char *text)
{
	rp_conn_plain_heard(pair_fd, guard_put(0, text, strlen(text)), strlen(text), true);
}

static void said(const char *text)
{
	rp_conn_plain_said(pair_fd, guard_put(1, text, strlen(text)), strlen(text));
}

START_TEST(it_is_known_by_its_hello_wherever_that_is_cut)
{
	for (size_t cut = 0; cut <= HELLO_BYTES + 7; cut++) {
		uint64_t key = KEY + cut * 77;

		wire_heard(hello_of(key), cut);
		ck_assert_int_eq(rp_conn_carrier(key, -1), cut < HELLO_BYTES ? -1 : pair_fd);
		wire_heard(hello_of(key) + cut, HELLO_BYTES + 7 - cut);
		ck_assert_int_eq(rp_conn_carrier(key, -1), pair_fd);
		ck_assert_uint_eq(rp_conn_kind(pair_fd), RP_FD_CONN);
		pair_close();
		ck_assert_int_eq(rp_conn_carrier(key, -1), -1);
		pair_open();
	}
	ck_assert_int_eq(rp_conn_carrier(0, -1), -1);
}
END_TEST

START_TEST(what_only_begins_like_a_hello_is_given_up)
{
	static const char *const first[] = {"\x16\x02", "\x16\x03\x01\x01\x01\x02", "\x17\x03\x03"};

	for (unsigned i = 0; i < 6; i++) {
		const char *bytes = first[i % 3];

		for (size_t at = 0; i < 3 && at < strlen(bytes); at++)
			wire_heard(bytes + at, 1);
		if (i >= 3)
			wire_heard(bytes, strlen(bytes));
		ck_assert_uint_eq(rp_conn_kind(pair_fd), RP_FD_OPAQUE);
		pair_close();
		pair_open();
	}
}
END_TEST

START_TEST(two_with_the_same_hello_are_nobodys)
{
	int first = pair_fd;

	wire_heard(hello_of(KEY), HELLO_BYTES);
	pair_open();
	wire_heard(hello_of(KEY), HELLO_BYTES);
	ck_assert_int_eq(rp_conn_carrier(KEY, -1), -1);
	ck_assert_int_eq(rp_conn_carrier(KEY, first), first); /* that proof stays good */
}
END_TEST

START_TEST(hundreds_are_told_apart)
{
	enum { N = 400 };
	int fds[N];

	for (unsigned i = 0; i < N; i++) {
		pair_open();
		fds[i] = pair_fd;
		wire_heard(hello_of(KEY + i * 0x9e3779b97f4a7c15), HELLO_BYTES);
	}
	for (unsigned i = 0; i < N; i++)
		ck_assert_int_eq(rp_conn_carrier(KEY + i * 0x9e3779b97f4a7c15, -1), fds[i]);
}
END_TEST

START_TEST(bytes_that_moved_inside_the_call_tell_whose_it_is_from_then_on)
{
	wire_heard(hello_of(KEY), HELLO_BYTES);
	ck_assert_int_eq(rp_conn_carrier(KEY + 1, -1), -1);
	ck_assert_int_eq(rp_conn_carrier(KEY + 1, pair_fd), pair_fd);
	ck_assert_int_eq(rp_conn_carrier(KEY + 1, -1), pair_fd);
	ck_assert_int_eq(rp_conn_carrier(KEY, -1), -1);
}
END_TEST

static struct pair_story exchange(void)
{
	struct pair_story story = {0};

	heard(GET);
	ck_assert_uint_eq(rp_self.armed, RP_ARMED);
	in_write(true);
	wire_said(strlen(ANSWER) + RECORD);
	in_write(false);
	said(ANSWER);
	ck_assert_uint_eq(rp_self.armed, 0);
	pair_collect(&story);
	flagged_take(&notes);
	return story;
}

START_TEST(the_bytes_of_a_request_are_those_inside)
{
	wire_heard(hello_of(KEY), HELLO_BYTES + 7);
	wire_said(900); /* the handshake */
	for (unsigned i = 0; i < 3; i++) {
		wire_heard("\x17\x03\x03 not parsed, and no HTTP", 20);
		struct pair_story story = exchange();

		ck_assert_uint_eq(story.n, 1);
		ck_assert_str_eq(story.target[0], "/a");
		ck_assert_uint_eq(story.how[0], RP_END_COMPLETE);
		ck_assert_uint_eq(story.status[0], 200);
		ck_assert_uint_eq(story.in[0], strlen(GET));
		ck_assert_uint_eq(story.out[0], strlen(ANSWER));
		ck_assert(rp_requests[0].over_tls);
	}
}
END_TEST

START_TEST(an_answer_that_the_library_keeps_is_over_when_the_wire_has_it)
{
	struct pair_story story = {0};

	wire_heard(hello_of(KEY), HELLO_BYTES);
	heard(GET);
	said(ANSWER);
	ck_assert_uint_eq(rp_self.armed, RP_ARMED);
	wire_said(20);
	pair_collect(&story);
	ck_assert_uint_eq(story.n, 0);
	ck_assert_uint_eq(rp_self.armed, RP_ARMED); /* whoever writes it works for it */
	wire_said(strlen(ANSWER) + RECORD - 20);
	pair_collect(&story);
	ck_assert_uint_eq(story.n, 1);
	ck_assert_uint_eq(story.how[0], RP_END_COMPLETE);
	ck_assert_uint_eq(rp_self.armed, 0);
}
END_TEST

/* The library could not get rid of all in the first call; the host made it again. */
START_TEST(an_answer_that_takes_several_calls_is_over_with_the_last)
{
	struct pair_story story = {0};

	wire_heard(hello_of(KEY), HELLO_BYTES);
	heard(GET);
	in_write(true);
	wire_said(30);
	wire_said(strlen(ANSWER) + RECORD - 30);
	in_write(false);
	said(ANSWER);
	pair_collect(&story);
	ck_assert_uint_eq(story.n, 1);
}
END_TEST

START_TEST(a_kept_answer_is_over_when_another_begins_or_the_client_asks_again)
{
	struct pair_story story = {0};

	wire_heard(hello_of(KEY), HELLO_BYTES);
	heard(GET GET "GET /plain HTTP/1.1\r\n\r\n");
	said(ANSWER ANSWER);
	pair_collect(&story);
	ck_assert_uint_eq(story.n, 1);
	heard("GET /other HTTP/1.1\r\n\r\n");
	pair_collect(&story);
	ck_assert_uint_eq(story.n, 2);
	ck_assert_uint_eq(rp_self.armed, 0);
	ck_assert_ptr_nonnull(rp_pending_front(&rp_conn_of(pair_fd)->pending));
}
END_TEST

START_TEST(a_connection_that_closes_with_a_kept_answer_says_so)
{
	struct pair_story story = {0};

	wire_heard(hello_of(KEY), HELLO_BYTES);
	heard(GET);
	said(ANSWER);
	pair_close();
	pair_collect(&story);
	ck_assert_uint_eq(story.n, 1);
	ck_assert_uint_eq(story.how[0], RP_END_CLOSED);
}
END_TEST

START_TEST(http2_inside_is_followed)
{
	static const char ask[] = "\0\0\x13\1\5\0\0\0\1\x82\x86\4\14/a?profile=1\x41\1h";
	static const char answer[] = "\0\0\1\1\5\0\0\0\1\x88";
	struct pair_story story = {0};

	wire_heard(hello_of(KEY), HELLO_BYTES);
	heard("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
	rp_conn_plain_heard(pair_fd, ask, sizeof(ask) - 1, true);
	ck_assert_uint_eq(rp_self.armed, RP_ARMED);
	rp_conn_plain_said(pair_fd, answer, sizeof(answer) - 1);
	pair_collect(&story);
	ck_assert_uint_eq(story.n, 1);
	ck_assert_str_eq(story.target[0], "/a");
	ck_assert_uint_eq(story.status[0], 200);
	ck_assert_uint_eq(story.out[0], sizeof(answer) - 1);
}
END_TEST

START_TEST(plain_bytes_of_a_connection_without_tls_are_not_believed)
{
	struct pair_story story = {0};

	heard(GET); /* nothing came on the wire */
	pair_heard("GET /real?profile=1 HTTP/1.1\r\n\r\n");
	said(ANSWER);
	pair_said(ANSWER);
	pair_collect(&story);
	ck_assert_uint_eq(story.n, 1);
	ck_assert_str_eq(story.target[0], "/real");
	ck_assert(!rp_requests[0].over_tls);
}
END_TEST

START_TEST(a_preface_comes_before_the_hello)
{
	static const char preface[] = "PROXY TCP4 127.0.0.1 127.0.0.1 40000 443\r\n";
	char both[sizeof(preface) + HELLO_BYTES];
	size_t n = sizeof(preface) - 1;

	memcpy(both, preface, n);
	memcpy(both + n, hello_of(KEY), HELLO_BYTES);
	for (size_t cut = 0; cut <= n + HELLO_BYTES; cut++) {
		wire_heard(both, cut);
		wire_heard(both + cut, n + HELLO_BYTES - cut);
		ck_assert_int_eq(rp_conn_carrier(KEY, -1), pair_fd);
		ck_assert_uint_eq(exchange().n, 1);
		pair_close();
		pair_open();
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conn_tls");
	TCase *tcase = tcase_create("conn_tls");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, pair_ready, NULL);
	tcase_add_test(tcase, it_is_known_by_its_hello_wherever_that_is_cut);
	tcase_add_test(tcase, what_only_begins_like_a_hello_is_given_up);
	tcase_add_test(tcase, two_with_the_same_hello_are_nobodys);
	tcase_add_test(tcase, hundreds_are_told_apart);
	tcase_add_test(tcase, bytes_that_moved_inside_the_call_tell_whose_it_is_from_then_on);
	tcase_add_test(tcase, the_bytes_of_a_request_are_those_inside);
	tcase_add_test(tcase, an_answer_that_the_library_keeps_is_over_when_the_wire_has_it);
	tcase_add_test(tcase, an_answer_that_takes_several_calls_is_over_with_the_last);
	tcase_add_test(tcase, a_kept_answer_is_over_when_another_begins_or_the_client_asks_again);
	tcase_add_test(tcase, a_connection_that_closes_with_a_kept_answer_says_so);
	tcase_add_test(tcase, http2_inside_is_followed);
	tcase_add_test(tcase, a_preface_comes_before_the_hello);
	tcase_add_test(tcase, plain_bytes_of_a_connection_without_tls_are_not_believed);
	return suite_run(suite);
}
