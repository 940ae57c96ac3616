/* test_delim_fcgi.c - FastCGI: where its requests and answers begin and end, however cut.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/delim_wires.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "tests/support/gateway.h"
#include "tests/support/guard.h"
#include "tests/support/suite.h"
#include "tests/support/wire.h"

static struct wire w;
static struct gateway g;

static const unsigned char asked[8] = {
        RP_ASKED_CGI | RP_ASKED_RECORDS, RP_ASKED_CGI | RP_ASKED_RECORDS,
        RP_ASKED_CGI | RP_ASKED_RECORDS, RP_ASKED_CGI | RP_ASKED_RECORDS,
        RP_ASKED_CGI | RP_ASKED_RECORDS, RP_ASKED_CGI | RP_ASKED_RECORDS,
        RP_ASKED_CGI | RP_ASKED_RECORDS, RP_ASKED_CGI | RP_ASKED_RECORDS,
};

static const char *const get[] = {
        "REQUEST_METHOD", "GET", "REQUEST_URI", "/a?b=c", "QUERY_STRING", "b=c",
        "CONTENT_LENGTH", "",    "HTTP_HOST",   "h",      "REMOTE_ADDR",  "127.0.0.1",
        "REMOTE_PORT",    "80",  NULL};
static const char *const post[] = {"CONTENT_LENGTH", "5",           "REQUEST_METHOD",
                                   "POST",           "SCRIPT_NAME", "/x.php",
                                   "REMOTE_ADDR",    "unix:",       NULL};

#define GET  "HEAD m=GET t=/a?b=c q=b=c p=FastCGI host=h peer=ip4.7f.0.0.1:80"
#define POST "HEAD m=POST t=/x.php p=FastCGI body=5 peer=unix"

static char wanted[4096];

/* As printf into one text that lasts until the next call. */
#define SAID(...) (snprintf(wanted, sizeof(wanted), __VA_ARGS__), wanted)

/* The stream in G gives SAID whatever its cuts; G is empty afterwards. */
static void says(wire_feed *feed, const char *said)
{
	struct wire_case c = {.name = "",
	                      .bytes = g.bytes,
	                      .n = g.n,
	                      .said = said,
	                      .asked = asked,
	                      .n_asked = sizeof(asked)};
	bool same = wire_cut_everywhere(&w, feed, &c);

	ck_assert_msg(same, "-- wanted\n%s-- got\n%s", said, w.said);
	g.n = 0;
}

static void open_request(unsigned id, size_t piece, const char *const *variables)
{
	gateway_begin(&g, id);
	gateway_params(&g, id, piece, variables);
}

START_TEST(requests_without_a_body_on_one_connection)
{
	open_request(1, 1000, get);
	size_t one = g.n;

	gateway_record(&g, GATEWAY_STDIN, 1, "", 0, 0);
	open_request(1, 1000, get);
	says(wire_request, SAID(GET "@%zu\nBODY@%zu\n" GET "@%zu\nBODY@%zu\n", one, one, g.n, g.n));
}
END_TEST

START_TEST(variables_in_many_records_are_put_together)
{
	for (size_t piece = 1; piece < 150; piece += 6) {
		open_request(7, piece, get);
		says(wire_request, SAID(GET "@%zu\nBODY@%zu\n", g.n, g.n));
	}
}
END_TEST

START_TEST(a_body_ends_with_its_length_or_its_stream)
{
	open_request(0x1234, 20, post);
	size_t head = g.n;

	gateway_record(&g, GATEWAY_STDIN, 0x1234, "12", 2, 6);
	gateway_record(&g, GATEWAY_STDIN, 0x1234, "345", 3, 5);
	size_t body = g.n - 5;

	gateway_record(&g, GATEWAY_STDIN, 0x1234, "", 0, 3);
	size_t next = g.n;

	open_request(2, 1000, post);
	size_t second = g.n;

	gateway_record(&g, GATEWAY_STDIN, 2, "1", 1, 0);
	gateway_record(&g, GATEWAY_STDIN, 2, "", 0, 8); /* the client had no more */
	ck_assert_uint_gt(second, next);
	says(wire_request,
	     SAID(POST "@%zu\nBODY@%zu\n" POST "@%zu\nBODY@%zu\n", head, body, second, g.n));
}
END_TEST

START_TEST(a_body_longer_than_its_length_ends_there)
{
	open_request(1, 1000, post);
	size_t head = g.n;

	gateway_record(&g, GATEWAY_STDIN, 1, "123456789", 9, 0);
	gateway_record(&g, GATEWAY_STDIN, 1, "", 0, 0);
	says(wire_request, SAID(POST "@%zu\nBODY@%zu\n", head, head + 8 + 5));
}
END_TEST

START_TEST(a_body_of_unknown_length_ends_with_its_stream)
{
	static const char *const chunked[] = {"REQUEST_METHOD", "PUT", "HTTP_TRANSFER_ENCODING",
	                                      "chunked", NULL};

	open_request(1, 1000, chunked);
	size_t head = g.n;

	gateway_record(&g, GATEWAY_STDIN, 1, "hello", 5, 0);
	gateway_record(&g, GATEWAY_STDIN, 1, "", 0, 0);
	says(wire_request,
	     SAID("HEAD m=PUT t=/ p=FastCGI chunked peer=unknown@%zu\nBODY@%zu\n", head, g.n));
}
END_TEST

START_TEST(a_client_may_abort)
{
	open_request(1, 1000, post);
	size_t head = g.n;

	gateway_record(&g, GATEWAY_ABORT, 1, "", 0, 0);
	gateway_record(&g, GATEWAY_STDIN, 1, "", 0, 0);
	says(wire_request, SAID(POST "@%zu\nBODY@%zu\n", head, g.n));
}
END_TEST

START_TEST(several_requests_at_once_are_given_up)
{
	open_request(1, 1000, post);
	size_t head = g.n;

	gateway_begin(&g, 2);
	says(wire_request, SAID(POST "@%zu\nOPAQUE\n", head));
	open_request(1, 1000, post);
	gateway_record(&g, GATEWAY_STDIN, 2, "12345", 5, 0);
	says(wire_request, SAID(POST "@%zu\nOPAQUE\n", head));
}
END_TEST

/* None of these ever becomes a request. */
START_TEST(what_is_no_request_is_given_up)
{
	gateway_record(&g, GATEWAY_BEGIN, 0, "\0\1\1\0\0\0\0\0", 8, 0);
	gateway_params(&g, 0, 1000, get);
	says(wire_request, "OPAQUE\n");
	gateway_record(&g, GATEWAY_BEGIN, 1, "\0\1\1\0\0\0\0", 7, 1);
	says(wire_request, "OPAQUE\n");
	gateway_begin(&g, 1);
	gateway_record(&g, GATEWAY_STDIN, 1, "", 0, 0);
	says(wire_request, "OPAQUE\n");
	gateway_begin(&g, 1);
	gateway_record(&g, GATEWAY_PARAMS, 1, "\5\5abc", 5, 0);
	gateway_record(&g, GATEWAY_PARAMS, 1, "", 0, 0);
	says(wire_request, "OPAQUE\n");
	gateway_begin(&g, 1);
	gateway_record(&g, GATEWAY_PARAMS, 1, "\xff\xff\xff\xff\xff\xff\xff\xffz", 9, 0);
	gateway_record(&g, GATEWAY_PARAMS, 1, "", 0, 0);
	says(wire_request, "OPAQUE\n");
	gateway_begin(&g, 1);
	gateway_record(&g, GATEWAY_PARAMS, 1, "", 0, 0);
	says(wire_request, "OPAQUE\n");
	gateway_bytes(&g, "\1\11\0\0\0\0\0\0", 8); /* GET_VALUES */
	says(wire_request, "OPAQUE\n");
}
END_TEST

START_TEST(a_head_is_bounded)
{
	static char value[RP_HEAD_MAX];
	const char *const long_ones[] = {"REQUEST_METHOD", "GET", "X", value, NULL};

	memset(value, 'v', RP_HEAD_MAX - 200);
	open_request(1, 5000, long_ones);
	wire_open(&w);
	for (size_t at = 0; at < g.n; at += 8)
		wire_request(&w, g.bytes + at, g.n - at < 8 ? g.n - at : 8);
	ck_assert_str_eq(w.said,
	                 SAID("HEAD m=GET t=/ p=FastCGI peer=unknown@%zu\nBODY@%zu\n", g.n, g.n));
	g.n = 0;
	memset(value, 'v', RP_HEAD_MAX - 1);
	open_request(1, 5000, long_ones);
	wire_open(&w);
	wire_request(&w, g.bytes, g.n);
	ck_assert_str_eq(w.said, "OPAQUE\n");
	g.n = 0;
}
END_TEST

/* Sixty thousand reads of one byte, of as many records as they can hold: linear, not quadratic. */
START_TEST(tiny_records_cost_no_more_than_others)
{
	gateway_begin(&g, 1);
	while (g.n < RP_HEAD_MAX - 20)
		gateway_record(&g, GATEWAY_PARAMS, 1, "", 1, 0);
	wire_open(&w);
	for (size_t at = 0; at < g.n; at++)
		wire_request(&w, g.bytes + at, 1);
	ck_assert_str_eq(w.said, "");
	g.n = 0;
}
END_TEST

static void answer(const char *head, size_t n, unsigned padding)
{
	gateway_record(&g, GATEWAY_STDOUT, 1, head, n, padding);
}

#define TEXT(text) text, sizeof(text) - 1

START_TEST(answers_have_a_status_and_end)
{
	answer(TEXT("Status: 404 Not Found\r\nContent-type: text/html\r\n\r\nhello"), 3);
	gateway_end(&g, 1);
	size_t one = g.n;

	answer(TEXT("Content-type: text/html\r\nX-Status: 500\r\n\r\n"), 0);
	gateway_record(&g, GATEWAY_STDERR, 1, TEXT("Status: 500 is a warning\n"), 1);
	answer(TEXT("Status: 500 in a body\r\n\r\n"), 0);
	answer("", 0, 0);
	gateway_record(&g, GATEWAY_END, 1, "\0\0\0\0\0\0\0\0", 8, 4);
	says(wire_response,
	     SAID("FIRST\nSTATUS 404\nEND@%zu\nFIRST\nSTATUS 200\nEND@%zu\n", one, g.n));
}
END_TEST

START_TEST(a_head_may_lie_in_several_records)
{
	static const char head[] = "Location: /x\r\nA: b\nStatus: 301\r\n\r\nbody";

	for (size_t i = 0; i < sizeof(head) - 1; i++)
		answer(head + i, 1, i % 3);
	gateway_end(&g, 1);
	says(wire_response, SAID("FIRST\nSTATUS 301\nEND@%zu\n", g.n));
}
END_TEST

START_TEST(a_place_to_go_to_is_a_status)
{
	answer(TEXT("Location: http://x/\r\n\r\n"), 0);
	gateway_end(&g, 1);
	says(wire_response, SAID("FIRST\nSTATUS 302\nEND@%zu\n", g.n));
}
END_TEST

START_TEST(an_answer_may_have_nothing_to_say)
{
	gateway_record(&g, GATEWAY_STDERR, 1, TEXT("no script"), 0);
	gateway_end(&g, 1);
	size_t one = g.n;

	gateway_end(&g, 2); /* CANNOT_MULTIPLEX and its like */
	says(wire_response, SAID("END@%zu\nEND@%zu\n", one, g.n));
}
END_TEST

START_TEST(answers_of_several_requests_at_once_are_given_up)
{
	answer(TEXT("Status: 200 OK\r\n\r\n"), 0);
	gateway_record(&g, GATEWAY_STDOUT, 2, TEXT("x"), 0);
	says(wire_response, "FIRST\nSTATUS 200\nOPAQUE\n");
	answer(TEXT("Status: 200 OK\r\n\r\n"), 0);
	gateway_record(&g, 11, 1, TEXT("12345678"), 0);
	says(wire_response, "FIRST\nSTATUS 200\nOPAQUE\n");
	gateway_bytes(&g, "HTTP/1.1 200 OK\r\n", 17);
	says(wire_response, "OPAQUE\n");
}
END_TEST

START_TEST(content_may_pass_unseen_and_nothing_else)
{
	static const unsigned head = 8 + 18;
	static char body[5000];

	wire_open(&w);
	w.asked = asked;
	w.n_asked = sizeof(asked);
	answer(TEXT("Status: 200 OK\r\n\r\n"), 0);
	gateway_record(&g, GATEWAY_STDOUT, 1, body, sizeof(body), 0);
	wire_response(&w, g.bytes, head + 8);
	wire_unseen(&w, 4000);
	wire_unseen(&w, 1000);
	gateway_end(&g, 1);
	wire_response(&w, g.bytes + g.n - 16, 16);
	ck_assert_str_eq(w.said, SAID("FIRST\nSTATUS 200\nEND@%zu\n", g.n));
	wire_response(&w, g.bytes, head + 8);
	wire_unseen(&w, 5001);
	ck_assert_str_eq(strstr(w.said, "OPAQUE"), "OPAQUE\n");
	g.n = 0;
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("delim_fcgi");
	TCase *tcase = tcase_create("records");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, requests_without_a_body_on_one_connection);
	tcase_add_test(tcase, variables_in_many_records_are_put_together);
	tcase_add_test(tcase, a_body_ends_with_its_length_or_its_stream);
	tcase_add_test(tcase, a_body_longer_than_its_length_ends_there);
	tcase_add_test(tcase, a_body_of_unknown_length_ends_with_its_stream);
	tcase_add_test(tcase, a_client_may_abort);
	tcase_add_test(tcase, several_requests_at_once_are_given_up);
	tcase_add_test(tcase, what_is_no_request_is_given_up);
	tcase_add_test(tcase, a_head_is_bounded);
	tcase_add_test(tcase, tiny_records_cost_no_more_than_others);
	tcase_add_test(tcase, answers_have_a_status_and_end);
	tcase_add_test(tcase, a_head_may_lie_in_several_records);
	tcase_add_test(tcase, a_place_to_go_to_is_a_status);
	tcase_add_test(tcase, an_answer_may_have_nothing_to_say);
	tcase_add_test(tcase, answers_of_several_requests_at_once_are_given_up);
	tcase_add_test(tcase, content_may_pass_unseen_and_nothing_else);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
