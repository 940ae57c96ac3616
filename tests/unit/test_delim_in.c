/* test_delim_in.c - requests: where they begin and end, whatever the kernel cut.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/delim.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "tests/support/guard.h"
#include "tests/support/suite.h"
#include "tests/support/wire.h"

#define CASE(name, wire, said)                                                                     \
	{                                                                                          \
		name, wire, sizeof(wire) - 1, said, NULL, 0                                        \
	}
#define GET "HEAD m=GET t=/ p=HTTP/1.1"

static const struct wire_case cases[] = {
        CASE("a plain request", "GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n",
             "HEAD m=GET t=/a?b=c p=HTTP/1.1 host=x@32\nBODY@32\n"),
        CASE("bare line feeds", "GET / HTTP/1.1\nHost:x\n\n", GET " host=x@23\nBODY@23\n"),
        CASE("mixed line ends", "GET / HTTP/1.1\r\nHost:x\n\r\n", GET " host=x@25\nBODY@25\n"),
        CASE("empty lines before", "\r\n\n\r\nGET / HTTP/1.1\r\n\r\n", GET "@23\nBODY@23\n"),
        CASE("only empty lines", "\r\n\r\n", ""),
        CASE("an unfinished head", "GET / HTTP/1.1\r\nHost: x\r\n", ""),
        CASE("absolute form", "GET http://h:1/p?q HTTP/1.1\r\n\r\n",
             "HEAD m=GET t=http://h:1/p?q p=HTTP/1.1@31\nBODY@31\n"),
        CASE("asterisk", "OPTIONS * HTTP/1.1\r\n\r\n",
             "HEAD m=OPTIONS t=* p=HTTP/1.1@22\nBODY@22\n"),
        CASE("more blanks than one", "GET  /  HTTP/1.1 \r\n\r\n", GET "@21\nBODY@21\n"),
        CASE("HTTP/1.0 closes", "GET / HTTP/1.0\r\n\r\n",
             "HEAD m=GET t=/ p=HTTP/1.0 close@18\nBODY@18\n"),
        CASE("HTTP/1.0 kept alive", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
             "HEAD m=GET t=/ p=HTTP/1.0@42\nBODY@42\n"),
        CASE("close among others", "GET / HTTP/1.1\r\nConnection: te, CLOSE\r\n\r\n",
             GET " close@41\nBODY@41\n"),
        CASE("not quite close", "GET / HTTP/1.1\r\nConnection: closed\r\n\r\n",
             GET "@38\nBODY@38\n"),
        CASE("HEAD", "HEAD / HTTP/1.1\r\n\r\n", "HEAD m=HEAD t=/ p=HTTP/1.1 head@19\nBODY@19\n"),
        CASE("CONNECT has no body", "CONNECT h:1 HTTP/1.1\r\nContent-Length: 5\r\n\r\n",
             "HEAD m=CONNECT t=h:1 p=HTTP/1.1 connect@43\nBODY@43\n"),
        CASE("Upgrade", "GET / HTTP/1.1\r\nUPGRADE: websocket\r\n\r\n",
             GET " upgrade@38\nBODY@38\n"),
        CASE("Upgrade-Insecure-Requests is no upgrade",
             "GET / HTTP/1.1\r\nUpgrade-Insecure-Requests: 1\r\n\r\n", GET "@48\nBODY@48\n"),
        CASE("Expect", "PUT / HTTP/1.1\r\nexpect: 100-Continue\r\nContent-Length: 2\r\n\r\nab",
             "HEAD m=PUT t=/ p=HTTP/1.1 expect body=2@59\nBODY@61\n"),
        CASE("the trigger and the trace",
             "GET / HTTP/1.1\r\nx-ReqProf: \tsave; tag=a \r\nTraceparent:00-1-2-01\r\n\r\n",
             GET " trigger=save; tag=a trace=00-1-2-01@67\nBODY@67\n"),
        CASE("an empty trigger", "GET / HTTP/1.1\r\nX-Reqprof:\r\n\r\n",
             GET " trigger=@30\nBODY@30\n"),
        CASE("the first of two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
             GET " host=a@36\nBODY@36\n"),
        CASE("a folded header", "GET / HTTP/1.1\r\nX-Reqprof: 1;\r\n tag=x\r\nHost: h\r\n\r\n",
             GET " host=h trigger=1;\r\n tag=x@50\nBODY@50\n"),
        CASE("a fold does not begin a header",
             "GET / HTTP/1.1\r\nA: b\r\n Content-Length: 5\r\n\r\n", GET "@44\nBODY@44\n"),
        CASE("a folded length", "PUT / HTTP/1.1\r\nContent-Length:\r\n  3\r\n\r\nabc",
             "HEAD m=PUT t=/ p=HTTP/1.1 body=3@40\nBODY@43\n"),
        CASE("a fold of blanks only", "GET / HTTP/1.1\r\nA: b\r\n \r\n\r\n", GET "@27\nBODY@27\n"),
        CASE("Forwarded", "GET / HTTP/1.1\r\nforwarded: for=x\r\n\r\n",
             GET " forwarded@36\nBODY@36\n"),
        CASE("X-Forwarded-For", "GET / HTTP/1.1\r\nX-FORWARDED-For: x\r\n\r\n",
             GET " forwarded for=x@38\nBODY@38\n"),
        CASE("the last X-Forwarded-For",
             "GET / HTTP/1.1\r\nX-Forwarded-For: x, y\r\nx-forwarded-for:z\r\n\r\n"
             "GET / HTTP/1.1\r\nX-Forwarded-Forth: x\r\n\r\n",
             GET " forwarded for=z@60\nBODY@60\n" GET " forwarded@100\nBODY@100\n"),
        CASE("X-Real-IP", "GET / HTTP/1.1\r\nX-Real-Ip: x\r\n\r\n", GET " forwarded@32\nBODY@32\n"),
        CASE("Via", "GET / HTTP/1.1\r\nvia: x\r\n\r\n", GET " forwarded@26\nBODY@26\n"),
        CASE("a header like them", "GET / HTTP/1.1\r\nX-Forward: 1\r\nViable: x\r\n\r\n",
             GET "@43\nBODY@43\n"),
        CASE("a length", "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
             "HEAD m=POST t=/ p=HTTP/1.1 body=5@38\nBODY@43\n"),
        CASE("a length of none", "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
             "HEAD m=POST t=/ p=HTTP/1.1@38\nBODY@38\n"),
        CASE("equal lengths",
             "POST / HTTP/1.1\r\nContent-Length: 2\r\ncontent-length:2,2\r\n\r\nab",
             "HEAD m=POST t=/ p=HTTP/1.1 body=2@58\nBODY@60\n"),
        CASE("three at once",
             "GET /1 HTTP/1.1\r\n\r\nPOST /2 HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"
             "GET /3 HTTP/1.1\r\n\r\n",
             "HEAD m=GET t=/1 p=HTTP/1.1@19\nBODY@19\n"
             "HEAD m=POST t=/2 p=HTTP/1.1 body=3@58\nBODY@61\n"
             "HEAD m=GET t=/3 p=HTTP/1.1@80\nBODY@80\n"),
        CASE("chunks",
             "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA\r\n"
             "0123456789\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
             "HEAD m=PUT t=/ p=HTTP/1.1 chunked@46\nBODY@76\n" GET "@94\nBODY@94\n"),
        CASE("chunks with extensions and trailers",
             "PUT / HTTP/1.1\r\ntransfer-encoding:Chunked\r\n\r\n"
             "003 ;a=\"b\"\r\n\r\n0\r\n00;x\r\nTrailer: 1\r\nT2: 2\r\n\r\n",
             "HEAD m=PUT t=/ p=HTTP/1.1 chunked@45\nBODY@89\n"),
        CASE("chunks with bare line feeds",
             "PUT / HTTP/1.1\nTransfer-Encoding: chunked\n\n1\na\n0\nT: 1\n\n",
             "HEAD m=PUT t=/ p=HTTP/1.1 chunked@43\nBODY@55\n"),
        CASE("chunked after another coding",
             "PUT / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
             "HEAD m=PUT t=/ p=HTTP/1.1 chunked@52\nBODY@57\n"),
};

/* Only the end matters here: these give OPAQUE and nothing else. */
static const struct wire_case refused[] = {
        CASE("a TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "OPAQUE\n"),
        CASE("the HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0", "H2@24\n"),
        CASE("not quite that", "PRI * HTTP/2.0\r\n\r\nSX\r\n\r\n", "OPAQUE\n"),
        CASE("HTTP/2 behind HTTP/1", "GET / HTTP/1.1\r\n\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
             GET "@18\nBODY@18\nOPAQUE\n"),
        CASE("a RESP command", "*1\r\n$4\r\nPING\r\n", "OPAQUE\n"),
        CASE("a memcached get", "get key\r\n", "OPAQUE\n"),
        CASE("an SMTP hello", "EHLO example.org\r\n", "OPAQUE\n"),
        CASE("an SSH banner", "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "OPAQUE\n"),
        CASE("HTTP/0.9", "GET /\r\n", "OPAQUE\n"),
        CASE("HTTP/2.0 in the line", "GET / HTTP/2.0\r\n\r\n", "OPAQUE\n"),
        CASE("a blank first", " GET / HTTP/1.1\r\n\r\n", "OPAQUE\n"),
        CASE("no target", "GET HTTP/1.1\r\n\r\n", "OPAQUE\n"),
        CASE("only blanks for a target", "GET   HTTP/1.1\r\n\r\n", "OPAQUE\n"),
        CASE("a method of 21 bytes", "ABCDEFGHIJKLMNOPQRSTU / HTTP/1.1\r\n\r\n", "OPAQUE\n"),
        CASE("a NUL in the method", "GE\0T / HTTP/1.1\r\n\r\n", "OPAQUE\n"),
        CASE("different lengths",
             "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "OPAQUE\n"),
        CASE("a signed length", "GET / HTTP/1.1\r\nContent-Length: +1\r\n\r\n", "OPAQUE\n"),
        CASE("an empty length", "GET / HTTP/1.1\r\nContent-Length:\r\n\r\n", "OPAQUE\n"),
        CASE("a length in hexadecimal", "GET / HTTP/1.1\r\nContent-Length: 0x1\r\n\r\n",
             "OPAQUE\n"),
        CASE("a length beyond 2^63",
             "GET / HTTP/1.1\r\nContent-Length: 9223372036854775808\r\n\r\n", "OPAQUE\n"),
        CASE("a blank before the colon", "GET / HTTP/1.1\r\nContent-Length : 1\r\n\r\n",
             "OPAQUE\n"),
        CASE("length and chunks",
             "GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
             "OPAQUE\n"),
        CASE("chunks in HTTP/1.0", "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
             "OPAQUE\n"),
        CASE("chunked not last", "GET / HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
             "OPAQUE\n"),
        CASE("another coding", "GET / HTTP/1.1\r\nTransfer-Encoding: identity\r\n\r\n", "OPAQUE\n"),
        CASE("chunked twice",
             "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
             "OPAQUE\n"),
};

#define CHUNKED      "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
#define CHUNKED_SAID "HEAD m=PUT t=/ p=HTTP/1.1 chunked@46\n"

static const struct wire_case lost[] = {
        CASE("a size that is none", CHUNKED "x\r\n", CHUNKED_SAID "OPAQUE\n"),
        CASE("a size with a sign", CHUNKED "-1\r\n", CHUNKED_SAID "OPAQUE\n"),
        CASE("no size", CHUNKED "\r\n", CHUNKED_SAID "OPAQUE\n"),
        CASE("a size of 16 digits", CHUNKED "0000000000000001\r\n", CHUNKED_SAID "OPAQUE\n"),
        CASE("data beyond the size", CHUNKED "1\r\nab\r\n", CHUNKED_SAID "OPAQUE\n"),
        CASE("a lone return after data", CHUNKED "1\r\na\rb", CHUNKED_SAID "OPAQUE\n"),
        CASE("rubbish after a body", "GET / HTTP/1.1\r\n\r\n\x01", GET "@18\nBODY@18\nOPAQUE\n"),
};

static struct wire w;

static void check_cuts(const struct wire_case *c)
{
	bool same = wire_cut_everywhere(&w, wire_request, c);

	ck_assert_msg(same, "%s\n-- wanted\n%s-- got\n%s", c->name, c->said, w.said);
}

START_TEST(same_answer_wherever_the_wire_is_cut)
{
	check_cuts(&cases[_i]);
}
END_TEST

START_TEST(what_cannot_be_followed_is_given_up)
{
	check_cuts(&refused[_i]);
}
END_TEST

START_TEST(a_lost_border_ends_it)
{
	check_cuts(&lost[_i]);
}
END_TEST

/* The connection of another protocol must not even cost it a buffer. */
START_TEST(other_protocols_are_given_up_at_their_first_bytes)
{
	static const struct {
		const char *bytes;
		size_t n;
	} first[] = {{"\x16", 1},     {"\0", 1},
	             {"PRI ", 4},     {"*1\r", 3},
	             {"{", 1},        {" ", 1},
	             {"A:", 2},       {"get k\n", 6},
	             {"\x80\x01", 2}, {"ABCDEFGHIJKLMNOPQRSTU", 21}};

	for (size_t i = 0; i < sizeof(first) / sizeof(*first); i++) {
		wire_open(&w);
		w.no_buffer = true;
		wire_request(&w, first[i].bytes, first[i].n);
		ck_assert_msg(w.over, "case %zu", i);
		ck_assert_uint_eq(w.at, 0);
	}
}
END_TEST

static char big[2 * RP_HEAD_MAX];

/* A head of exactly N bytes. */
static void make_head(size_t n)
{
	memset(big, 'a', sizeof(big));
	memcpy(big, "GET / HTTP/1.1\r\nX: ", 19);
	memcpy(big + n - 4, "\r\n\r\n", 4);
}

/* Feeds N bytes in pieces of PIECE. */
static void feed_pieces(size_t n, size_t piece)
{
	wire_open(&w);
	for (size_t at = 0; at < n; at += piece)
		wire_request(&w, big + at, n - at < piece ? n - at : piece);
}

START_TEST(a_head_of_64_kib_is_the_longest)
{
	static const size_t pieces[] = {sizeof(big), RP_HEAD_MAX, RP_HEAD_MAX - 1, 4096, 1000, 1};
	size_t piece = pieces[_i];

	make_head(RP_HEAD_MAX);
	feed_pieces(RP_HEAD_MAX, piece);
	ck_assert_str_eq(w.said, GET "@65536\nBODY@65536\n");
	make_head(RP_HEAD_MAX + 1);
	feed_pieces(RP_HEAD_MAX + 1, piece);
	ck_assert_str_eq(w.said, "OPAQUE\n");
	memset(big, 'a', sizeof(big));
	memcpy(big, "GET /", 5);
	feed_pieces(sizeof(big), piece);
	ck_assert_str_eq(w.said, "OPAQUE\n");
}
END_TEST

START_TEST(without_a_buffer_a_cut_head_is_given_up)
{
	wire_open(&w);
	w.no_buffer = true;
	wire_request(&w, "GET / HTTP/1.1\r\n\r\nGET /", 23);
	ck_assert_str_eq(w.said, GET "@18\nBODY@18\nOPAQUE\n");
}
END_TEST

START_TEST(the_beginning_is_told_once_when_a_head_is_cut)
{
	static const char wire[] = "GET / HTTP/1.1\r\n\r\n";
	struct rp_delim_in d = {0};
	struct rp_head head;
	bool want_kept;

	for (size_t i = 0; i < sizeof(wire) - 1; i++) {
		const char *at = wire + i;
		size_t n = 1;
		enum rp_in_event event = rp_delim_in_feed(&d, &at, &n, w.kept, &want_kept, &head);

		ck_assert_int_eq(event, i == 0                  ? RP_IN_BEGIN
		                        : i == sizeof(wire) - 2 ? RP_IN_HEAD
		                                                : RP_IN_MORE);
	}
	const char *none = wire;
	size_t n = 0;

	ck_assert_uint_eq(d.n_kept, sizeof(wire) - 1);
	ck_assert_int_eq(rp_delim_in_feed(&d, &none, &n, NULL, &want_kept, &head), RP_IN_BODY);
	ck_assert_uint_eq(d.n_kept, 0);
	ck_assert_int_eq(rp_delim_in_feed(&d, &none, &n, NULL, &want_kept, &head), RP_IN_MORE);
}
END_TEST

START_TEST(a_whole_head_is_not_copied)
{
	static const char wire[] = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";
	const char *bytes = wire;
	size_t n = sizeof(wire) - 1;
	struct rp_delim_in d = {0};
	struct rp_head head;
	bool want_kept;

	ck_assert_int_eq(rp_delim_in_feed(&d, &bytes, &n, NULL, &want_kept, &head), RP_IN_HEAD);
	ck_assert_ptr_eq(head.target.at, wire + 4);
	ck_assert_ptr_eq(head.host.at, wire + 23);
	ck_assert(!want_kept);
	ck_assert_uint_eq(d.n_kept, 0);
}
END_TEST

START_TEST(a_body_of_terabytes_is_counted)
{
	static const char head[] = "PUT / HTTP/1.1\r\nContent-Length: 5497558138880\r\n\r\n";

	wire_open(&w);
	wire_request(&w, head, sizeof(head) - 1);
	memset(big, 'x', sizeof(big));
	wire_request(&w, big, sizeof(big));
	ck_assert_str_eq(w.said, "HEAD m=PUT t=/ p=HTTP/1.1 body=5497558138880@49\n");
	ck_assert_uint_eq(w.in.left, 5497558138880 - sizeof(big));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("delim_in");
	TCase *tcase = tcase_create("requests");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, same_answer_wherever_the_wire_is_cut, 0,
	                    sizeof(cases) / sizeof(*cases));
	tcase_add_loop_test(tcase, what_cannot_be_followed_is_given_up, 0,
	                    sizeof(refused) / sizeof(*refused));
	tcase_add_loop_test(tcase, a_lost_border_ends_it, 0, sizeof(lost) / sizeof(*lost));
	tcase_add_test(tcase, other_protocols_are_given_up_at_their_first_bytes);
	tcase_add_loop_test(tcase, a_head_of_64_kib_is_the_longest, 0, 6);
	tcase_add_test(tcase, without_a_buffer_a_cut_head_is_given_up);
	tcase_add_test(tcase, the_beginning_is_told_once_when_a_head_is_cut);
	tcase_add_test(tcase, a_whole_head_is_not_copied);
	tcase_add_test(tcase, a_body_of_terabytes_is_counted);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
