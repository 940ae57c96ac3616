/* test_conn_h2.c - HTTP/2 on a connection: many requests at once, and whose the thread is.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/conn_h2.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include "preload/hot/drops.h"
#include "preload/hot/request.h"
#include "preload/hot/sampler.h"
#include "preload/hot/turn.h"
#include "preload/settings.h"
#include "tests/support/flagged.h"
#include "tests/support/guard.h"
#include "tests/support/h2wire.h"
#include "tests/support/pair.h"
#include "tests/support/suite.h"

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

static struct flagged_notes notes;
static struct h2wire to, from;

static const char *const ok[] = {":status", "200", NULL};
static const char *const teapot[] = {":status", "418", NULL};

/* What is in W passes in pieces of PIECE bytes; W is empty then. */
static size_t pass(struct h2wire *w, size_t piece)
{
	size_t n = w->n;

	for (size_t at = 0; at < n; at += piece) {
		size_t part = n - at < piece ? n - at : piece;

		if (w == &to)
			rp_conn_heard(pair_fd, guard_put(0, w->bytes + at, part), part);
		else
			rp_conn_said(pair_fd, guard_put(1, w->bytes + at, part), part);
	}
	w->n = 0;
	return n;
}

static void ask(unsigned stream, const char *path, unsigned flags)
{
	const char *const fields[] = {":method", "GET",   ":scheme", "http", ":authority",
	                              "h",       ":path", path,      NULL};

	h2wire_headers(&to, flags, stream, fields, 1000);
}

static void answer(unsigned stream, const char *const *fields, unsigned flags)
{
	h2wire_headers(&from, flags, stream, fields, 1000);
}

static void end(unsigned stream)
{
	h2wire_frame(&from, H2WIRE_DATA, H2WIRE_ENDS, stream, "body", 4);
}

static void ready(void)
{
	pair_ready();
	h2wire_open(&to, 4096);
	h2wire_open(&from, 4096);
	pair_heard(PREFACE);
	h2wire_frame(&to, H2WIRE_SETTINGS, 0, 0, "", 0);
	h2wire_frame(&from, H2WIRE_SETTINGS, 0, 0, "", 0);
	pass(&to, 1000);
	pass(&from, 1000);
	rp_settings.concurrent = RP_MAX_LIVE;
}

static void done(void)
{
	ck_assert_uint_eq(rp_self.armed, 0);
	ck_assert_uint_eq(atomic_load(&rp_n_requests), 0);
	flagged_take(&notes);
	ck_assert_uint_eq(flagged_tracks(), 0);
}

START_TEST(streams_at_once_are_told_apart)
{
	enum { N = 20, FLAGGED = 4 };

	for (size_t piece = 1; piece < 400; piece = piece * 3 + 1) {
		struct pair_story story = {0};

		for (unsigned i = 0; i < N; i++) {
			char path[32];

			snprintf(path, sizeof(path), "/%u%s", i, i % FLAGGED ? "" : "?profile=1");
			ask(1 + 2 * i + 100 * (unsigned)piece, path, i % 2 ? H2WIRE_ENDS : 0);
		}
		pass(&to, piece);
		ck_assert_uint_eq(rp_conn_h2_open(rp_conn_of(pair_fd)), N);
		for (unsigned i = 0; i < N; i++)
			answer(1 + 2 * i + 100 * (unsigned)piece, i ? ok : teapot, 0);
		for (unsigned i = N; i--;)
			end(1 + 2 * i + 100 * (unsigned)piece);
		pass(&from, piece);
		pair_collect(&story);
		ck_assert_uint_eq(story.n, N / FLAGGED);
		for (unsigned i = 0; i < story.n; i++) {
			char path[32];

			snprintf(path, sizeof(path), "/%u", i * FLAGGED);
			ck_assert_str_eq(story.target[i], path);
			ck_assert_uint_eq(story.status[i], i ? 200 : 418);
			ck_assert_uint_eq(story.how[i], RP_END_COMPLETE);
		}
		ck_assert_uint_eq(rp_conn_h2_open(rp_conn_of(pair_fd)), 0);
		done();
	}
}
END_TEST

START_TEST(bytes_are_those_of_the_streams_frames)
{
	for (size_t piece = 1; piece < 100; piece += 16) {
		struct pair_story story = {0};
		unsigned id = 1 + 2 * (unsigned)piece;

		ask(id, "/a?profile=1", 0);
		size_t in = to.n;

		h2wire_frame(&to, H2WIRE_PING, 0, 0, "12345678", 8);
		h2wire_frame(&to, H2WIRE_DATA, H2WIRE_ENDS, id, "hello", 5);
		in += 9 + 5;
		pass(&to, piece);
		answer(id, ok, 0);
		size_t out = from.n;

		h2wire_frame(&from, H2WIRE_PING, 1, 0, "12345678", 8);
		end(id);
		out += 9 + 4;
		pass(&from, piece);
		pair_collect(&story);
		ck_assert_uint_eq(story.n, 1);
		ck_assert_uint_eq(story.in[0], in);
		ck_assert_uint_eq(story.out[0], out);
		ck_assert(story.body[0] && story.response[0]);
		done();
	}
}
END_TEST

START_TEST(a_call_with_frames_of_one_stream_is_that_streams)
{
	ask(1, "/a?profile=1", H2WIRE_ENDS);
	pass(&to, 1000);
	ck_assert_uint_eq(rp_self.armed, RP_ARMED);
	rp_conn_touch(pair_fd, true, 0);
	ck_assert_uint_eq(rp_self.armed, RP_ARMED);
	ck_assert(!rp_conn_is_foreign(pair_fd));
	ask(3, "/b", H2WIRE_ENDS);
	pass(&to, 1000);
	ck_assert_uint_eq(rp_self.armed, 0); /* the plain one's */
	ck_assert(rp_conn_is_foreign(pair_fd));
	rp_conn_touch(pair_fd, false, 0);
	ck_assert_uint_eq(rp_self.armed, 0); /* nobody knows which */
	answer(1, ok, 0);
	pass(&from, 1000);
	ck_assert_uint_eq(rp_self.armed, RP_ARMED);
	answer(3, ok, 0);
	h2wire_frame(&from, H2WIRE_DATA, 0, 1, "x", 1);
	pass(&from, 1000);
	ck_assert_uint_eq(rp_self.armed, 0); /* of both */
	h2wire_frame(&to, H2WIRE_WINDOW, 0, 1, "\0\0\1\0", 4);
	pass(&to, 1000);
	ck_assert_uint_eq(rp_self.armed, RP_ARMED);
	h2wire_frame(&to, H2WIRE_WINDOW, 0, 0, "\0\0\1\0", 4);
	pass(&to, 1000);
	ck_assert_uint_eq(rp_self.armed, 0); /* it lets both go on */
	end(3);
	pass(&from, 1000);
	ck_assert_uint_eq(rp_self.armed, 0);
	h2wire_frame(&to, H2WIRE_WINDOW, 0, 0, "\0\0\1\0", 4);
	pass(&to, 1000);
	ck_assert_uint_eq(rp_self.armed, RP_ARMED); /* the only one */
	end(1);
	pass(&from, 1000);
	struct pair_story story = {0};

	pair_collect(&story);
	ck_assert_uint_eq(story.n, 1);
	done();
}
END_TEST

/* A loop that has read twice may serve first what it read first; but nginx has done that. */
START_TEST(who_reads_two_streams_in_a_turn_works_for_neither)
{
	struct pair_story story = {0};

	for (unsigned i = 0; i < 3; i++) {
		bool known = i > 0; /* a new turn; or nginx */
		unsigned stream = 1 + 4 * i;

		atomic_store(&rp_turn_runs, i == 2 ? RP_RUNS_INLINE : RP_RUNS_CALLBACKS);
		rp_turn_unseen(&rp_self.turn, RP_NEVER);
		rp_turn_unseen_begins(&rp_self.turn, 1, true, 0);
		ask(stream, "/b", H2WIRE_ENDS);
		pass(&to, 1000);
		rp_self.turn.number += i == 1;
		ask(stream + 2, "/a?profile=1", H2WIRE_ENDS);
		pass(&to, 1000);
		ck_assert_uint_eq(rp_self.armed, known ? RP_ARMED : 0);
		answer(stream, ok, H2WIRE_ENDS);
		answer(stream + 2, ok, H2WIRE_ENDS);
		pass(&from, 1000);
		rp_self.turn.number++;
		pair_collect(&story);
		done();
	}
	ck_assert_uint_eq(story.n, 3);
	rp_self.turn = (struct rp_turn){0};
}
END_TEST

START_TEST(a_stream_may_be_reset_by_either)
{
	struct pair_story story = {0};

	for (unsigned i = 0; i < 2; i++) {
		ask(1 + 2 * i, "/a?profile=1", 0);
		pass(&to, 1000);
		h2wire_frame(i ? &to : &from, H2WIRE_RST, 0, 1 + 2 * i, "\0\0\0\10", 4);
		pass(i ? &to : &from, 1000);
	}
	pair_collect(&story);
	ck_assert_uint_eq(story.n, 2);
	ck_assert_uint_eq(story.how[0], RP_END_CLOSED);
	ck_assert_uint_eq(story.how[1], RP_END_CLOSED);
	done();
}
END_TEST

START_TEST(a_connection_that_closes_ends_its_streams)
{
	for (unsigned i = 0; i < 2; i++) {
		struct pair_story story = {0};

		ask(1, "/a?profile=1", H2WIRE_ENDS);
		ask(3, "/b?profile=1", H2WIRE_ENDS);
		pass(&to, 1000);
		if (i)
			pair_heard("\1\1\1\1\1\1\1\1\1\1\1"); /* a CONTINUATION of nothing, in a
			                                         while */
		if (i)
			rp_conn_give_up(pair_fd, rp_conn_of(pair_fd), RP_END_LOST);
		rp_conn_retire(pair_fd);
		pair_collect(&story);
		ck_assert_uint_eq(story.n, 2);
		ck_assert_uint_eq(story.how[0], i ? RP_END_LOST : RP_END_CLOSED);
		pair_close();
		done();
		h2wire_close(&to);
		h2wire_close(&from);
		ready();
	}
}
END_TEST

START_TEST(more_streams_than_places_are_counted_and_harmless)
{
	unsigned n = RP_MAX_STREAMS + 5;
	struct pair_story story = {0};

	for (unsigned i = 0; i < n; i++)
		ask(1 + 2 * i,
		    i == n - 1 ? "/late?profile=1"
		    : i        ? "/"
		               : "/first?profile=1",
		    H2WIRE_ENDS);
	pass(&to, 777);
	ck_assert_uint_eq(atomic_load(&rp_drops[RP_DROP_many_streams]), 5);
	for (unsigned i = 0; i < n; i++) {
		answer(1 + 2 * i, ok, 0);
		end(1 + 2 * i);
	}
	pass(&from, 777);
	pair_collect(&story);
	ck_assert_uint_eq(story.n, 2);
	ck_assert_uint_eq(story.how[0], RP_END_COMPLETE);
	ck_assert_uint_eq(story.how[1], RP_END_LOST);
	ck_assert_uint_eq(rp_conn_h2_open(rp_conn_of(pair_fd)), 0);
	done();
}
END_TEST

/* Long-lived streams in the way of the places of others. */
START_TEST(streams_are_found_wherever_they_were_put)
{
	for (unsigned round = 0; round < 50; round++) {
		struct pair_story story = {0};
		unsigned id = 1 + 2 * RP_MAX_STREAMS * round;

		ask(id, round % 2 ? "/a?profile=1" : "/b", 0);
		pass(&to, 1000);
		ck_assert_uint_eq(rp_conn_h2_open(rp_conn_of(pair_fd)), 1 + (round > 0));
		if (!round)
			continue;
		answer(id - 2 * RP_MAX_STREAMS, ok, 0);
		end(id - 2 * RP_MAX_STREAMS);
		pass(&from, 1000);
		pair_collect(&story);
		ck_assert_uint_eq(story.n, round % 2 == 0);
	}
}
END_TEST

START_TEST(connections_give_back_what_they_took)
{
	for (unsigned i = 0; i < 2 * RP_MAX_H2; i++) {
		pair_close();
		pair_open();
		pair_heard(PREFACE);
		ck_assert_uint_eq(rp_conn_kind(pair_fd), RP_FD_CONN);
	}
	ck_assert_uint_eq(atomic_load(&rp_drops[RP_DROP_no_h2]), 0);
}
END_TEST

START_TEST(a_server_may_speak_first)
{
	struct pair_story story = {0};

	pair_close();
	pair_open();
	h2wire_frame(&from, H2WIRE_SETTINGS, 0, 0, "\0\3\0\0\0\144", 6);
	pass(&from, 1000);
	ck_assert_uint_eq(rp_conn_kind(pair_fd), RP_FD_CONN);
	pair_heard(PREFACE);
	ask(1, "/a?profile=1", H2WIRE_ENDS);
	pass(&to, 1000);
	answer(1, ok, H2WIRE_ENDS);
	pass(&from, 1000);
	pair_collect(&story);
	ck_assert_uint_eq(story.n, 1);
	ck_assert_uint_eq(story.status[0], 200);
	done();
}
END_TEST

/* HTTP/1 asks, 101 answers, and the answer proper is stream 1's. */
START_TEST(http1_may_become_http2)
{
	struct pair_story story = {0};

	pair_close();
	pair_open();
	pair_heard("GET /a?profile=1 HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\n"
	           "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n");
	pair_said("HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
	ck_assert_uint_eq(rp_self.armed, RP_ARMED);
	h2wire_frame(&from, H2WIRE_SETTINGS, 0, 0, "", 0);
	answer(1, teapot, 0);
	pass(&from, 1000);
	ck_assert_uint_eq(rp_self.armed, RP_ARMED);
	pair_heard(PREFACE);
	ask(3, "/b?profile=1", H2WIRE_ENDS);
	pass(&to, 1000);
	end(1);
	pass(&from, 1000);
	answer(3, ok, H2WIRE_ENDS);
	pass(&from, 1000);
	pair_collect(&story);
	ck_assert_uint_eq(story.n, 2);
	ck_assert_str_eq(story.target[0], "/a");
	ck_assert_uint_eq(story.status[0], 418);
	ck_assert_str_eq(story.target[1], "/b");
	ck_assert_uint_eq(story.status[1], 200);
	done();
}
END_TEST

static void *hear_all(void *unused)
{
	(void)unused;
	pass(&to, 97);
	return NULL;
}

/* One thread reads requests and resets, another answers: each request ends once. */
START_TEST(a_reader_and_a_writer_at_once)
{
	for (unsigned round = 0; round < 30; round++) {
		unsigned first = 1 + 200 * round;
		struct pair_story story = {0};
		pthread_t reader;

		for (unsigned i = 0; i < 6; i++)
			ask(first + 2 * i, "/a?profile=1", 0);
		pass(&to, 1000);
		for (unsigned i = 0; i < 6; i++) {
			h2wire_frame(&to, i % 2 ? H2WIRE_RST : H2WIRE_DATA, 0, first + 2 * i,
			             "\0\0\0\10", 4);
			answer(first + 2 * i, ok, 0);
			end(first + 2 * i);
		}
		for (unsigned i = 6; i < 40; i++)
			ask(first + 2 * i, "/b", H2WIRE_ENDS);
		ck_assert_int_eq(pthread_create(&reader, NULL, hear_all, NULL), 0);
		pass(&from, 61);
		pthread_join(reader, NULL);
		ck_assert_uint_eq(rp_conn_h2_open(rp_conn_of(pair_fd)), 34);
		for (unsigned i = 6; i < 40; i++)
			answer(first + 2 * i, ok, H2WIRE_ENDS);
		pass(&from, 1000);
		pair_collect(&story);
		ck_assert_uint_eq(story.n, 6);
		done();
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conn_h2");
	TCase *tcase = tcase_create("streams");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, ready, NULL);
	tcase_add_test(tcase, streams_at_once_are_told_apart);
	tcase_add_test(tcase, bytes_are_those_of_the_streams_frames);
	tcase_add_test(tcase, a_call_with_frames_of_one_stream_is_that_streams);
	tcase_add_test(tcase, who_reads_two_streams_in_a_turn_works_for_neither);
	tcase_add_test(tcase, a_stream_may_be_reset_by_either);
	tcase_add_test(tcase, a_connection_that_closes_ends_its_streams);
	tcase_add_test(tcase, more_streams_than_places_are_counted_and_harmless);
	tcase_add_test(tcase, streams_are_found_wherever_they_were_put);
	tcase_add_test(tcase, connections_give_back_what_they_took);
	tcase_add_test(tcase, a_server_may_speak_first);
	tcase_add_test(tcase, http1_may_become_http2);
	tcase_add_test(tcase, a_reader_and_a_writer_at_once);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
