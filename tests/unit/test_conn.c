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
#include "preload/hot/gate.h"
#include "preload/hot/request.h"
#include "preload/hot/sampler.h"
#include "preload/hot/world.h"
#include "preload/settings.h"
#include "tests/support/flagged.h"
#include "tests/support/guard.h"
#include "tests/support/suite.h"

static struct flagged_notes notes;
static int fd, peer;

static bool start_ok(void)
{
	return true;
}

static void open_pair(void)
{
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	fd = ends[0];
	peer = ends[1];
	rp_conn_accepted(-1, fd);
}

static void close_pair(void)
{
	rp_conn_retire(fd);
	close(fd);
	close(peer);
}

static void ready(void)
{
	flagged_ready();
	rp_gate_start = start_ok;
	rp_settings.rate_milli = rp_settings.burst = 1000000;
	rp_settings.interval_ns = 1000000000;
	open_pair();
}

static void heard(const char *text)
{
	rp_conn_heard(fd, guard_put(0, text, strlen(text)), strlen(text));
}

static void said(const char *text)
{
	rp_conn_said(fd, guard_put(1, text, strlen(text)), strlen(text));
}

/* What became of the requests, in order of their serials; ended ones are freed. */
struct story {
	unsigned n;
	char target[8][64];
	uint32_t status[8], how[8];
	uint64_t in[8], out[8];
	bool body[8], response[8];
};

static void tell(struct story *to, struct rp_request *r)
{
	unsigned i = to->n++;

	ck_assert_uint_lt(i, 8);
	memcpy(to->target[i], r->target, r->n_target);
	to->status[i] = atomic_load(&r->status);
	to->how[i] = atomic_load(&r->how);
	to->in[i] = atomic_load(&r->bytes_in);
	to->out[i] = atomic_load(&r->bytes_out);
	to->body[i] = atomic_load(&r->body_ns) != RP_NEVER;
	to->response[i] = atomic_load(&r->response_ns) != RP_NEVER;
	ck_assert_uint_le(atomic_load(&r->first_byte_ns), atomic_load(&r->head_ns));
	ck_assert_uint_le(atomic_load(&r->head_ns), atomic_load(&r->last_byte_ns));
}

static void collect(struct story *to)
{
	for (;;) {
		struct rp_request *oldest = NULL;

		for (unsigned i = 0; i < RP_MAX_REQUESTS; i++) {
			struct rp_request *r = &rp_requests[i];

			if (atomic_load(&r->state) == RP_REQUEST_ENDED &&
			    (!oldest || r->seq < oldest->seq))
				oldest = r;
		}
		if (!oldest)
			return;
		tell(to, oldest);
		rp_request_free(oldest);
	}
}

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
		pass(fd, guard_put(0, bytes, cut), cut);
	if (n > cut)
		pass(fd, guard_put(1, bytes + cut, n - cut), n - cut);
}

static void exchange(struct story *story, size_t cut_in, size_t cut_out)
{
	memset(story, 0, sizeof(*story));
	feed(rp_conn_heard, request_bytes, sizeof(request_bytes) - 1, cut_in);
	feed(rp_conn_said, response_bytes, sizeof(response_bytes) - 1, cut_out);
	collect(story);
	flagged_take(&notes);
}

static void expect(const struct story *story)
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
	struct story story;

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
	struct story story = {0};
	struct iovec iov[sizeof(request_bytes)];

	for (size_t i = 0; i < sizeof(request_bytes) - 1; i++) {
		rp_conn_heard(fd, guard_put(0, &request_bytes[i], 1), 1);
		iov[i] = (struct iovec){(void *)(uintptr_t)&request_bytes[i], 1};
	}
	for (size_t i = 0; i < sizeof(response_bytes) - 1; i++)
		rp_conn_said(fd, guard_put(1, &response_bytes[i], 1), 1);
	collect(&story);
	flagged_take(&notes);
	expect(&story);
	memset(&story, 0, sizeof(story));
	rp_conn_heard_iov(fd, iov, sizeof(request_bytes) - 1, sizeof(request_bytes) - 1);
	feed(rp_conn_said, response_bytes, sizeof(response_bytes) - 1, 0);
	collect(&story);
	flagged_take(&notes);
	expect(&story);
}
END_TEST

START_TEST(a_body_that_passes_unseen_is_counted)
{
	struct story story = {0};

	heard("GET /f?profile=1 HTTP/1.1\r\n\r\n");
	said("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
	rp_conn_said(fd, NULL, 400); /* sendfile */
	ck_assert_uint_eq(rp_self.armed, RP_ARMED);
	rp_conn_said(fd, NULL, 600);
	ck_assert_uint_eq(rp_self.armed, 0);
	collect(&story);
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
		struct story story = {0};

		heard("GET /f?profile=1 HTTP/1.1\r\n\r\n");
		if (*cases[i % 3].head)
			said(cases[i % 3].head);
		if (i < 3)
			rp_conn_retire(fd);
		else
			rp_conn_shut(fd, SHUT_WR);
		collect(&story);
		ck_assert_uint_eq(story.n, 1);
		ck_assert_uint_eq(story.how[0], cases[i % 3].how);
		ck_assert_uint_eq(rp_self.armed, 0);
		close_pair();
		open_pair();
	}
}
END_TEST

START_TEST(an_upgrade_ends_the_request_and_the_watching)
{
	struct story story = {0};

	heard("GET /ws?profile=1 HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
	said("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n");
	collect(&story);
	ck_assert_uint_eq(story.how[0], RP_END_UPGRADED);
	ck_assert_uint_eq(story.status[0], 101);
	ck_assert_uint_eq(rp_conn_kind(fd), RP_FD_OPAQUE);
	ck_assert(!rp_conn_watched(fd));
}
END_TEST

START_TEST(what_is_not_http_is_given_up_and_keeps_no_buffer)
{
	for (unsigned i = 0; i < RP_MAX_HEADS + 10; i++) {
		heard("GET / HTTP/1.1\r\nHos");
		heard("t\x01\x02: \r\n\x03 bad\r\n no colon\r\n\r\n");
		heard("\x16\x03\x01");
		close_pair();
		open_pair();
		heard("SSH-2.0-x\r\n");
		ck_assert_uint_eq(rp_conn_kind(fd), RP_FD_OPAQUE);
		close_pair();
		open_pair();
	}
	ck_assert_uint_eq(atomic_load(&rp_drops[RP_DROP_head_pool]), 0);
}
END_TEST

START_TEST(more_heads_in_pieces_than_buffers_are_counted_and_harmless)
{
	int fds[RP_MAX_HEADS + 1];

	for (unsigned i = 0; i <= RP_MAX_HEADS; i++) {
		open_pair();
		fds[i] = fd;
		heard("GET /x?profile=1 HT");
	}
	ck_assert_uint_eq(atomic_load(&rp_drops[RP_DROP_head_pool]), 1);
	ck_assert_uint_eq(rp_conn_kind(fd), RP_FD_OPAQUE);
	for (unsigned i = 0; i <= RP_MAX_HEADS; i++)
		rp_conn_retire(fds[i]);
	open_pair();
	heard("GET /x?profile=1 HT"); /* they were given back */
	heard("TP/1.1\r\n\r\n");
	ck_assert_uint_eq(rp_self.armed, RP_ARMED);
}
END_TEST

/* --- whose thread it is --- */

START_TEST(the_thread_works_for_who_is_being_answered)
{
	int other, flagged_fd = fd;

	heard("GET /a?profile=1 HTTP/1.1\r\n\r\n");
	ck_assert_uint_eq(rp_self.armed, RP_ARMED);
	ck_assert(!rp_conn_is_foreign(fd));
	open_pair();
	other = fd;
	ck_assert(rp_conn_is_foreign(other));
	heard("GET /b HTTP/1.1\r\n\r\n");
	ck_assert_uint_eq(rp_self.armed, 0);
	rp_conn_touch(flagged_fd);
	ck_assert_uint_eq(rp_self.armed, RP_ARMED);
	rp_conn_touch(other);
	ck_assert_uint_eq(rp_self.armed, 0);
	fd = flagged_fd;
	said("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
	ck_assert_uint_eq(rp_self.armed, RP_ARMED);
	said("ok");
	ck_assert_uint_eq(rp_self.armed, 0);
	flagged_take(&notes);
	ck_assert_uint_eq(notes.n_ends, 3);
}
END_TEST

START_TEST(an_epoll_set_of_others_is_a_loop)
{
	enum { EP_ONE = 400, EP_MANY, EP_LISTEN, LISTENER };
	int first = fd;

	rp_conn_born(EP_ONE, RP_FD_EPOLL);
	rp_conn_born(EP_MANY, RP_FD_EPOLL);
	rp_conn_born(EP_LISTEN, RP_FD_EPOLL);
	rp_conn_born(LISTENER, RP_FD_LISTEN);
	rp_conn_joined(EP_ONE, first);
	rp_conn_joined(EP_ONE, first);
	rp_conn_joined(EP_MANY, first);
	open_pair();
	rp_conn_joined(EP_MANY, fd);
	rp_conn_joined(EP_LISTEN, LISTENER);
	fd = first;
	ck_assert(rp_conn_is_loop(EP_ONE)); /* not the thread's own request */
	heard("GET /a?profile=1 HTTP/1.1\r\n\r\n");
	ck_assert(!rp_conn_is_loop(EP_ONE));
	ck_assert(rp_conn_is_loop(EP_MANY));
	ck_assert(rp_conn_is_loop(EP_LISTEN));
	ck_assert(!rp_conn_is_loop(LISTENER));
	rp_conn_retire(EP_ONE); /* a set's death is not its connection's */
	ck_assert_ptr_nonnull(rp_conn_of(first));
	ck_assert_uint_eq(rp_self.armed, RP_ARMED);
}
END_TEST

/* --- names of a connection --- */

START_TEST(a_connection_lives_as_long_as_one_of_its_names)
{
	struct story story = {0};

	heard("GET /a?profile=1 HTTP/1.1\r\n\r\n");
	rp_conn_duped(fd, 500);
	rp_conn_duped(500, 501);
	rp_conn_retire(fd);
	rp_conn_retire(501);
	collect(&story);
	ck_assert_uint_eq(story.n, 0);
	rp_conn_said(500, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 38);
	collect(&story);
	ck_assert_uint_eq(story.n, 1);
	ck_assert_uint_eq(story.how[0], RP_END_COMPLETE);
	rp_conn_retire_range(400, 600);
	ck_assert_ptr_null(rp_conn_of(500));
}
END_TEST

START_TEST(a_close_that_nobody_saw_does_no_harm)
{
	struct story story = {0};

	heard("GET /a?profile=1 HTTP/1.1\r\n\r\n");
	rp_conn_accepted(-1, fd); /* the number is back */
	collect(&story);
	ck_assert_uint_eq(story.n, 1);
	ck_assert_uint_eq(story.how[0], RP_END_CLOSED);
	heard("GET /b?profile=1 HTTP/1.1\r\n\r\n");
	ck_assert_uint_eq(rp_self.armed, RP_ARMED);
	rp_conn_born(fd, RP_FD_OTHER);
	ck_assert_uint_eq(rp_conn_kind(fd), RP_FD_OTHER);
	ck_assert_uint_eq(rp_self.armed, 0);
}
END_TEST

START_TEST(every_slot_comes_back)
{
	for (unsigned i = 0; i < 2 * RP_MAX_CONNS; i++) {
		rp_conn_accepted(-1, 700);
		rp_conn_duped(700, 701);
		rp_conn_retire(700);
		rp_conn_retire(701);
	}
	rp_conn_accepted(-1, 700);
	ck_assert_ptr_nonnull(rp_conn_of(700));
	ck_assert_uint_eq(atomic_load(&rp_drops[RP_DROP_no_conn]), 0);
	for (int odd = RP_MAX_FDS - 1; odd < RP_MAX_FDS + 2; odd++) {
		rp_conn_accepted(-1, odd);
		rp_conn_heard(odd, "GET / HTTP/1.1\r\n\r\n", 18);
		rp_conn_retire(odd);
	}
	rp_conn_accepted(-1, -1);
	rp_conn_retire(-1);
	rp_conn_retire_range(0, ~0u);
}
END_TEST

enum { N_CLOSES = 5000 };
static _Atomic unsigned turn, closed;

static void wait_for(_Atomic unsigned *what, unsigned value)
{
	for (unsigned i = 1; atomic_load(what) != value; i++)
		if (i % 4096 == 0)
			sched_yield();
}

static void *close_501(void *arg)
{
	for (unsigned i = 1; i <= N_CLOSES; i++) {
		wait_for(&turn, i);
		rp_conn_retire(501);
		atomic_store(&closed, i);
	}
	return arg;
}

/* The last name must end it, whichever thread that is. */
START_TEST(two_threads_close_two_names_at_once)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, close_501, NULL), 0);
	for (unsigned i = 1; i <= N_CLOSES; i++) {
		struct rp_conn *c;

		rp_conn_accepted(-1, 500);
		rp_conn_duped(500, 501);
		c = rp_conn_of(500);
		rp_conn_heard(500, "GET / HT", 8); /* holds a buffer */
		ck_assert_uint_ne(c->head_buffer, 0);
		atomic_store(&turn, i);
		rp_conn_retire(500);
		wait_for(&closed, i);
		ck_assert_uint_eq(atomic_load(&c->refs), 0);
		ck_assert_uint_eq(c->head_buffer, 0);
	}
	pthread_join(thread, NULL);
}
END_TEST

START_TEST(two_readers_at_once_are_given_up)
{
	struct rp_conn *c = rp_conn_of(fd);

	heard("GET /a?profile=1 HTTP/1.1\r\n\r\n");
	atomic_store(&c->in_busy, 1); /* another thread is in there */
	heard("x");
	ck_assert_uint_eq(rp_conn_kind(fd), RP_FD_OPAQUE);
	ck_assert_uint_eq(rp_self.armed, 0);
	ck_assert_uint_eq(atomic_load(&rp_drops[RP_DROP_lost_border]), 1);
}
END_TEST

/* --- forks --- */

START_TEST(a_forked_child_serves_the_connection_that_its_parent_accepted)
{
	int status;
	pid_t pid;

	rp_conn_heard(fd, "GET /parent?profile=1 HTTP/1.1\r\n\r\n", 34);
	open_pair();
	pid = fork();
	if (pid == 0) {
		struct story story = {0};

		rp_world_forked(); /* as pthread_atfork's handler does */
		ck_assert_uint_eq(rp_self.armed, 0);
		ck_assert_uint_eq(atomic_load(&rp_n_requests), 0);
		heard("GET /child?profile=1 HTTP/1.1\r\n\r\n");
		ck_assert_uint_eq(rp_self.armed, RP_ARMED);
		said("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
		ck_assert_uint_eq(rp_self.armed, 0);
		collect(&story);
		ck_assert_uint_eq(story.n, 1);
		ck_assert_str_eq(story.target[0], "/child");
		_exit(42);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 42);
	ck_assert_uint_eq(rp_self.armed, RP_ARMED); /* the parent's own is as it was */
}
END_TEST

START_TEST(what_a_vfork_child_does_to_descriptors_is_not_ours)
{
	int status;
	pid_t pid;

	rp_conn_born(450, RP_FD_LISTEN);
	heard("GET /a?profile=1 HTTP/1.1\r\n\r\n");
	pid = vfork();
	if (pid == 0) {
		rp_conn_retire(fd);
		rp_conn_born(fd, RP_FD_OTHER); /* open() found the number free */
		rp_conn_born(450, RP_FD_OTHER);
		rp_conn_duped(0, fd);
		rp_conn_retire_range(3, ~0u);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_uint_eq(rp_conn_kind(fd), RP_FD_CONN);
	ck_assert_uint_eq(rp_conn_kind(450), RP_FD_LISTEN);
	ck_assert_uint_eq(rp_self.armed, RP_ARMED);
	said("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	ck_assert_uint_eq(rp_self.armed, 0);
}
END_TEST

START_TEST(errno_is_the_hosts)
{
	errno = 4242;
	heard("GET /a?profile=1 HTTP/1.1\r\n\r\n");
	said("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	rp_conn_touch(fd);
	rp_conn_shut(fd, SHUT_RDWR);
	rp_conn_retire(fd);
	ck_assert_int_eq(errno, 4242);
}
END_TEST

/* 300 flagged requests in one segment: more than there are runs. */
START_TEST(a_pipeline_that_is_too_long_is_counted)
{
	rp_settings.concurrent = RP_MAX_REQUESTS;
	for (unsigned i = 0; i < RP_MAX_PENDING + 1; i++)
		heard("GET /a?profile=1 HTTP/1.1\r\n\r\n");
	ck_assert_uint_eq(atomic_load(&rp_drops[RP_DROP_pipeline_full]), 1);
	ck_assert_uint_eq(rp_conn_kind(fd), RP_FD_OPAQUE);
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
	tcase_add_checked_fixture(tcase, ready, NULL);
	tcase_add_test(tcase, the_same_requests_wherever_the_wire_is_cut);
	tcase_add_test(tcase, byte_by_byte_and_in_iovecs_as_well);
	tcase_add_test(tcase, a_body_that_passes_unseen_is_counted);
	tcase_add_test(tcase, an_end_by_close_is_complete_only_where_that_is_how_it_ends);
	tcase_add_test(tcase, an_upgrade_ends_the_request_and_the_watching);
	tcase_add_test(tcase, what_is_not_http_is_given_up_and_keeps_no_buffer);
	tcase_add_test(tcase, more_heads_in_pieces_than_buffers_are_counted_and_harmless);
	tcase_add_test(tcase, the_thread_works_for_who_is_being_answered);
	tcase_add_test(tcase, an_epoll_set_of_others_is_a_loop);
	tcase_add_test(tcase, a_connection_lives_as_long_as_one_of_its_names);
	tcase_add_test(tcase, a_close_that_nobody_saw_does_no_harm);
	tcase_add_test(tcase, every_slot_comes_back);
	tcase_add_test(tcase, two_threads_close_two_names_at_once);
	tcase_add_test(tcase, two_readers_at_once_are_given_up);
	tcase_add_test(tcase, a_forked_child_serves_the_connection_that_its_parent_accepted);
	tcase_add_test(tcase, what_a_vfork_child_does_to_descriptors_is_not_ours);
	tcase_add_test(tcase, errno_is_the_hosts);
	tcase_add_test(tcase, a_pipeline_that_is_too_long_is_counted);
	return suite_run(suite);
}
