/* test_delim_out.c - responses: first byte, status, last byte, whatever the server wrote at once.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/delim.h"

#include <stdint.h>
#include <string.h>
#include "tests/support/suite.h"
#include "tests/support/wire.h"

static const unsigned char head_asked[] = {RP_ASKED_HEAD}, connect_asked[] = {RP_ASKED_CONNECT};

#define CASE(name, wire, said)                                                                     \
	{                                                                                          \
		name, wire, sizeof(wire) - 1, said, NULL, 0                                        \
	}
#define ASKED(name, asked, wire, said)                                                             \
	{                                                                                          \
		name, wire, sizeof(wire) - 1, said, asked, 1                                       \
	}
#define OK  "FIRST\nSTATUS 200\n"
#define TEN "0123456789"

static const struct wire_case cases[] = {
        CASE("a length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", OK "END@43\n"),
        CASE("no body", "HTTP/1.1 200 OK\r\ncontent-length:0\r\n\r\n", OK "END@37\n"),
        CASE("a status without a reason", "HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n",
             "FIRST\nSTATUS 404\nEND@35\n"),
        CASE("a long reason", "HTTP/1.1 299 " TEN TEN TEN TEN TEN "\r\nContent-Length: 1\r\n\r\nx",
             "FIRST\nSTATUS 299\nEND@87\n"),
        CASE("bare line feeds", "HTTP/1.1 200 OK\nContent-Length: 1\n\nx", OK "END@36\n"),
        CASE("two in one write",
             "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 204 No\r\n\r\n",
             OK "END@39\nFIRST\nSTATUS 204\nEND@58\n"),
        CASE("204 has no body, whatever it says", "HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n",
             "FIRST\nSTATUS 204\nEND@38\n"),
        CASE("304 has no body", "HTTP/1.1 304 Not\r\nTransfer-Encoding: chunked\r\n\r\n",
             "FIRST\nSTATUS 304\nEND@48\n"),
        ASKED("the answer to HEAD has no body", head_asked,
              "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", OK "END@38\n"),
        CASE("100 is passed over",
             "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
             OK "END@63\n"),
        CASE("103 and 100 are passed over",
             "HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 100 C\r\nContent-Length: 7\r\n\r\n"
             "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
             OK "END@106\n"),
        CASE("101 upgrades", "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n\x81\x05hello",
             "FIRST\nUPGRADED\n"),
        ASKED("200 to CONNECT is a tunnel", connect_asked, "HTTP/1.1 200 OK\r\n\r\nanything",
              OK "UPGRADED\n"),
        ASKED("403 to CONNECT is an answer", connect_asked,
              "HTTP/1.1 403 No\r\nContent-Length: 1\r\n\r\nx", "FIRST\nSTATUS 403\nEND@39\n"),
        CASE("chunks",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
             "3\r\nabc\r\nb;x=y\r\nhello world\r\n0\r\nT: v\r\n\r\n",
             OK "END@86\n"),
        CASE("chunks without trailers",
             "HTTP/1.1 200 OK\r\nTRANSFER-ENCODING: gzip, chunked\r\n\r\n"
             "1\r\na\r\n0\r\n\r\nHTTP/1.1 204 N\r\n\r\n",
             OK "END@64\nFIRST\nSTATUS 204\nEND@82\n"),
        CASE("until close", "HTTP/1.1 200 OK\r\nServer: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", OK),
        CASE("HTTP/1.0 until close", "HTTP/1.0 200 OK\r\n\r\nhello", OK),
        CASE("HTTP/1.0 with a length", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
             OK "END@40\n"),
        CASE("equal lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
             OK "END@58\n"),
        CASE("a folded other header",
             "HTTP/1.1 200 OK\r\nX: a\r\n Content-Length: 9\r\nContent-Length: 1\r\n\r\nx",
             OK "END@65\n"),
        CASE("a long other header",
             "HTTP/1.1 200 OK\r\nCookie: " TEN TEN TEN TEN TEN TEN "\r\nContent-Length: 1\r\n\r\nx",
             OK "END@109\n"),
        CASE("empty lines between", "HTTP/1.1 204 N\r\n\r\n\r\nHTTP/1.1 204 N\r\n\r\n",
             "FIRST\nSTATUS 204\nEND@18\nFIRST\nSTATUS 204\nEND@38\n"),
        CASE("nothing yet", "\r\n", ""),
        CASE("not a response", "220 mail ESMTP\r\n", "OPAQUE\n"),
        CASE("nearly a response", "HTTP/2 200\r\n\r\n", "FIRST\nOPAQUE\n"),
        CASE("a status of two digits", "HTTP/1.1 20 OK\r\n\r\n", "FIRST\nOPAQUE\n"),
        CASE("a status of four digits", "HTTP/1.1 2000\r\n\r\n", "FIRST\nOPAQUE\n"),
        CASE("a status below 100", "HTTP/1.1 099 X\r\n\r\n", "FIRST\nOPAQUE\n"),
        CASE("different lengths",
             "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", OK "OPAQUE\n"),
        CASE("length and chunks",
             "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
             OK "OPAQUE\n"),
        CASE("chunks in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
             OK "OPAQUE\n"),
        CASE("a folded length", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n 2\r\n\r\n",
             OK "OPAQUE\n"),
        CASE("a length behind 40 blanks",
             "HTTP/1.1 200 OK\r\nContent-Length:                                         1\r\n\r\n",
             OK "OPAQUE\n"),
        CASE("a broken chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab",
             OK "OPAQUE\n"),
        CASE("rubbish behind the body", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab",
             OK "END@39\nOPAQUE\n"),
};

static struct wire w;

static void respond(const char *text)
{
	wire_response(&w, text, strlen(text));
}

START_TEST(same_answer_wherever_the_wire_is_cut)
{
	const struct wire_case *c = &cases[_i];
	bool same = wire_cut_everywhere(&w, wire_response, c);

	ck_assert_msg(same, "%s\n-- wanted\n%s-- got\n%s", c->name, c->said, w.said);
}
END_TEST

START_TEST(each_response_is_judged_by_its_own_request)
{
	static const unsigned char asked[] = {0, RP_ASKED_HEAD, 0};
	static const char wire[] = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"
	                           "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"
	                           "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb";
	struct wire_case c = {
	        "a queue", wire, sizeof(wire) - 1, OK "END@39\n" OK "END@77\n" OK "END@116\n",
	        asked,     3};

	ck_assert(wire_cut_everywhere(&w, wire_response, &c));
}
END_TEST

START_TEST(sendfile_passes_a_body_unseen)
{
	wire_open(&w);
	respond("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nab");
	wire_unseen(&w, 0);
	wire_unseen(&w, 97);
	ck_assert_str_eq(w.said, OK);
	wire_unseen(&w, 1);
	ck_assert_str_eq(w.said, OK "END@140\n");
	respond("HTTP/1.1 204 N\r\n\r\n");
	ck_assert_str_eq(w.said, OK "END@140\nFIRST\nSTATUS 204\nEND@158\n");
}
END_TEST

START_TEST(sendfile_beyond_the_body_loses_the_border)
{
	wire_open(&w);
	respond("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
	wire_unseen(&w, 101);
	ck_assert_str_eq(w.said, OK "OPAQUE\n");
}
END_TEST

START_TEST(sendfile_inside_a_head_loses_the_border)
{
	wire_open(&w);
	respond("HTTP/1.1 200 OK\r\nContent-Le");
	wire_unseen(&w, 1);
	ck_assert_str_eq(w.said, OK "OPAQUE\n");
	wire_open(&w);
	wire_unseen(&w, 1);
	ck_assert_str_eq(w.said, "OPAQUE\n");
}
END_TEST

START_TEST(sendfile_fills_a_chunk)
{
	wire_open(&w);
	respond("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n");
	wire_unseen(&w, 15);
	wire_unseen(&w, 1);
	respond("\r\n0\r\n\r\n");
	ck_assert_str_eq(w.said, OK "END@74\n");
	wire_open(&w);
	respond("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n");
	wire_unseen(&w, 17);
	ck_assert_str_eq(w.said, OK "OPAQUE\n");
}
END_TEST

START_TEST(a_response_without_length_ends_with_the_connection)
{
	wire_open(&w);
	respond("HTTP/1.1 200 OK\r\n\r\n");
	ck_assert_uint_eq(w.out.close_delimited, 1);
	respond("more");
	wire_unseen(&w, 1 << 20);
	ck_assert_str_eq(w.said, OK);
	ck_assert_uint_eq(w.out.close_delimited, 1);
	ck_assert_uint_eq(w.out.status, 200);
}
END_TEST

START_TEST(after_the_end_nothing_is_left_over)
{
	struct rp_delim_out fresh = {0};

	wire_open(&w);
	respond("HTTP/1.0 404 No\r\nContent-Length: 1\r\n\r\nx");
	ck_assert_uint_eq(w.out.status, 404);
	w.out.status = 0;
	memset(w.out.line, 0, sizeof(w.out.line));
	ck_assert_mem_eq(&w.out, &fresh, sizeof(fresh));
}
END_TEST

/* perl's HTTP::Daemon: a write for each line. */
START_TEST(a_head_may_come_in_seven_writes)
{
	static const char *const lines[] = {"HTTP/1.1 200 OK\r\n",
	                                    "Date: x\r\n",
	                                    "Server: y\r\n",
	                                    "Content-Length: 2\r\n",
	                                    "Content-Type: z\r\n",
	                                    "\r\n",
	                                    "ok"};

	wire_open(&w);
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		respond(lines[i]);
	ck_assert_str_eq(w.said, OK "END@77\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("delim_out");
	TCase *tcase = tcase_create("responses");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, same_answer_wherever_the_wire_is_cut, 0,
	                    sizeof(cases) / sizeof(*cases));
	tcase_add_test(tcase, each_response_is_judged_by_its_own_request);
	tcase_add_test(tcase, sendfile_passes_a_body_unseen);
	tcase_add_test(tcase, sendfile_beyond_the_body_loses_the_border);
	tcase_add_test(tcase, sendfile_inside_a_head_loses_the_border);
	tcase_add_test(tcase, sendfile_fills_a_chunk);
	tcase_add_test(tcase, a_response_without_length_ends_with_the_connection);
	tcase_add_test(tcase, after_the_end_nothing_is_left_over);
	tcase_add_test(tcase, a_head_may_come_in_seven_writes);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
