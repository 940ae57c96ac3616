/* test_delim_h2.c - frames of HTTP/2: where streams begin and end, however the wire is cut.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/delim_h2.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/support/guard.h"
#include "tests/support/h2told.h"
#include "tests/support/h2wire.h"
#include "tests/support/suite.h"

static struct h2wire wire;
static struct rp_h2_in in;
static struct rp_h2_out out;

static struct h2told whole, cut;

static const char *const get[] = {":method",    "GET", ":scheme",   "http", ":path", "/a?profile=1",
                                  ":authority", "h",   "x-reqprof", "1",    NULL};
static const char *const post[] = {":method", "POST", ":scheme", "http",  ":path", "/b",
                                   "via",     "x",    "host",    "other", NULL};
static const char *const trailers[] = {"x-sum", "1", NULL};
static const char *const hints[] = {":status", "103", "link", "x", NULL};
static const char *const ok[] = {":status", "200", "content-type", "text/plain", NULL};
static const char *const teapot[] = {":status", "418", NULL};

static struct rp_h2_side *open_side(bool server)
{
	memset(&in, 0xee, sizeof(in)); /* a slot that was another's */
	memset(&out, 0xee, sizeof(out));
	rp_h2_open_in(&in);
	rp_h2_open_out(&out);
	return server ? &out.side : &in.side;
}

/* What W holds tells SAID, whole, in two pieces and byte by byte; W is emptied. */
static void says(bool server, const char *said)
{
	struct rp_h2_side *side = open_side(server);

	memset(&whole, 0, sizeof(whole));
	h2told_feed(&whole, side, guard_put(0, wire.bytes, wire.n), wire.n);
	ck_assert_str_eq(whole.text, said);
	for (size_t at = 0; at <= wire.n; at++) {
		side = open_side(server);
		memset(&cut, 0, sizeof(cut));
		h2told_feed(&cut, side, guard_put(0, wire.bytes, at), at);
		h2told_feed(&cut, side, guard_put(1, wire.bytes + at, wire.n - at), wire.n - at);
		ck_assert_str_eq(cut.text, said);
	}
	side = open_side(server);
	memset(&cut, 0, sizeof(cut));
	for (size_t at = 0; at < wire.n; at++)
		h2told_feed(&cut, side, guard_put(0, wire.bytes + at, 1), 1);
	ck_assert_str_eq(cut.text, said);
	h2wire_close(&wire);
	h2wire_open(&wire, 4096);
}

static void ready(void)
{
	h2wire_open(&wire, 4096);
}

START_TEST(a_request_begins_with_its_head_and_ends_with_its_stream)
{
	char said[500];

	h2wire_frame(&wire, H2WIRE_SETTINGS, 0, 0, "\0\3\0\0\0\144", 6);
	size_t before = wire.n;

	h2wire_headers(&wire, H2WIRE_ENDS, 1, get, 1000);
	size_t one = wire.n - before;

	h2wire_frame(&wire, H2WIRE_WINDOW, 0, 0, "\0\1\0\0", 4);
	before = wire.n;
	h2wire_headers(&wire, 0, 3, post, 1000);
	size_t two = wire.n - before;

	h2wire_frame(&wire, H2WIRE_DATA, 0, 3, "hello", 5);
	h2wire_frame(&wire, H2WIRE_PING, 0, 0, "12345678", 8);
	h2wire_frame(&wire, H2WIRE_DATA, H2WIRE_ENDS | H2WIRE_PADDED, 3, "\3abc\0\0\0", 7);
	snprintf(said, sizeof(said),
	         "HEAD 1 (%zu) GET /a?profile=1 h 1 -\nEND 1 (0)\n"
	         "HEAD 3 (%zu) POST /b other - - forwarded\nEND 3 (30)\n",
	         one, two);
	says(false, said);
}
END_TEST

START_TEST(a_head_may_lie_in_many_frames)
{
	for (size_t piece = 1; piece < 12; piece++) {
		char said[200];

		h2wire_headers(&wire, H2WIRE_ENDS, 1, get, piece);
		snprintf(said, sizeof(said), "HEAD 1 (%zu) GET /a?profile=1 h 1 -\nEND 1 (0)\n",
		         wire.n);
		says(false, said);
	}
}
END_TEST

START_TEST(padding_and_priority_are_passed_over)
{
	static char payload[300] = "\4\x80\0\0\0\7";
	size_t n = 6 + h2wire_block(&wire, get, payload + 6, 200);
	char said[200];

	h2wire_frame(&wire, H2WIRE_PRIORITY, 0, 5, "\0\0\0\0\1", 5);
	h2wire_frame(&wire, H2WIRE_HEADERS,
	             H2WIRE_ENDS | H2WIRE_WHOLE | H2WIRE_PADDED | H2WIRE_WEIGHED, 7, payload,
	             n + 4);
	snprintf(said, sizeof(said), "HEAD 7 (%zu) GET /a?profile=1 h 1 -\nEND 7 (0)\n", n + 4 + 9);
	says(false, said);
}
END_TEST

START_TEST(trailers_are_no_request)
{
	h2wire_headers(&wire, 0, 1, post, 1000);
	size_t head = wire.n;
	char said[200];

	h2wire_frame(&wire, H2WIRE_DATA, 0, 1, "x", 1);
	h2wire_headers(&wire, H2WIRE_ENDS, 1, trailers, 3);
	snprintf(said, sizeof(said), "HEAD 1 (%zu) POST /b other - - forwarded\nEND 1 (%zu)\n",
	         head, wire.n - head);
	says(false, said);
}
END_TEST

START_TEST(a_client_may_reset_its_stream)
{
	h2wire_headers(&wire, 0, 1, post, 1000);
	size_t head = wire.n;
	char said[200];

	h2wire_frame(&wire, H2WIRE_RST, 0, 1, "\0\0\0\10", 4);
	snprintf(said, sizeof(said), "HEAD 1 (%zu) POST /b other - - forwarded\nRESET 1 (13)\n",
	         head);
	says(false, said);
}
END_TEST

/* The bytes that WORK adds. */
#define ADDED(work) (before = wire.n, work, wire.n - before)

START_TEST(an_answer_has_a_status_and_ends)
{
	char said[500];
	size_t before, first, again, one, last, sum;

	h2wire_frame(&wire, H2WIRE_SETTINGS, 0, 0, "", 0);
	one = ADDED(h2wire_headers(&wire, 0, 1, hints, 1000));
	one += ADDED(h2wire_headers(&wire, 0, 1, ok, 5));
	h2wire_frame(&wire, H2WIRE_DATA, 0, 1, "hello", 5);
	first = ADDED(h2wire_headers(&wire, H2WIRE_ENDS, 3, teapot, 1000));
	again = ADDED(h2wire_headers(&wire, H2WIRE_ENDS, 5, teapot, 1000));
	h2wire_frame(&wire, H2WIRE_DATA, H2WIRE_ENDS, 1, "", 0);
	last = ADDED(h2wire_headers(&wire, 0, 7, ok, 1000));
	sum = ADDED(h2wire_headers(&wire, H2WIRE_ENDS, 7, trailers, 1000));
	snprintf(
	        said, sizeof(said),
	        "STATUS 1 (%zu) 200\nSTATUS 3 (%zu) 418\nEND 3 (0)\nSTATUS 5 (%zu) 418\nEND 5 (0)\n"
	        "END 1 (23)\nSTATUS 7 (%zu) 200\nEND 7 (%zu)\n",
	        one, first, again, last, sum);
	says(true, said);
}
END_TEST

/* What a server pushes uses its encoder, too: statuses behind it must still be right. */
START_TEST(promises_are_read_and_forgotten)
{
	static char payload[300] = "\0\0\0\2";
	size_t n = 4 + h2wire_block(&wire, get, payload + 4, 200);

	h2wire_frame(&wire, H2WIRE_PUSH, H2WIRE_WHOLE, 1, payload, n);
	h2wire_headers(&wire, H2WIRE_ENDS, 2, teapot, 1000);
	h2wire_headers(&wire, H2WIRE_ENDS, 1, teapot, 1000);
	struct rp_h2_side *side = open_side(true);

	memset(&whole, 0, sizeof(whole));
	h2told_feed(&whole, side, wire.bytes, wire.n);
	ck_assert_ptr_nonnull(strstr(whole.text, "STATUS 2 ("));
	ck_assert_ptr_nonnull(strstr(whole.text, " 418\nEND 1 (0)\n"));
}
END_TEST

START_TEST(data_may_pass_unseen_and_nothing_else)
{
	struct rp_h2_side *side = open_side(true);
	static char body[1000];

	h2wire_frame(&wire, H2WIRE_DATA, H2WIRE_ENDS, 1, body, sizeof(body));
	memset(&whole, 0, sizeof(whole));
	h2told_feed(&whole, side, wire.bytes, 9);
	h2told_feed(&whole, side, NULL, 400);
	h2told_feed(&whole, side, NULL, 600);
	ck_assert_str_eq(whole.text, "END 1 (1009)\n");
	h2told_feed(&whole, side, wire.bytes, 9);
	h2told_feed(&whole, side, NULL, 1001);
	ck_assert_ptr_nonnull(strstr(whole.text, "BAD"));
}
END_TEST

/* Each gives BAD, and nothing before it. */
START_TEST(what_is_not_http2_is_given_up)
{
	static const struct {
		unsigned type, flags, stream;
		const char *payload;
		size_t n;
	} frames[] = {
	        {H2WIRE_HEADERS, H2WIRE_WHOLE, 0, "\x82", 1}, /* on no stream */
	        {H2WIRE_HEADERS, H2WIRE_WHOLE, 2, "\x82", 1}, /* on a server's */
	        {H2WIRE_HEADERS, H2WIRE_WHOLE, 1, "\xbe", 1}, /* no such entry */
	        {H2WIRE_HEADERS, H2WIRE_WHOLE, 1, "\x40", 1}, /* a field without an end */
	        {H2WIRE_HEADERS, H2WIRE_WHOLE | H2WIRE_PADDED, 1, "\2\x82", 2},
	        {H2WIRE_HEADERS, H2WIRE_WHOLE | H2WIRE_PADDED, 1, "", 0},
	        {H2WIRE_HEADERS, H2WIRE_WHOLE | H2WIRE_WEIGHED, 1, "\0\0\0\0", 4},
	        {H2WIRE_CONTINUATION, H2WIRE_WHOLE, 1, "\x82", 1}, /* of nothing */
	        {H2WIRE_PUSH, H2WIRE_WHOLE, 1, "\0\0\0\2\x82", 5}, /* a client has none */
	        {H2WIRE_DATA, 0, 0, "x", 1},
	        {H2WIRE_RST, 0, 0, "\0\0\0\0", 4},
	};

	h2wire_frame(&wire, frames[_i].type, frames[_i].flags, frames[_i].stream,
	             frames[_i].payload, frames[_i].n);
	says(false, "BAD\n");
}
END_TEST

START_TEST(a_block_is_not_interrupted)
{
	h2wire_frame(&wire, H2WIRE_HEADERS, 0, 1, "\x82", 1);
	h2wire_frame(&wire, H2WIRE_PING, 0, 0, "12345678", 8);
	says(false, "BAD\n");
	h2wire_frame(&wire, H2WIRE_HEADERS, 0, 1, "\x82", 1);
	h2wire_frame(&wire, H2WIRE_CONTINUATION, H2WIRE_WHOLE, 3, "\x82", 1);
	says(false, "BAD\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("delim_h2");
	TCase *tcase = tcase_create("frames");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, ready, NULL);
	tcase_add_test(tcase, a_request_begins_with_its_head_and_ends_with_its_stream);
	tcase_add_test(tcase, a_head_may_lie_in_many_frames);
	tcase_add_test(tcase, padding_and_priority_are_passed_over);
	tcase_add_test(tcase, trailers_are_no_request);
	tcase_add_test(tcase, a_client_may_reset_its_stream);
	tcase_add_test(tcase, an_answer_has_a_status_and_ends);
	tcase_add_test(tcase, promises_are_read_and_forgotten);
	tcase_add_test(tcase, data_may_pass_unseen_and_nothing_else);
	tcase_add_loop_test(tcase, what_is_not_http2_is_given_up, 0, 11);
	tcase_add_test(tcase, a_block_is_not_interrupted);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
