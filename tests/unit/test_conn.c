/* test_conn.c - descriptors, connections and the requests on them, over real sockets.
 *
 * Room: tests.  Our thread is a stub: the test frees what ends.
 * SPDX-License-Identifier: MIT
 */
#include "preload/hot/conn.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "preload/hot/clock.h"
#include "preload/hot/conn_slot.h"
#include "preload/hot/current.h"
#include "preload/hot/drops.h"
#include "preload/hot/executor.h"
#include "preload/hot/gate.h"
#include "preload/hot/request.h"
#include "preload/hot/sampler.h"
#include "preload/hot/turn.h"
#include "preload/hot/world.h"
#include "preload/settings.h"
#include "tests/support/flagged.h"
#include "tests/support/guard.h"
#include "tests/support/pair.h"
#include "tests/support/suite.h"

static struct flagged_notes notes;

static const char request_bytes[] =
        "POST /one?profile=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n"
        "12345"
        "GET /plain HTTP/1.1\r\nHost: h\r\n\r\n"
        "GET /two?profile=1 HTTP/1.1\r\nHost: h\r\n\r\n";
static const char response_bytes[] = "HTTP/1.1 201 Created\r\nContent-Length: 3\r\n\r\nabc"
                                     "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
                                     "HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n"
                                     "2\r\nhi\r\n0\r\n\r\n";

static void feed(void (*pass)(int, const void *, size_t), const char *bytes, size_t n, size_t cut)
{
	if (cut)
		pass(pair_fd, guard_put(0, bytes, cut), cut);
	if (n > cut)
		pass(pair_fd, guard_put(1, bytes + cut, n - cut), n - cut);
}

static void exchange(struct pair_story *story, size_t cut_in, size_t cut_out)
{
	memset(story, 0, sizeof(*story));
	feed(rp_conn_heard, request_bytes, sizeof(request_bytes) - 1, cut_in);
	feed(rp_conn_said, response_bytes, sizeof(response_bytes) - 1, cut_out);
	pair_collect(story);
	flagged_take(&notes);
}

static void expect(const struct pair_story *story)
{
	ck_assert_uint_eq(story->n, 2);
	ck_assert_str_eq(story->target[0], "/one");
	ck_assert_uint_eq(story->status[0], 201);
	ck_assert_uint_eq(story->in[0], strstr(request_bytes, "GET") - request_bytes);
	ck_assert_uint_eq(story->out[0], strstr(response_bytes, "HTTP/1.1 200") - response_bytes);
	ck_assert_str_eq(story->target[1], "/two");
	ck_assert_uint_eq(story->status[1], 404);
	ck_assert_uint_eq(story->in[1], strlen(strstr(request_bytes, "GET /two")));
	ck_assert_uint_eq(story->out[1], strlen(strstr(response_bytes, "HTTP/1.1 404")));
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_uint_eq(story->how[i], RP_END_COMPLETE);
		ck_assert(story->body[i] && story->response[i]);
	}
	ck_assert_uint_eq(rp_self.armed, 0);
	ck_assert_uint_eq(atomic_load(&rp_n_requests), 0);
	ck_assert_uint_eq(flagged_tracks(), 0);
}

START_TEST(the_same_requests_wherever_the_wire_is_cut)
{
	struct pair_story story;

	for (size_t cut = 0; cut < sizeof(request_bytes); cut++) {
		exchange(&story, cut, 0);
		expect(&story);
	}
	for (size_t cut = 0; cut < sizeof(response_bytes); cut++) {
		exchange(&story, 0, cut);
		expect(&story);
	}
	ck_assert_uint_eq(atomic_load(&rp_drops[RP_DROP_lost_border]), 0);
}
END_TEST

START_TEST(byte_by_byte_and_in_iovecs_as_well)
{
	struct pair_story story = {0};
	struct iovec iov[sizeof(request_bytes)];

	for (size_t i = 0; i < sizeof(request_bytes) - 1; i++) {
		rp_conn_heard(pair_fd, guard_put(0, &request_bytes[i], 1), 1);
		iov[i] = (struct iovec){(void *)(uintptr_t)&request_bytes[i], 1};
	}
	for (size_t i = 0; i < sizeof(response_bytes) - 1; i++)
		rp_conn_said(pair_fd, guard_put(1, &response_bytes[i], 1), 1);
	pair_collect(&story);
	flagged_take(&notes);
	expect(&story);
	memset(&story, 0, sizeof(story));
	rp_conn_heard_iov(pair_fd, iov, sizeof(request_bytes) - 1, sizeof(request_bytes) - 1);
	feed(rp_conn_said, response_bytes, sizeof(response_bytes) - 1, 0);
	pair_collect(&story);
	flagged_take(&notes);
	expect(&story);
}
END_TEST

START_TEST(a_body_that_passes_unseen_is_counted)
{
	struct pair_story story = {0};

	pair_heard("GET /f?profile=1 HTTP/1.1\r\n\r\n");
	pair_said("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
	rp_conn_said(pair_fd, NULL, 400); /* sendfile */
	ck_assert_uint_eq(rp_self.armed, RP_ARMED);
	rp_conn_said(pair_fd, NULL, 600);
	ck_assert_uint_eq(rp_self.armed, 0);
	pair_collect(&story);
	ck_assert_uint_eq(story.n, 1);
	ck_assert_uint_eq(story.how[0], RP_END_COMPLETE);
	ck_assert_uint_eq(story.out[0], 41 + 1000);
}
END_TEST

START_TEST(an_end_by_close_is_complete_only_where_that_is_how_it_ends)
{
	static const struct {
		const char *head;
		enum rp_end_how how;
	} cases[] = {
	        {"HTTP/1.0 200 OK\r\n\r\nbody", RP_END_COMPLETE},
	        {"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nbody", RP_END_CLOSED},
	        {"", RP_END_CLOSED},
	};

	for (unsigned i = 0; i < 6; i++) {
		struct pair_story story = {0};

		pair_heard("GET /f?profile=1 HTTP/1.1\r\n\r\n");
		if (*cases[i % 3].head)
			pair_said(cases[i % 3].head);
		if (i < 3)
			rp_conn_retire(pair_fd);
		else
			rp_conn_shut(pair_fd, SHUT_WR);
		pair_collect(&story);
		ck_assert_uint_eq(story.n, 1);
		ck_assert_uint_eq(story.how[0], cases[i % 3].how);
		ck_assert_uint_eq(rp_self.armed, 0);
		pair_close();
		pair_open();
	}
}
END_TEST

START_TEST(an_upgrade_ends_the_request_and_the_watching)
{
	struct pair_story story = {0};

	pair_heard(
	        "GET /ws?profile=1 HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
	pair_said("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n");
	pair_collect(&story);
	ck_assert_uint_eq(story.how[0], RP_END_UPGRADED);
	ck_assert_uint_eq(story.status[0], 101);
	ck_assert_uint_eq(rp_conn_kind(pair_fd), RP_FD_OPAQUE);
	ck_assert(!rp_conn_watched(pair_fd));
}
END_TEST

START_TEST(what_is_not_http_is_given_up_and_keeps_no_buffer)
{
	for (unsigned i = 0; i < RP_MAX_HEADS + 10; i++) {
		pair_heard("GET / HTTP/1.1\r\nHos");
		pair_heard("t\x01\x02: \r\n\x03 bad\r\n no colon\r\n\r\n");
		pair_heard("\x16\x03\x01");
		pair_close();
		pair_open();
		pair_heard("SSH-2.0-x\r\n");
		ck_assert_uint_eq(rp_conn_kind(pair_fd), RP_FD_OPAQUE);
		pair_close();
		pair_open();
	}
	ck_assert_uint_eq(atomic_load(&rp_drops[RP_DROP_head_pool]), 0);
}
END_TEST

START_TEST(more_heads_in_pieces_than_buffers_are_counted_and_harmless)
{
	int fds[RP_MAX_HEADS + 1];

	for (unsigned i = 0; i <= RP_MAX_HEADS; i++) {
		pair_open();
		fds[i] = pair_fd;
		pair_heard("GET /x?profile=1 HT");
	}
	ck_assert_uint_eq(atomic_load(&rp_drops[RP_DROP_head_pool]), 1);
	ck_assert_uint_eq(rp_conn_kind(pair_fd), RP_FD_OPAQUE);
	for (unsigned i = 0; i <= RP_MAX_HEADS; i++)
		rp_conn_retire(fds[i]);
	pair_open();
	pair_heard("GET /x?profile=1 HT"); /* they were given back */
	pair_heard("TP/1.1\r\n\r\n");
	ck_assert_uint_eq(rp_self.armed, RP_ARMED);
}
END_TEST

/* --- whose thread it is --- */

/* The calling thread is a loop that does at once what an event brings. */
static void is_a_loop(void)
{
	int most = 1;

	atomic_store(&rp_turn_runs, RP_RUNS_INLINE);
	rp_turn_wait(RP_NEVER, false, &most);
	rp_turn_begins(1);
}

START_TEST(the_thread_works_for_who_is_being_answered)
{
	int other, flagged_fd = pair_fd;

	is_a_loop();

	pair_heard("GET /a?profile=1 HTTP/1.1\r\n\r\n");
	ck_assert_uint_eq(rp_self.armed, RP_ARMED);
	ck_assert(!rp_conn_is_foreign(pair_fd));
	pair_open();
	other = pair_fd;
	ck_assert(rp_conn_is_foreign(other));
	pair_heard("GET /b HTTP/1.1\r\n\r\n");
	ck_assert_uint_eq(rp_self.armed, 0);
	rp_conn_touch(flagged_fd, false, 0);
	ck_assert_uint_eq(rp_self.armed, RP_ARMED);
	rp_conn_touch(other, false, 0);
	ck_assert_uint_eq(rp_self.armed, 0);
	pair_fd = flagged_fd;
	pair_said("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
	ck_assert_uint_eq(rp_self.armed, RP_ARMED);
	pair_said("ok");
	ck_assert_uint_eq(rp_self.armed, 0);
	flagged_take(&notes);
	ck_assert_uint_eq(notes.n_ends, 3);
}
END_TEST

START_TEST(one_that_leaves_a_request_unanswered_for_anothers_is_believed_no_more)
{
	int other, flagged_fd = pair_fd;

	pair_heard("GET /a?profile=1 HTTP/1.1\r\n\r\n");
	ck_assert_uint_eq(rp_self.armed, RP_ARMED);
	pair_open();
	other = pair_fd;
	rp_conn_touch(other, true, 0);
	ck_assert_uint_eq(rp_self.armed, 0);
	pair_heard("GET /b HTTP/1.1\r\n\r\n");
	rp_conn_touch(flagged_fd, false, 0);
	ck_assert_uint_eq(rp_self.armed, 0);
	ck_assert_uint_eq(rp_current_off(), 1u << RP_BY_CLIENT);
}
END_TEST

/* Another thread reads or writes on the connection: it may be said to work for the request, and
 * still when it waits for a condition. */
struct touches {
	bool reads, works, waits;
};

static void *touches(void *arg)
{
	const struct rp_waited cond = {.kind = RP_WAIT_COND, .fd = -1};
	struct touches *t = arg;

	rp_conn_touch(pair_fd, t->reads, MSG_DONTWAIT);
	t->works = rp_self.armed == RP_ARMED;
	t->waits = t->works && !rp_executor_parks(&rp_self, &cond);
	rp_current_leave();
	return t;
}

static struct touches another_thread(bool reads)
{
	struct touches t = {.reads = reads};
	pthread_t thread;

	pthread_create(&thread, NULL, touches, &t);
	pthread_join(thread, NULL);
	return t;
}

START_TEST(who_reads_or_answers_what_another_thread_has_read_may_go_on_with_anybodys)
{
	const struct rp_waited cond = {.kind = RP_WAIT_COND, .fd = -1};
	bool reads = _i;

	pair_heard("POST /a?profile=1 HTTP/1.1\r\nContent-Length: 5\r\n\r\n");
	struct touches alone = another_thread(reads);

	ck_assert(alone.works && !alone.waits);
	rp_request_joins(NULL, 0);
	ck_assert(!another_thread(reads).works);
	rp_conn_touch(pair_fd, reads, MSG_DONTWAIT);
	ck_assert_uint_eq(rp_self.armed, RP_ARMED);
	ck_assert(!rp_executor_parks(&rp_self, &cond));
}
END_TEST

START_TEST(an_epoll_set_of_others_is_a_loop)
{
	enum { EP_ONE = 400, EP_MANY, EP_LISTEN, LISTENER };
	int first = pair_fd;

	rp_conn_born(EP_ONE, RP_FD_EPOLL);
	rp_conn_born(EP_MANY, RP_FD_EPOLL);
	rp_conn_born(EP_LISTEN, RP_FD_EPOLL);
	rp_conn_born(LISTENER, RP_FD_LISTEN);
	rp_conn_joined(EP_ONE, first);
	rp_conn_joined(EP_ONE, first);
	rp_conn_joined(EP_MANY, first);
	pair_open();
	rp_conn_joined(EP_MANY, pair_fd);
	rp_conn_joined(EP_LISTEN, LISTENER);
	pair_fd = first;
	ck_assert(rp_conn_is_loop(EP_ONE)); /* not the thread's own request */
	pair_heard("GET /a?profile=1 HTTP/1.1\r\n\r\n");
	ck_assert(!rp_conn_is_loop(EP_ONE));
	ck_assert(rp_conn_is_loop(EP_MANY));
	ck_assert(rp_conn_is_loop(EP_LISTEN));
	ck_assert(!rp_conn_is_loop(LISTENER));
	atomic_store(&rp_conn_has_ring, true); /* who knows what else is in it */
	ck_assert(rp_conn_is_loop(EP_ONE));
	atomic_store(&rp_conn_has_ring, false);
	rp_conn_retire(EP_ONE); /* a set's death is not its connection's */
	ck_assert_ptr_nonnull(rp_conn_of(first));
	ck_assert_uint_eq(rp_self.armed, RP_ARMED);
}
END_TEST

/* A thread that reads may make a set for one wait, as gunicorn's do. */
START_TEST(a_set_of_one_is_none_of_a_loop)
{
	enum { SET = 400, WAKE };
	struct rp_conn *c = rp_conn_of(pair_fd);

	for (int with_more = 0; with_more < 2; with_more++) {
		rp_conn_set_made(SET);
		rp_conn_born(SET, RP_FD_EPOLL);
		rp_conn_joined(SET, pair_fd);
		ck_assert(rp_conn_is_set_of_one(SET) && c->watched);
		if (with_more) {
			rp_conn_born(WAKE, RP_FD_CARRIER);
			rp_conn_joined(SET, WAKE);
			ck_assert(!rp_conn_is_set_of_one(SET));
		}
		rp_conn_retire(SET);
		ck_assert(!c->watched && !c->epoll && !c->n_epoll_more);
	}
	ck_assert(!rp_conn_is_set_of_one(SET));
}
END_TEST

/* Rust's mio adds to a copy of the set's descriptor and waits on the first one. */
START_TEST(a_set_with_two_names_is_a_loop_whatever_it_holds)
{
	enum { SET = 400, COPY, COPY_OF_COPY };

	rp_conn_born(SET, RP_FD_EPOLL);
	ck_assert(!rp_conn_is_loop(SET));
	rp_conn_duped(SET, COPY);
	rp_conn_duped(COPY, COPY_OF_COPY);
	rp_conn_joined(COPY, pair_fd);
	pair_heard("GET /a?profile=1 HTTP/1.1\r\n\r\n");
	ck_assert(rp_conn_is_loop(SET));
	ck_assert(rp_conn_is_loop(COPY));
	ck_assert(rp_conn_is_loop(COPY_OF_COPY));
	rp_conn_retire(COPY);
	ck_assert(rp_conn_is_loop(SET));
}
END_TEST

START_TEST(requests_in_flight_are_counted_as_far_as_one_asks)
{
	enum { OTHER = 200, MANY = 100 };

	ck_assert_uint_eq(rp_conn_in_flight(MANY), 0);
	rp_conn_born(OTHER, RP_FD_CONN);
	rp_pending_push(&rp_conn_get(OTHER)->pending, 0, 0, 0);
	ck_assert_uint_eq(rp_conn_in_flight(MANY), 1);
	rp_pending_push(&rp_conn_get(pair_fd)->pending, 0, 0, 0);
	ck_assert_uint_eq(rp_conn_in_flight(MANY), 2);
	ck_assert_uint_eq(rp_conn_in_flight(1), 1);
}
END_TEST

START_TEST(errno_is_the_hosts)
{
	errno = 4242;
	pair_heard("GET /a?profile=1 HTTP/1.1\r\n\r\n");
	pair_said("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	rp_conn_touch(pair_fd, false, 0);
	rp_conn_shut(pair_fd, SHUT_RDWR);
	rp_conn_retire(pair_fd);
	ck_assert_int_eq(errno, 4242);
}
END_TEST

/* 300 flagged requests in one segment: more than there are runs. */
START_TEST(a_pipeline_that_is_too_long_is_counted)
{
	rp_settings.concurrent = RP_MAX_REQUESTS;
	for (unsigned i = 0; i < RP_MAX_PENDING + 1; i++)
		pair_heard("GET /a?profile=1 HTTP/1.1\r\n\r\n");
	ck_assert_uint_eq(atomic_load(&rp_drops[RP_DROP_pipeline_full]), 1);
	ck_assert_uint_eq(rp_conn_kind(pair_fd), RP_FD_OPAQUE);
	for (unsigned i = 0; i < RP_MAX_REQUESTS; i++)
		ck_assert_uint_ne(atomic_load(&rp_requests[i].state), RP_REQUEST_LIVE);
	ck_assert_uint_eq(rp_self.armed, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conn");
	TCase *tcase = tcase_create("conn");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, pair_ready, NULL);
	tcase_add_test(tcase, the_same_requests_wherever_the_wire_is_cut);
	tcase_add_test(tcase, byte_by_byte_and_in_iovecs_as_well);
	tcase_add_test(tcase, a_body_that_passes_unseen_is_counted);
	tcase_add_test(tcase, an_end_by_close_is_complete_only_where_that_is_how_it_ends);
	tcase_add_test(tcase, an_upgrade_ends_the_request_and_the_watching);
	tcase_add_test(tcase, what_is_not_http_is_given_up_and_keeps_no_buffer);
	tcase_add_test(tcase, more_heads_in_pieces_than_buffers_are_counted_and_harmless);
	tcase_add_test(tcase, the_thread_works_for_who_is_being_answered);
	tcase_add_test(tcase,
	               one_that_leaves_a_request_unanswered_for_anothers_is_believed_no_more);
	tcase_add_loop_test(
	        tcase, who_reads_or_answers_what_another_thread_has_read_may_go_on_with_anybodys, 0,
	        2);
	tcase_add_test(tcase, an_epoll_set_of_others_is_a_loop);
	tcase_add_test(tcase, a_set_of_one_is_none_of_a_loop);
	tcase_add_test(tcase, a_set_with_two_names_is_a_loop_whatever_it_holds);
	tcase_add_test(tcase, requests_in_flight_are_counted_as_far_as_one_asks);
	tcase_add_test(tcase, errno_is_the_hosts);
	tcase_add_test(tcase, a_pipeline_that_is_too_long_is_counted);
	return suite_run(suite);
}
