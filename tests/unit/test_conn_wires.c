/* test_conn_wires.c - requests of FastCGI, SCGI, uwsgi and behind a PROXY preface on connections.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/conn.h"

#include <string.h>
#include <sys/socket.h>
#include "preload/hot/conn_slot.h"
#include "preload/hot/drops.h"
#include "preload/hot/request.h"
#include "preload/hot/sampler.h"
#include "tests/support/flagged.h"
#include "tests/support/gateway.h"
#include "tests/support/guard.h"
#include "tests/support/pair.h"
#include "tests/support/suite.h"

static struct flagged_notes notes;
static struct gateway in, out;

static const char *const flagged[] = {
        "CONTENT_LENGTH", "0",         "REQUEST_METHOD", "GET",       "REQUEST_URI", "/a?profile=1",
        "QUERY_STRING",   "profile=1", "REMOTE_ADDR",    "127.0.0.1", NULL};
static const char *const plain[] = {"REQUEST_METHOD", "GET", "REQUEST_URI", "/b",
                                    "REMOTE_ADDR",    "::1", NULL};

static void pass(void (*by)(int, const void *, size_t), const struct gateway *g, size_t piece)
{
	for (size_t at = 0; at < g->n; at += piece) {
		size_t n = g->n - at < piece ? g->n - at : piece;

		by(pair_fd, guard_put(0, g->bytes + at, n), n);
	}
}

static void put_answer(const char *text)
{
	gateway_record(&out, GATEWAY_STDOUT, 1, text, strlen(text), 3);
	gateway_end(&out, 1);
}

/* One that is flagged between two that are not, kept alive, in pieces of PIECE bytes. */
static void exchange(size_t piece)
{
	struct pair_story story = {0};
	size_t n_in, n_out;

	for (unsigned i = 0; i < 3; i++) {
		in.n = out.n = 0;
		gateway_begin(&in, 1);
		gateway_params(&in, 1, 50, i == 1 ? flagged : plain);
		n_in = in.n;
		pass(rp_conn_heard, &in, piece);
		ck_assert_uint_eq(rp_self.armed, i == 1 ? RP_ARMED : 0);
		in.n = 0;
		gateway_record(&in, GATEWAY_STDIN, 1, "", 0, 0);
		pass(rp_conn_heard, &in, piece);
		put_answer(i == 1 ? "Status: 404 No\r\n\r\nno" : "Status: 200 OK\r\n\r\nyes");
		n_out = out.n;
		pass(rp_conn_said, &out, piece);
		ck_assert_uint_eq(rp_self.armed, 0);
		pair_collect(&story);
		if (i != 1)
			continue;
		ck_assert_uint_eq(story.n, 1);
		ck_assert_uint_eq(story.in[0], n_in);
		ck_assert_uint_eq(story.out[0], n_out);
	}
	ck_assert_uint_eq(story.n, 1);
	ck_assert_str_eq(story.target[0], "/a");
	ck_assert_uint_eq(story.status[0], 404);
	ck_assert_uint_eq(story.how[0], RP_END_COMPLETE);
	ck_assert(story.body[0] && story.response[0]);
	flagged_take(&notes);
}

START_TEST(fastcgi_on_one_connection_however_it_is_cut)
{
	for (size_t piece = 1; piece < 200; piece += piece < 20 ? 1 : 13)
		exchange(piece);
	ck_assert_uint_eq(rp_conn_kind(pair_fd), RP_FD_CONN);
	ck_assert_uint_eq(rp_conn_of(pair_fd)->head_buffer, 0);
	ck_assert_uint_eq(atomic_load(&rp_n_requests), 0);
	ck_assert_uint_eq(flagged_tracks(), 0);
}
END_TEST

START_TEST(an_answer_until_the_end_of_the_connection_is_complete)
{
	for (unsigned i = 0; i < 4; i++) {
		struct pair_story story = {0};

		in.n = 0;
		if (i % 2)
			gateway_scgi(&in, flagged);
		else
			gateway_uwsgi(&in, 0, flagged);
		pass(rp_conn_heard, &in, 7);
		ck_assert_uint_eq(rp_self.armed, RP_ARMED);
		pair_said("Status: 201 Made\r\nA: b\r\n\r\nbody");
		if (i < 2)
			rp_conn_retire(pair_fd);
		else
			rp_conn_shut(pair_fd, SHUT_WR);
		pair_collect(&story);
		ck_assert_uint_eq(story.n, 1);
		ck_assert_uint_eq(story.status[0], 201);
		ck_assert_uint_eq(story.how[0], RP_END_COMPLETE);
		ck_assert_uint_eq(rp_self.armed, 0);
		pair_close();
		pair_open();
	}
}
END_TEST

START_TEST(an_answer_in_records_that_is_cut_off_is_not_complete)
{
	struct pair_story story = {0};

	gateway_begin(&in, 1);
	gateway_params(&in, 1, 1000, flagged);
	pass(rp_conn_heard, &in, in.n);
	gateway_record(&out, GATEWAY_STDOUT, 1, "A: b\r\n\r\nbody", 12, 0);
	pass(rp_conn_said, &out, out.n);
	rp_conn_retire(pair_fd);
	pair_collect(&story);
	ck_assert_uint_eq(story.status[0], 200);
	ck_assert_uint_eq(story.how[0], RP_END_CLOSED);
}
END_TEST

START_TEST(a_preface_names_the_client_of_every_request_behind_it)
{
	static const struct {
		const char *preface;
		unsigned n;
	} prefaces[] = {{"PROXY TCP4 127.0.0.1 10.0.0.1 1 2\r\n", 2},
	                {"PROXY TCP4 10.0.0.9 10.0.0.1 1 2\r\n", 0},
	                {"PROXY UNKNOWN\r\n", 0}};

	for (unsigned i = 0; i < 3; i++) {
		struct pair_story story = {0};

		pair_heard(prefaces[i].preface);
		for (unsigned k = 0; k < 2; k++) {
			pair_heard("GET /a?profile=1 HTTP/1.1\r\n\r\n");
			pair_said("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
		}
		pair_collect(&story);
		ck_assert_uint_eq(story.n, prefaces[i].n);
		if (story.n)
			ck_assert_uint_eq(story.in[0], strlen("GET /a?profile=1 HTTP/1.1\r\n\r\n"));
		pair_close();
		pair_open();
	}
	ck_assert_uint_eq(atomic_load(&rp_drops[RP_DROP_refused]), 4);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conn_wires");
	TCase *tcase = tcase_create("wires");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, pair_ready, NULL);
	tcase_add_test(tcase, fastcgi_on_one_connection_however_it_is_cut);
	tcase_add_test(tcase, an_answer_until_the_end_of_the_connection_is_complete);
	tcase_add_test(tcase, an_answer_in_records_that_is_cut_off_is_not_complete);
	tcase_add_test(tcase, a_preface_names_the_client_of_every_request_behind_it);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
