/* test_delim_glance.c - a glance sees what the delimiter sees, or leaves it to it.
 *
 * Room: tests.  Every input lies against an unmapped page.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/delim_glance.h"

#include <stdio.h>
#include <string.h>
#include "tests/support/glance.h"
#include "tests/support/guard.h"
#include "tests/support/suite.h"

#define BROWSER                                                                                    \
	"Host: localhost:8080\r\nConnection: keep-alive\r\nUpgrade-Insecure-Requests: 1\r\n"       \
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "      \
	"Chrome/120.0.0.0 Safari/537.36\r\nAccept: text/html,*/*;q=0.8\r\n"                        \
	"X-Requested-With: XMLHttpRequest\r\nCookie: a=b; theme=light1\r\n"                        \
	"Traceparent: 00-1-2-01\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n"

struct message {
	const char *bytes;
	size_t n, n_unseen;
};
#define M(bytes)                                                                                   \
	{                                                                                          \
		bytes, sizeof(bytes) - 1, 0                                                        \
	}
#define M_AND(bytes, more)                                                                         \
	{                                                                                          \
		bytes, sizeof(bytes) - 1, more                                                     \
	}

static const struct message usual_requests[] = {
        M("GET / HTTP/1.1\r\n\r\n"),
        M("GET /file.html HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n"),
        M("GET /a/rather/long/path/that/does/not/end/within/the/first/64/bytes?with=a&query=too "
          "HTTP/1.0\r\n\r\n"),
        M("GET /index.html HTTP/1.1\r\n" BROWSER),
        M("POST /form HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"),
        M("POST /form HTTP/1.1\r\ncontent-length:500\r\nContent-Type: text/plain\r\n\r\nhello"),
        M("POST /form HTTP/1.1\r\nCONTENT-LENGTH: 123456789012345678\r\n" BROWSER),
        M("POST /none HTTP/1.1\r\nContent-Length: 0\r\nX-Reqq: 1\r\n\r\n"),
        M("GET /b HTTP/1.1\r\nX-Re:1\r\nCont: 1\r\nContinue: 1\r\nA:\r\n\r\n"),
};

static const struct message rare_requests[] = {
        M(""),
        M("GET / HTTP/1.1\n\n"),
        M("GET /a HTTP/1.1\r\nHost: h\r\n"),
        M("GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n"),
        M("GET /a HTTP/1.1\r\nX-Reqprof: 1\r\n\r\n"),
        M("GET /a HTTP/1.1\r\nx-reqPROF:1\r\n\r\n"),
        M("GET /a HTTP/1.1\r\nA: b\r\n c\r\n\r\n"),
        M("GET  /two HTTP/1.1\r\n\r\n"),
        M("GET /two  HTTP/1.1\r\n\r\n"),
        M("GET /v HTTP/2.0\r\n\r\n"),
        M("HEAD /h HTTP/1.1\r\n\r\n"),
        M("POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"),
        M("POST /c HTTP/1.1\r\nContent-Length : 5\r\n\r\n"),
        M("POST /c HTTP/1.1\r\nContent-Length: 5 \r\n\r\n"),
        M("POST /c HTTP/1.1\r\nContent-Length: 5, 5\r\n\r\n"),
        M("POST /c HTTP/1.1\r\nContent-Length: 1234567890123456789\r\n\r\n"),
        M("POST /c HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n"),
        M("POST /c HTTP/1.1\r\nContent-Length: 2\r\n\r\nabc"),
        M("POST/c HTTP/1.1\r\nContent-Length: 2\r\n\r\n"),
};

static const struct message usual_responses[] = {
        M("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n"),
        M("HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sun, 22 Nov 2026 19:00:00 GMT\r\n"
          "Content-Type: text/html\r\nContent-Length: 10\r\nETag: \"637d1a-264\"\r\n"
          "Last-Modified: Sun, 22 Nov 2026 18:00:00 GMT\r\nConnection: keep-alive\r\n"
          "Accept-Ranges: bytes\r\n\r\n0123456789"),
        M("HTTP/1.0 404 Not Found\r\nX-Request-Id: 1\r\nContent-Length:0\r\n\r\n"),
        M("HTTP/1.1 304 Not Modified\r\nETag: \"637d1a-264\"\r\n\r\n"),
        M("HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n"),
        M("HTTP/1.1 500 No\r\nContent-Length: 6144\r\n\r\nabc"),
        M_AND("HTTP/1.1 200 OK\r\nContent-Length: 6144\r\n\r\n", 6144),
        M_AND("HTTP/1.1 200 OK\r\nContent-Length: 6144\r\n\r\na", 6000),
};

static const struct message rare_responses[] = {
        M(""),
        M("HTTP/1.1 200 OK\r\n\r\nuntil the end"),
        M("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
        M("HTTP/1.1 100 Continue\r\nA: b\r\n\r\n"),
        M("HTTP/1.1 101 Switching Protocols\r\nContent-Length: 0\r\n\r\n"),
        M("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"),
        M("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"),
        M("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nHTTP/1.1 200 OK"),
        M("HTTP/1.1 200 OK\nContent-Length: 0\n\n"),
        M("HTTP/2.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        M("HTTP/1.1 999x OK\r\nContent-Length: 0\r\n\r\n"),
        M("HTTP/1.1 20x OK\r\nContent-Length: 0\r\n\r\n"),
        M_AND("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", 4),
        M_AND("HTTP/1.1 204 No Content\r\n\r\n", 1),
};

static enum glance_verdict ask(const struct message *m, bool response, size_t n)
{
	const char *bytes = guard_put(0, m->bytes, n);

	return response ? glance_response(bytes, n, m->n_unseen) : glance_request(bytes, n);
}

#define CHECK_ALL(messages, response, wanted)                                                      \
	for (size_t i = 0; i < sizeof(messages) / sizeof(*(messages)); i++)                        \
	ck_assert_msg(ask(&(messages)[i], response, (messages)[i].n) == (wanted), "%s",            \
	              (messages)[i].bytes)

START_TEST(what_is_usual_is_seen)
{
	CHECK_ALL(usual_requests, false, GLANCE_SEEN);
	CHECK_ALL(usual_responses, true, GLANCE_SEEN);
}
END_TEST

START_TEST(what_is_rare_is_left)
{
	CHECK_ALL(rare_requests, false, GLANCE_LEFT);
	CHECK_ALL(rare_responses, true, GLANCE_LEFT);
}
END_TEST

/* Cut anywhere; and with any of these bytes in any place. */
static void disturb(const struct message *m, bool response)
{
	static const char signs[] = "\r\n\t :?x0-c,\0\x7f\xff";
	char bytes[1024];
	struct message other = {bytes, m->n, m->n_unseen};

	ck_assert_uint_le(m->n, sizeof(bytes));
	for (size_t n = 0; n <= m->n; n++)
		ck_assert_msg(ask(m, response, n) != GLANCE_WRONG, "%zu of %s", n, m->bytes);
	for (size_t at = 0; at < m->n; at++)
		for (size_t s = 0; s < sizeof(signs); s++) {
			memcpy(bytes, m->bytes, m->n);
			bytes[at] = signs[s];
			ck_assert_msg(ask(&other, response, m->n) != GLANCE_WRONG,
			              "%zu is %d in %s", at, signs[s], m->bytes);
		}
}

#define DISTURB_ALL(messages, response)                                                            \
	for (size_t i = 0; i < sizeof(messages) / sizeof(*(messages)); i++)                        \
	disturb(&(messages)[i], response)

START_TEST(no_byte_anywhere_makes_it_say_otherwise_than_the_delimiter)
{
	DISTURB_ALL(usual_requests, false);
	DISTURB_ALL(rare_requests, false);
	DISTURB_ALL(usual_responses, true);
	DISTURB_ALL(rare_responses, true);
}
END_TEST

/* Line ends come to lie at every place of the blocks that are read at once. */
START_TEST(heads_of_every_length_are_seen)
{
	char bytes[700];

	for (size_t n_target = 1; n_target < 300; n_target++)
		for (size_t n_host = 0; n_host < 300; n_host += 7) {
			int n = snprintf(bytes, sizeof(bytes),
			                 "GET /%0*d HTTP/1.1\r\nHost: %0*d\r\n\r\n", (int)n_target,
			                 0, (int)n_host, 0);

			ck_assert_int_eq(glance_request(guard_put(0, bytes, (size_t)n), (size_t)n),
			                 GLANCE_SEEN);
		}
}
END_TEST

START_TEST(a_head_of_64_kib_is_the_longest)
{
	static char bytes[RP_HEAD_MAX + 1];
	size_t n = RP_HEAD_MAX;

	for (size_t more = 0; more < 2; more++) {
		memset(bytes, 'a', sizeof(bytes));
		memcpy(bytes, "GET / HTTP/1.1\r\nA: ", 19);
		memcpy(bytes + n + more - 4, "\r\n\r\n", 4);
		ck_assert_int_eq(glance_request(guard_put(0, bytes, n + more), n + more),
		                 more ? GLANCE_LEFT : GLANCE_SEEN);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("delim_glance");
	TCase *tcase = tcase_create("glance");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, what_is_usual_is_seen);
	tcase_add_test(tcase, what_is_rare_is_left);
	tcase_add_test(tcase, no_byte_anywhere_makes_it_say_otherwise_than_the_delimiter);
	tcase_add_test(tcase, heads_of_every_length_are_seen);
	tcase_add_test(tcase, a_head_of_64_kib_is_the_longest);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
