/* test_delim_wires.c - SCGI, uwsgi, the PROXY preface, and CGI's answers, however cut.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/delim_wires.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "tests/support/gateway.h"
#include "tests/support/suite.h"
#include "tests/support/wire.h"

static struct wire w;
static struct gateway g;
static char wanted[4096];

/* As printf into one text that lasts until the next call. */
#define SAID(...) (snprintf(wanted, sizeof(wanted), __VA_ARGS__), wanted)

static const char *const get[] = {"CONTENT_LENGTH",
                                  "0",
                                  "SCGI",
                                  "1",
                                  "REQUEST_METHOD",
                                  "GET",
                                  "REQUEST_URI",
                                  "/a?b=c",
                                  "QUERY_STRING",
                                  "b=c",
                                  "HTTP_X_REQPROF",
                                  "1",
                                  "REMOTE_ADDR",
                                  "2001:db8::1",
                                  NULL};
static const char *const post[] = {"CONTENT_LENGTH", "5",        "SCGI",     "1",
                                   "REQUEST_METHOD", "HEAD",     "HTTP_VIA", "x",
                                   "REMOTE_ADDR",    "10.0.0.1", NULL};

#define GET(p)                                                                                     \
	"HEAD m=GET t=/a?b=c q=b=c p=" p " trigger=1 peer=ip6.20.1.d.b8.0.0.0.0.0.0.0.0.0.0.0.1"
#define POST(p) "HEAD m=HEAD t=/ p=" p " forwarded head body=5 peer=ip4.a.0.0.1"

/* The stream in G gives SAID whatever its cuts; G is empty afterwards. */
static void says(const char *said)
{
	struct wire_case c = {.name = "", .bytes = g.bytes, .n = g.n, .said = said};
	bool same = wire_cut_everywhere(&w, wire_request, &c);

	ck_assert_msg(same, "-- wanted\n%s-- got\n%s", said, w.said);
	g.n = 0;
}

static void text_says(const char *text, size_t n, const char *said)
{
	gateway_bytes(&g, text, n);
	says(said);
}

#define TEXT_SAYS(text, said) text_says(text, sizeof(text) - 1, said)

START_TEST(scgi)
{
	gateway_scgi(&g, get);
	says(SAID(GET("SCGI") "@%zu\nBODY@%zu\n", g.n, g.n));
	gateway_scgi(&g, post);
	size_t head = g.n;

	gateway_bytes(&g, "12345", 5);
	says(SAID(POST("SCGI") "@%zu\nBODY@%zu\n", head, g.n));
}
END_TEST

START_TEST(uwsgi)
{
	static const unsigned char modifiers[] = {0, 5, 7, 9, 14};

	for (unsigned i = 0; i < sizeof(modifiers); i++) {
		gateway_uwsgi(&g, modifiers[i], get);
		says(SAID(GET("uwsgi") "@%zu\nBODY@%zu\n", g.n, g.n));
	}
	gateway_uwsgi(&g, 0, post);
	size_t head = g.n;

	gateway_bytes(&g, "12345", 5);
	says(SAID(POST("uwsgi") "@%zu\nBODY@%zu\n", head, g.n));
}
END_TEST

START_TEST(what_only_looks_like_them_is_given_up)
{
	static const char *const no_method[] = {"CONTENT_LENGTH", "0", "SCGI", "1", NULL};
	static const char *const bad_length[] = {"CONTENT_LENGTH", "1x", "REQUEST_METHOD", "GET",
	                                         NULL};

	gateway_scgi(&g, no_method);
	says("OPAQUE\n");
	gateway_uwsgi(&g, 0, no_method);
	says("OPAQUE\n");
	gateway_scgi(&g, bad_length);
	says("OPAQUE\n");
	gateway_scgi(&g, get);
	g.bytes[g.n - 1] = ';';
	says("OPAQUE\n");
	TEXT_SAYS("15:CONTENT_LENGTH\0,", "OPAQUE\n");
	TEXT_SAYS("20:CONTENT_LENGTH\0"
	          "0\0REQ,",
	          "OPAQUE\n");
	TEXT_SAYS("5:hello,", "OPAQUE\n");
	TEXT_SAYS("3:GET", "OPAQUE\n");
	TEXT_SAYS("123456:", "OPAQUE\n");
	TEXT_SAYS(":", "OPAQUE\n");
	TEXT_SAYS("\0\20\0\0\20\0ABCDEFGHIJKL\0\0", "OPAQUE\n");  /* a name that is too long */
	TEXT_SAYS("\0\10\0\0\3\0ABC\11\0d", "OPAQUE\n");          /* a value that is */
	TEXT_SAYS("\0\0\0\10\4\322\26\57", "OPAQUE\n");           /* Postgres: SSLRequest */
	TEXT_SAYS("\0\0\0\124\0\3\0\0user\0", "OPAQUE\n");        /* and its first message */
	TEXT_SAYS("\x17\3\3\0\2\0AB", "OPAQUE\n");                /* TLS, in the middle */
	TEXT_SAYS("\0\35\22\64\1\0\0\1\0\0\0\0\0\0", "OPAQUE\n"); /* DNS */
}
END_TEST

START_TEST(the_preface_names_whoever_comes_behind_it)
{
#define HTTP      "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
#define HTTP_SAID "HEAD m=GET t=/ p=HTTP/1.1 host=x@%d\nBODY@%d\n"
	static const struct {
		const char *line, *peer;
	} lines[] = {
	        {"PROXY TCP4 127.0.0.1 10.0.0.2 65535 80\r\n", " peer=ip4.7f.0.0.1:65535"},
	        {"PROXY TCP6 ::1 ::2 1 2\r\n", " peer=ip6.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1:1"},
	        {"PROXY UNKNOWN\r\n", " peer=unknown"},
	        {"PROXY UNKNOWN ::1 ::1 1 1\r\n", " peer=unknown:1"},
	        {"PROXY TCP4 who 10.0.0.2 1 80\r\n", " peer=unknown:1"},
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		int n = (int)strlen(lines[i].line), all = n + (int)sizeof(HTTP) - 1;

		gateway_bytes(&g, lines[i].line, (size_t)n);
		gateway_bytes(&g, HTTP, sizeof(HTTP) - 1);
		says(SAID("PEER%s@%d\n" HTTP_SAID, lines[i].peer, n, all, all));
	}
}
END_TEST

START_TEST(its_binary_form_as_well)
{
#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define PREFACE(bytes, peer)                                                                       \
	{                                                                                          \
		SIGNATURE bytes, sizeof(SIGNATURE bytes) - 1, peer                                 \
	}
	static const struct {
		const char *bytes;
		size_t n;
		const char *peer;
	} prefaces[] = {
	        PREFACE("\x21\x11\0\14\x7f\0\0\1\x0a\0\0\2\x12\x34\0\120",
	                " peer=ip4.7f.0.0.1:4660"),
	        PREFACE("\x21\x11\0\17\x7f\0\0\1\x0a\0\0\2\x12\x34\0\120\4\0\0",
	                " peer=ip4.7f.0.0.1:4660"),
	        PREFACE("\x21\x21\0\44\x20\1\0\0\0\0\0\0\0\0\0\0\0\0\0\1"
	                "0123456789abcdef\0\1\0\2",
	                " peer=ip6.20.1.0.0.0.0.0.0.0.0.0.0.0.0.0.1:1"),
	        PREFACE("\x21\x31\0\0", " peer=unix"),
	        PREFACE("\x21\x11\0\4\x7f\0\0\1", " peer=unknown"),
	        PREFACE("\x21\0\0\0", " peer=unknown"),
	        PREFACE("\x20\x11\0\14\x7f\0\0\1\x0a\0\0\2\0\1\0\2", ""),
	        PREFACE("\x20\0\0\0", ""),
	};

	for (size_t i = 0; i < sizeof(prefaces) / sizeof(*prefaces); i++) {
		int n = (int)prefaces[i].n, all = n + (int)sizeof(HTTP) - 1;

		gateway_bytes(&g, prefaces[i].bytes, (size_t)n);
		gateway_bytes(&g, HTTP, sizeof(HTTP) - 1);
		says(SAID("PEER%s@%d\n" HTTP_SAID, prefaces[i].peer, n, all, all));
	}
}
END_TEST

START_TEST(a_preface_comes_once_and_before_anything_else)
{
#define LINE "PROXY TCP4 10.0.0.1 10.0.0.2 1 80\r\n"
	TEXT_SAYS(LINE LINE, "PEER peer=ip4.a.0.0.1:1@35\nOPAQUE\n");
	TEXT_SAYS(HTTP LINE, SAID(HTTP_SAID "OPAQUE\n", 27, 27));
	TEXT_SAYS("PROXY TCP4 10.0.0.1\n", "OPAQUE\n");
	TEXT_SAYS("PROXY\r\n", "OPAQUE\n");
	TEXT_SAYS(
	        "PROXY TCP4 0123456789012345678901234567890123456789012345678901234567890123456789"
	        "0123456789012345678901234567890123456789\r\n",
	        "OPAQUE\n");
	TEXT_SAYS(SIGNATURE "\x11\0\0\0", "OPAQUE\n");
	TEXT_SAYS("\r\n\r\n\0\r\nQUIX\n\x21\0\0\0", "OPAQUE\n");
	TEXT_SAYS("PROXY /a HTTP/1.1\r\n\r\n", "HEAD m=PROXY t=/a p=HTTP/1.1@21\nBODY@21\n");
	TEXT_SAYS("PROPFIND /a HTTP/1.1\r\n\r\n", "HEAD m=PROPFIND t=/a p=HTTP/1.1@24\nBODY@24\n");
}
END_TEST

START_TEST(a_preface_may_stand_before_any_of_them)
{
	gateway_bytes(&g, LINE, sizeof(LINE) - 1);
	gateway_uwsgi(&g, 0, get);
	says(SAID("PEER peer=ip4.a.0.0.1:1@35\n" GET("uwsgi") "@%zu\nBODY@%zu\n", g.n, g.n));
	gateway_bytes(&g, LINE, sizeof(LINE) - 1);
	gateway_scgi(&g, get);
	says(SAID("PEER peer=ip4.a.0.0.1:1@35\n" GET("SCGI") "@%zu\nBODY@%zu\n", g.n, g.n));
	gateway_bytes(&g, LINE, sizeof(LINE) - 1);
	gateway_begin(&g, 1);
	gateway_params(&g, 1, 60, get);
	says(SAID("PEER peer=ip4.a.0.0.1:1@35\n" GET("FastCGI") "@%zu\nBODY@%zu\n", g.n, g.n));
}
END_TEST

/* One client named twice is that client; two are nobody whom the gate would know. */
START_TEST(who_is_named_twice)
{
	static const char *const same[] = {"REQUEST_METHOD", "GET",        "REMOTE_ADDR", "::1",
	                                   "REMOTE_ADDR",    "0:0:0::0:1", NULL};
	static const char *const two[] = {"REQUEST_METHOD", "GET",       "REMOTE_ADDR", "?",
	                                  "REMOTE_ADDR",    "127.0.0.1", NULL};

	gateway_uwsgi(&g, 0, same);
	says(SAID("HEAD m=GET t=/ p=uwsgi peer=ip6.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1@%zu\nBODY@%zu\n",
	          g.n, g.n));
	gateway_uwsgi(&g, 0, two);
	says(SAID("HEAD m=GET t=/ p=uwsgi forwarded peer=ip4.7f.0.0.1@%zu\nBODY@%zu\n", g.n, g.n));
}
END_TEST

START_TEST(proxies_are_seen_by_their_variables)
{
	static const char *const names[] = {"HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_VIA",
	                                    "HTTP_X_REAL_IP", "HTTP_X_FORWARDED_PROTO"};
	static const char *const others[] = {"HTTP_X_FORWARDED_", "HTTP_X_REAL", "X_REAL_IP",
	                                     "FORWARDED", "HTTP_VIAX"};

	for (unsigned i = 0; i < 5; i++) {
		const char *const by[] = {"REQUEST_METHOD", "GET", names[i], "x", NULL};
		const char *const direct[] = {"REQUEST_METHOD", "GET", others[i], "x", NULL};

		gateway_uwsgi(&g, 0, by);
		says(SAID("HEAD m=GET t=/ p=uwsgi forwarded%s peer=unknown@%zu\nBODY@%zu\n",
		          i == 1 ? " for=x" : "", g.n, g.n));
		gateway_uwsgi(&g, 0, direct);
		says(SAID("HEAD m=GET t=/ p=uwsgi peer=unknown@%zu\nBODY@%zu\n", g.n, g.n));
	}
}
END_TEST

#define CGI      RP_ASKED_CGI
#define CGI_HEAD RP_ASKED_CGI | RP_ASKED_HEAD
#define CASE(name, asked, bytes, said)                                                             \
	{                                                                                          \
		name, bytes, sizeof(bytes) - 1, said, (const unsigned char[]){asked}, 1            \
	}

static const struct wire_case answers[] = {
        CASE("CGI's head", CGI, "Status: 404 Not\r\nContent-Length: 2\r\n\r\nab",
             "FIRST\nSTATUS 404\nEND@40\n"),
        CASE("without a status", CGI, "Content-Length: 2\n\nab", "FIRST\nSTATUS 200\nEND@21\n"),
        CASE("its status last", CGI, "Content-Length: 0\r\nstatus:500\r\n\r\n",
             "FIRST\nSTATUS 500\nEND@33\n"),
        CASE("a place to go to", CGI, "Location: /\r\nContent-Length: 0\r\n\r\n",
             "FIRST\nSTATUS 302\nEND@34\n"),
        CASE("until it closes", CGI, "Content-Type: x\r\n\r\nabc", "FIRST\nSTATUS 200\n"),
        CASE("no status at all", CGI, "Status: ok\r\nContent-Length: 0\r\n\r\n",
             "FIRST\nSTATUS 200\nEND@33\n"),
        CASE("to HEAD", CGI_HEAD, "Status: 200\r\nContent-Length: 5\r\n\r\n",
             "FIRST\nSTATUS 200\nEND@34\n"),
        CASE("not modified", CGI, "Status: 304\r\n\r\n", "FIRST\nSTATUS 304\nEND@15\n"),
        CASE("chunked", CGI, "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
             "FIRST\nSTATUS 200\nEND@41\n"),
        CASE("a long line first", CGI,
             "X-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nStatus: 201\r\n"
             "Content-Length: 1\r\n\r\na",
             "FIRST\nSTATUS 201\nEND@94\n"),
        CASE("HTTP's head", CGI, "HTTP/1.1 403 No\r\nContent-Length: 3\r\n\r\nabc",
             "FIRST\nSTATUS 403\nEND@41\n"),
        CASE("HTTP's head until it closes", CGI, "HTTP/1.0 200 OK\r\nStatus: 404\r\n\r\nabc",
             "FIRST\nSTATUS 200\n"),
        CASE("an upgrade", CGI, "HTTP/1.1 101 Switching\r\n\r\n", "FIRST\nUPGRADED\n"),
        CASE("two lengths", CGI, "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
             "FIRST\nSTATUS 200\nOPAQUE\n"),
};

START_TEST(an_answer_has_cgis_head_or_https)
{
	const struct wire_case *c = &answers[_i];
	bool same = wire_cut_everywhere(&w, wire_response, c);

	ck_assert_msg(same, "%s\n-- wanted\n%s-- got\n%s", c->name, c->said, w.said);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("delim_wires");
	TCase *tcase = tcase_create("wires");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, scgi);
	tcase_add_test(tcase, uwsgi);
	tcase_add_test(tcase, what_only_looks_like_them_is_given_up);
	tcase_add_test(tcase, the_preface_names_whoever_comes_behind_it);
	tcase_add_test(tcase, its_binary_form_as_well);
	tcase_add_test(tcase, a_preface_comes_once_and_before_anything_else);
	tcase_add_test(tcase, a_preface_may_stand_before_any_of_them);
	tcase_add_test(tcase, who_is_named_twice);
	tcase_add_test(tcase, proxies_are_seen_by_their_variables);
	tcase_add_loop_test(tcase, an_answer_has_cgis_head_or_https, 0,
	                    sizeof(answers) / sizeof(*answers));
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
