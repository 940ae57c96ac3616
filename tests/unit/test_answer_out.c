/* test_answer_out.c - what becomes of each byte that a host offers while an answer is replaced,
 * wherever its calls are cut.
 *
 * Room: tests.  Nobody sends: what would be is in the queue.
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "preload/hot/answer.h"
#include "preload/hot/gate.h"
#include "preload/hot/offer.h"
#include "preload/settings.h"
#include "tests/support/guard.h"
#include "tests/support/pair.h"
#include "tests/support/suite.h"

static char head_memory[RP_ANSWER_HEAD_BYTES], queue_memory[RP_ANSWER_QUEUE_BYTES];
static struct rp_answer *started;
static bool may_take;

static bool start(struct rp_answer *a)
{
	started = a;
	a->head = head_memory;
	a->queue = queue_memory;
	a->patient = false;
	atomic_store(&a->taken, may_take ? RP_TAKEN_YES : RP_TAKEN_NO);
	return true;
}

static const char requests[] = "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"
                               "GET /b?profile=text HTTP/1.1\r\nHost: localhost\r\n\r\n"
                               "GET /c HTTP/1.1\r\nHost: localhost\r\n\r\n";
#define BEFORE "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
#define AFTER  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"

static const struct {
	const char *answer, *kept; /* KEPT: that of it which goes out all the same */
} cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n", ""},
        {"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", ""},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX: y\r\n\r\n", ""},
        {"HTTP/1.1 103 Early\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
         "HTTP/1.1 103 Early\r\nLink: a\r\n\r\n"},
        {"HTTP/1.1 304 Not Modified\r\n\r\n", "HTTP/1.1 304 Not Modified\r\n\r\n"},
        {"HTTP/1.1 206 Part\r\nContent-Length: 2\r\n\r\nhi",
         "HTTP/1.1 206 Part\r\nContent-Length: 2\r\n\r\nhi"},
};

/* What the client has by now. */
static size_t received(char *into, size_t room)
{
	ssize_t got = recv(pair_peer, into, room, MSG_DONTWAIT);

	return got > 0 ? (size_t)got : 0;
}

/* The host's call, by us or, where we leave it to it, as it is. */
static void offer(const char *bytes, size_t n)
{
	ssize_t put = -1;

	if (!n)
		return;
	if (!rp_offer_wanted(pair_fd) || !rp_offer_bytes(pair_fd, bytes, n, 0, &put)) {
		put = send(pair_fd, bytes, n, 0);
		rp_conn_said(pair_fd, bytes, (size_t)put);
	}
	ck_assert_int_eq(put, (ssize_t)n);
}

/* What the client gets, in the end, of the host's own: at once, and behind the page. */
static void exchange(const char *answer, const char *kept, size_t cut)
{
	char all[1024], wanted[1024], got[2048];
	struct pair_story story = {0};
	size_t n;

	n = (size_t)snprintf(all, sizeof(all), BEFORE "%s" AFTER, answer);
	snprintf(wanted, sizeof(wanted), BEFORE "%s" AFTER, kept);
	started = NULL;
	rp_conn_heard(pair_fd, guard_put(0, requests, sizeof(requests) - 1), sizeof(requests) - 1);
	ck_assert_ptr_nonnull(started);
	offer(guard_put(0, all, cut), cut);
	offer(guard_put(1, all + cut, n - cut), n - cut);

	size_t direct = received(got, sizeof(got));
	size_t queued = (size_t)(atomic_load(&started->queued) & RP_QUEUE_BYTES);

	memcpy(got + direct, queue_memory, queued);
	got[direct + queued] = '\0';
	ck_assert_str_eq(got, wanted);
	ck_assert_uint_eq(atomic_load(&started->state),
	                  strcmp(answer, kept) == 0 ? RP_ANSWER_LEFT : RP_ANSWER_DUE);
	ck_assert_uint_eq(atomic_load(&started->holders), 0);
	rp_answer_end(started);
	pair_collect(&story);
	ck_assert_uint_eq(story.n, 1);
	ck_assert_uint_eq(story.out[0], strlen(answer));
	ck_assert_uint_eq(atomic_load(&rp_followed), 0);
}

START_TEST(each_byte_has_its_place_wherever_a_call_is_cut)
{
	size_t n = strlen(BEFORE) + strlen(cases[_i].answer) + strlen(AFTER);

	for (size_t cut = 0; cut <= n; cut++)
		exchange(cases[_i].answer, cases[_i].kept, cut);
}
END_TEST

START_TEST(nothing_is_dropped_where_the_socket_cannot_be_had)
{
	may_take = false;
	exchange(cases[0].answer, cases[0].answer, 0);
}
END_TEST

START_TEST(a_file_ends_with_the_answer_though_more_of_it_was_offered)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n";
	FILE *file = tmpfile();
	struct pair_story story = {0};
	int64_t at = 0;
	ssize_t put = -1;

	ck_assert_int_eq(write(fileno(file), "hello\n", 6), 6);
	rp_conn_heard(pair_fd, guard_put(0, requests, sizeof(requests) - 1), sizeof(requests) - 1);
	offer(BEFORE, sizeof(BEFORE) - 1);
	offer(head, sizeof(head) - 1);
	ck_assert_uint_eq(atomic_load(&started->state), RP_ANSWER_BODY);
	ck_assert(rp_offer_file(pair_fd, fileno(file), &at, 1 << 20, 0, &put));
	ck_assert_int_eq(put, 6);
	ck_assert_int_eq(at, 6);
	ck_assert_uint_eq(atomic_load(&started->state), RP_ANSWER_DUE);
	ck_assert(rp_offer_file(pair_fd, fileno(file), &at, 1 << 20, 0, &put));
	ck_assert_int_eq(put, 0);
	offer(AFTER, sizeof(AFTER) - 1);
	ck_assert_uint_eq(atomic_load(&started->queued) & RP_QUEUE_BYTES, sizeof(AFTER) - 1);
	rp_answer_end(started);
	pair_collect(&story);
	fclose(file);
}
END_TEST

/* Where the host is to make its call itself it must not hear that nothing was sent. */
START_TEST(nothing_is_said_of_a_connection_that_was_given_up)
{
	ssize_t put = -1;

	rp_conn_heard(pair_fd, guard_put(0, requests, sizeof(requests) - 1), sizeof(requests) - 1);
	atomic_store(&rp_conn_of(pair_fd)->opaque, 1);
	ck_assert(rp_offer_is_marked(pair_fd));
	ck_assert(!rp_offer_bytes(pair_fd, BEFORE, sizeof(BEFORE) - 1, 0, &put));
	rp_answer_end(started);
}
END_TEST

START_TEST(of_an_answer_that_is_cut_nothing_goes_out)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n";
	char got[256];
	struct pair_story story = {0};

	rp_conn_heard(pair_fd, guard_put(0, requests, sizeof(requests) - 1), sizeof(requests) - 1);
	offer(BEFORE, sizeof(BEFORE) - 1);
	offer(head, sizeof(head) - 1);
	ck_assert_uint_eq(received(got, sizeof(got)), sizeof(BEFORE) - 1);
	rp_conn_heard(pair_fd, "\1\2\r\n\r\n", 6);
	ck_assert_uint_eq(atomic_load(&started->state), RP_ANSWER_DUE);
	offer("hello\n", 6);
	offer(AFTER, sizeof(AFTER) - 1);
	ck_assert_uint_eq(received(got, sizeof(got)), 0);
	ck_assert_uint_eq(atomic_load(&started->queued), 0);
	rp_answer_end(started);
	pair_collect(&story);
}
END_TEST

START_TEST(what_was_held_is_in_front_when_the_connection_is_given_up)
{
	char got[256];
	struct pair_story story = {0};

	rp_conn_heard(pair_fd, guard_put(0, requests, sizeof(requests) - 1), sizeof(requests) - 1);
	offer(BEFORE, sizeof(BEFORE) - 1);
	offer("HTTP/1.1 200", 12);
	ck_assert_uint_eq(received(got, sizeof(got)), sizeof(BEFORE) - 1);
	rp_conn_heard(pair_fd, "\1\2\r\n\r\n", 6);
	ck_assert_uint_eq(atomic_load(&started->state), RP_ANSWER_LEFT);
	offer(" OK\r\n\r\n", 7);
	ck_assert_uint_eq(received(got, sizeof(got)), 0);
	ck_assert_uint_eq(atomic_load(&started->queued), 19);
	ck_assert_int_eq(memcmp(queue_memory, "HTTP/1.1 200 OK\r\n\r\n", 19), 0);
	rp_answer_end(started);
	pair_collect(&story);
}
END_TEST

/* The queue is full, nobody empties it, and the host set a limit to its waits, or wants none. */
START_TEST(a_full_queue_is_waited_for_as_long_as_the_host_said)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n";
	struct timeval most = {0, 20000};
	struct pair_story story = {0};
	ssize_t put = 0;

	setsockopt(pair_fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof(most));
	rp_conn_heard(pair_fd, guard_put(0, requests, sizeof(requests) - 1), sizeof(requests) - 1);
	offer(BEFORE, sizeof(BEFORE) - 1);
	offer(head, sizeof(head) - 1);
	atomic_store(&started->queued, RP_ANSWER_QUEUE_BYTES);
	ck_assert(rp_offer_bytes(pair_fd, AFTER, sizeof(AFTER) - 1, _i ? MSG_DONTWAIT : 0, &put));
	ck_assert_int_eq(put, -1);
	ck_assert_int_eq(errno, EAGAIN);
	rp_answer_end(started);
	pair_collect(&story);
}
END_TEST

START_TEST(where_nobody_could_say_that_there_is_room_who_cannot_wait_is_left_alone)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n";
	struct pair_story story = {0};
	ssize_t put = 0;

	rp_conn_heard(pair_fd, guard_put(0, requests, sizeof(requests) - 1), sizeof(requests) - 1);
	offer(BEFORE, sizeof(BEFORE) - 1);
	started->patient = true;
	ck_assert(!rp_offer_bytes(pair_fd, head, sizeof(head) - 1, MSG_DONTWAIT, &put));
	ck_assert_uint_eq(atomic_load(&started->state), RP_ANSWER_LEFT);
	rp_answer_end(started);
	pair_collect(&story);
}
END_TEST

/* A pipe with nothing in it, and one that cannot be read. */
START_TEST(a_file_that_gives_nothing_says_why)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n";
	struct pair_story story = {0};
	ssize_t put = 0;
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	rp_conn_heard(pair_fd, guard_put(0, requests, sizeof(requests) - 1), sizeof(requests) - 1);
	offer(BEFORE, sizeof(BEFORE) - 1);
	offer(head, sizeof(head) - 1);
	for (int i = 0; i < 2; i++) {
		ck_assert(rp_offer_file(pair_fd, fds[i], NULL, 6, i ? 0 : MSG_DONTWAIT, &put));
		ck_assert_int_eq(put, -1);
		ck_assert_int_eq(errno, i ? EBADF : EAGAIN);
	}
	ck_assert_uint_eq(atomic_load(&started->state), RP_ANSWER_BODY);
	rp_answer_end(started);
	close(fds[0]);
	close(fds[1]);
	pair_collect(&story);
}
END_TEST

/* Of a pipe nothing is taken for which the queue has no room, and it has what it had. */
START_TEST(what_a_pipe_has_stays_there_until_there_is_room)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n";
	struct pair_story story = {0};
	int fds[2], left = 0;
	ssize_t put = 0;

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(write(fds[1], AFTER, sizeof(AFTER) - 1), sizeof(AFTER) - 1);
	rp_conn_heard(pair_fd, guard_put(0, requests, sizeof(requests) - 1), sizeof(requests) - 1);
	offer(BEFORE, sizeof(BEFORE) - 1);
	offer(head, sizeof(head) - 1);
	for (unsigned room = 0; room <= 10; room += 10) {
		atomic_store(&started->queued, RP_ANSWER_QUEUE_BYTES - room);
		ck_assert(rp_offer_splice(pair_fd, fds[0], NULL, 100, SPLICE_F_NONBLOCK, &put));
		ck_assert_int_eq(put, room ? (ssize_t)room : -1);
		ck_assert_int_eq(ioctl(fds[0], FIONREAD, &left), 0);
		ck_assert_int_eq(left, (int)(sizeof(AFTER) - 1 - room));
	}
	ck_assert_int_eq(memcmp(queue_memory + RP_ANSWER_QUEUE_BYTES - 10, AFTER, 10), 0);
	rp_answer_end(started);
	close(fds[0]);
	close(fds[1]);
	pair_collect(&story);
}
END_TEST

static void setup(void)
{
	may_take = true;
	rp_answer_start = start;
	pair_ready();
	rp_settings.open_loopback = true;
	rp_settings.headers_off = true;
}

int main(void)
{
	Suite *suite = suite_create("hot/answer_out");
	TCase *tests = tcase_create("offers");

	tcase_add_checked_fixture(tests, setup, pair_close);
	tcase_add_loop_test(tests, each_byte_has_its_place_wherever_a_call_is_cut, 0,
	                    sizeof(cases) / sizeof(*cases));
	tcase_add_test(tests, nothing_is_dropped_where_the_socket_cannot_be_had);
	tcase_add_test(tests, a_file_ends_with_the_answer_though_more_of_it_was_offered);
	tcase_add_test(tests, nothing_is_said_of_a_connection_that_was_given_up);
	tcase_add_test(tests, of_an_answer_that_is_cut_nothing_goes_out);
	tcase_add_test(tests, what_was_held_is_in_front_when_the_connection_is_given_up);
	tcase_add_loop_test(tests, a_full_queue_is_waited_for_as_long_as_the_host_said, 0, 2);
	tcase_add_test(tests,
	               where_nobody_could_say_that_there_is_room_who_cannot_wait_is_left_alone);
	tcase_add_test(tests, a_file_that_gives_nothing_says_why);
	tcase_add_test(tests, what_a_pipe_has_stays_there_until_there_is_room);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
