/* test_heads.c - our lines in answers on a connection: several in one call, and through a TLS
 * library that refuses when it likes and wants to be asked again with the same.
 *
 * Room: tests.  Our thread is a stub: the test frees what ends.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/heads.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "preload/settings.h"
#include "tests/support/flagged.h"
#include "tests/support/pair.h"
#include "tests/support/suite.h"

#define FLAGGED "GET /a?profile=1 HTTP/1.1\r\nHost: h\r\n\r\n"
#define PLAIN   "GET /b HTTP/1.1\r\nHost: h\r\n\r\n"
#define HEAD    "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n"
#define ANSWER  HEAD "\r\nbody"

static struct flagged_notes notes;
static struct pair_story story;
static char got[4096];
static size_t n_got;

static void open_pair(void)
{
	pair_ready();
	memset(&story, 0, sizeof(story));
	n_got = 0;
}

/* Every request is over and nothing is owed. */
static void all_over(unsigned n)
{
	pair_collect(&story);
	flagged_take(&notes);
	ck_assert_uint_eq(story.n, n);
	for (unsigned i = 0; i < n; i++)
		ck_assert_uint_eq(story.out[i], sizeof(ANSWER) - 1);
	ck_assert_uint_eq(atomic_load(&rp_n_answers), 0);
	ck_assert_uint_eq(atomic_load(&rp_followed), 0);
	ck_assert_uint_eq(atomic_load(&rp_conn_of(pair_fd)->marks), 0);
	pair_close();
}

/* Takes our lines out of what is out, which must be WANTED then; how many there were. */
static unsigned lines_in(const char *wanted)
{
	char *at = got;
	unsigned n = 0;

	got[n_got] = 0;
	while ((at = strstr(at, "X-Reqprof-Id: "))) {
		char *end = strstr(at, "\r\n\r\n");

		ck_assert_ptr_nonnull(end);
		ck_assert_ptr_eq(strstr(strstr(at, "\r\nServer-Timing: ttfb;dur=") + 2, "\r\n"),
		                 end);
		memmove(at, end + 2, strlen(end + 2) + 1);
		n++;
	}
	ck_assert_str_eq(got, wanted);
	return n;
}

static void receive(void)
{
	ssize_t n = recv(pair_peer, got, sizeof(got) - 1, MSG_DONTWAIT);

	n_got = n > 0 ? (size_t)n : 0;
}

START_TEST(answers_of_one_call_have_each_their_own)
{
	static const char all[] = ANSWER ANSWER ANSWER ANSWER;
	struct iovec iov[sizeof(all)];
	ssize_t put = 0;
	size_t n_iov = 0, step = (size_t)_i;

	open_pair();
	pair_heard(FLAGGED PLAIN FLAGGED PLAIN);
	for (size_t at = 0; at < sizeof(all) - 1; at += step, n_iov++)
		iov[n_iov] =
		        (struct iovec){(void *)(uintptr_t)(all + at),
		                       sizeof(all) - 1 - at < step ? sizeof(all) - 1 - at : step};
	ck_assert(rp_offer_wanted(pair_fd));
	ck_assert(rp_offer_iov(pair_fd, iov, n_iov, 0, &put));
	ck_assert_int_eq(put, sizeof(all) - 1);
	receive();
	ck_assert_uint_eq(lines_in(all), 2);
	ck_assert(!rp_offer_wanted(pair_fd));
	all_over(2);
}
END_TEST

START_TEST(a_plain_answer_before_is_the_hosts_own_call)
{
	ssize_t put;

	open_pair();
	pair_heard(PLAIN FLAGGED);
	ck_assert(rp_offer_wanted(pair_fd));
	ck_assert(!rp_offer_bytes(pair_fd, ANSWER, sizeof(ANSWER) - 1, 0, &put));
	pair_said(ANSWER);
	ck_assert(rp_offer_bytes(pair_fd, ANSWER, sizeof(ANSWER) - 1, 0, &put));
	ck_assert_int_eq(put, sizeof(ANSWER) - 1);
	receive();
	ck_assert_uint_eq(lines_in(ANSWER), 1);
	all_over(1);
}
END_TEST

/* Calls that go past us: what follows must not be taken for a head. */
START_TEST(what_passed_unseen_by_us_is_no_head_any_more)
{
	ssize_t put;

	open_pair();
	pair_heard(FLAGGED);
	pair_said("HTTP/1.1 200 OK\r\nContent-Length: 43\r\n\r\n");
	ck_assert(!rp_offer_wanted(pair_fd) ||
	          !rp_offer_bytes(pair_fd, ANSWER, sizeof(ANSWER) - 1, 0, &put));
	pair_close();
	pair_collect(&story);
	flagged_take(&notes);
}
END_TEST

START_TEST(off_is_off)
{
	open_pair();
	rp_settings.headers_off = true;
	pair_heard(FLAGGED);
	ck_assert(!rp_offer_wanted(pair_fd));
	rp_settings.headers_off = false;
	pair_said(ANSWER);
	all_over(1);
}
END_TEST

/* ---- TLS ------------------------------------------------------------------------------------- */

/* A library: refuses when its bits say so, takes at most MOST bytes, and must be asked again with
 * the same bytes, as OpenSSL wants it. */
static struct {
	unsigned bits, n_asked;
	size_t most, n_refused;
	char refused[1024];
} library;

static long give(const struct rp_heads_call *call, const void *buf, size_t n, size_t *put)
{
	(void)call;
	ck_assert_uint_gt(n, 0);
	ck_assert_uint_ge(n, library.n_refused);
	ck_assert(memcmp(buf, library.refused, library.n_refused) == 0);
	library.n_refused = 0;
	*put = 0;
	if (library.bits >> library.n_asked++ % 8 & 1) {
		memcpy(library.refused, buf, n);
		library.n_refused = n;
		return -1;
	}
	*put = n < library.most ? n : library.most;
	memcpy(got + n_got, buf, *put);
	n_got += *put;
	return (long)*put;
}

/* The host's own loop: as long as it is told "again" it comes with the same. */
static void write_all(const char *bytes, size_t n, bool pieces)
{
	const struct rp_heads_call call = {give, NULL, pieces};

	for (unsigned i = 0; n && i < 10000; i++) {
		size_t put = 0;
		long word = rp_offer_wanted(pair_fd) ? rp_heads_tls(pair_fd, bytes, n, &call, &put)
		                                     : give(&call, bytes, n, &put);

		ck_assert_uint_le(put, n);
		ck_assert(put || word == -1);
		if (put && put < n)
			ck_assert(pieces || library.most < SIZE_MAX);
		bytes += put;
		n -= put;
	}
	ck_assert_uint_eq(n, 0);
}

static void over_tls(const char *answer, unsigned bits, size_t most, bool pieces)
{
	struct rp_conn *c;

	open_pair();
	memset(&library, 0, sizeof(library));
	library.bits = bits;
	library.most = most;
	pair_heard(FLAGGED);
	c = rp_conn_of(pair_fd);
	c->layer = RP_LAYER_TLS;
	write_all(answer, strlen(answer), pieces);
	ck_assert_uint_eq(lines_in(answer), 1);
	pair_close();
	pair_collect(&story);
	flagged_take(&notes);
	ck_assert_uint_eq(atomic_load(&rp_n_answers), 0);
}

START_TEST(a_library_that_refuses_hears_the_same_again)
{
	static const size_t most[] = {SIZE_MAX, 300, 20, 3};

	for (unsigned bits = 0; bits < 255; bits++)
		over_tls(ANSWER, bits, most[_i / 2], _i % 2);
}
END_TEST

START_TEST(bytes_that_are_owed_go_with_the_connection)
{
	const struct rp_heads_call call = {give, NULL, false};
	size_t put = 1;

	open_pair();
	memset(&library, 0, sizeof(library));
	library.bits = 2; /* the host's bytes before the lines go, the lines do not */
	library.most = SIZE_MAX;
	pair_heard(FLAGGED);
	rp_conn_of(pair_fd)->layer = RP_LAYER_TLS;
	ck_assert_int_eq(rp_heads_tls(pair_fd, ANSWER, sizeof(ANSWER) - 1, &call, &put), -1);
	ck_assert_uint_eq(put, 0);
	ck_assert_uint_eq(n_got, sizeof(HEAD) - 1);
	ck_assert_uint_eq(atomic_load(&rp_n_answers), 1);
	pair_close();
	pair_collect(&story);
	flagged_take(&notes);
	ck_assert_uint_eq(atomic_load(&rp_n_answers), 0);
	ck_assert_uint_eq(atomic_load(&rp_followed), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("heads");
	TCase *tc = tcase_create("heads");

	tcase_add_loop_test(tc, answers_of_one_call_have_each_their_own, 1, 70);
	tcase_add_test(tc, a_plain_answer_before_is_the_hosts_own_call);
	tcase_add_test(tc, what_passed_unseen_by_us_is_no_head_any_more);
	tcase_add_test(tc, off_is_off);
	tcase_add_loop_test(tc, a_library_that_refuses_hears_the_same_again, 0, 8);
	tcase_add_test(tc, bytes_that_are_owed_go_with_the_connection);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
