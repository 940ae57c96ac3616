/* test_conn_cut.c - reads that end where a flagged stream begins, or ends, and a host that hears of
 * the rest.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/conn_cut.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "preload/hot/clock.h"
#include "preload/hot/conn_h2.h"
#include "preload/hot/turn.h"
#include "preload/settings.h"
#include "tests/support/flagged.h"
#include "tests/support/h2wire.h"
#include "tests/support/pair.h"
#include "tests/support/suite.h"

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
enum { ROOM = 4096, DATA = 77, SOON_NS = 50000000 };

static struct h2wire wire;
static struct pair_story story;
static struct flagged_notes notes;
static char buf[ROOM];
static int set;

static void watch(int op, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.u64 = DATA};
	uint32_t since = rp_watch_changes(pair_fd, op);

	ck_assert_int_eq(epoll_ctl(set, op, pair_fd, &event), 0);
	rp_watch_changed(set, pair_fd, op, &event, since);
	if (op == EPOLL_CTL_ADD)
		rp_conn_joined(set, pair_fd);
}

/* A loop, as nginx's; stream 1 is flagged, and not answered yet. */
static void ready(void)
{
	pair_ready();
	rp_settings.concurrent = RP_MAX_LIVE;
	h2wire_open(&wire, ROOM);
	set = epoll_create1(0);
	rp_conn_set_made(set);
	watch(EPOLL_CTL_ADD, EPOLLIN | EPOLLET);
	atomic_store(&rp_turn_runs, RP_RUNS_INLINE);
	rp_turn_unseen(&rp_self.turn, RP_NEVER);
	rp_self.turn.set = set;
	rp_cut_begins();
}

static void close_all(void)
{
	rp_current_leave();
	pair_close();
	close(set);
	pair_collect(&story);
	flagged_take(&notes);
}

static void ask(unsigned stream, const char *path)
{
	const char *const fields[] = {":method", "GET",   ":scheme", "http", ":authority",
	                              "h",       ":path", path,      NULL};

	h2wire_headers(&wire, H2WIRE_ENDS, stream, fields, 1000);
}

static void send_all(void)
{
	ck_assert_int_eq(send(pair_peer, wire.bytes, wire.n, 0), (long)wire.n);
}

/* What the host reads now; all that is told of it is told. */
static size_t reads(void)
{
	size_t n = ROOM;

	ck_assert(rp_cut(pair_fd, buf, &n, 0));
	ssize_t got = recv(pair_fd, buf, n, MSG_DONTWAIT);

	if (got > 0)
		rp_conn_heard(pair_fd, buf, (size_t)got);
	return got > 0 ? (size_t)got : 0;
}

static unsigned events(void)
{
	struct epoll_event e[4];
	int n = epoll_wait(set, e, 4, 0);

	ck_assert(n < 1 || e[0].data.u64 == DATA);
	return (unsigned)n;
}

static void speak(void)
{
	memcpy(wire.bytes, PREFACE, sizeof(PREFACE) - 1);
	wire.n = sizeof(PREFACE) - 1;
	h2wire_frame(&wire, H2WIRE_SETTINGS, 0, 0, "", 0);
	ask(1, "/a?profile=1");
	send_all();
	while (reads())
		;
	events();
	wire.n = 0;
}

static bool works_for(unsigned serial)
{
	return rp_self.armed == RP_ARMED && rp_self.serial == serial;
}

/* One of others, a flagged one, two of others. */
START_TEST(a_flagged_stream_is_read_alone)
{
	size_t ends[4];

	speak();
	for (unsigned i = 0; i < 4; i++) {
		ask(3 + 2 * i, i == 1 ? "/b?profile=1" : "/c");
		ends[i] = wire.n;
	}
	send_all();
	ck_assert_uint_eq(reads(), ends[0]);
	ck_assert_uint_eq(rp_self.armed, 0);
	ck_assert_uint_eq(reads(), ends[1] - ends[0]);
	ck_assert(works_for(atomic_load(&rp_requests[1].serial)));
	ck_assert_uint_eq(reads(), ends[3] - ends[1]);
	ck_assert_uint_eq(rp_self.armed, 0);
	ck_assert_uint_eq(reads(), 0);
	close_all();
}
END_TEST

/* What is read of a stream that is served is read alone as well; and what lets all go on is no
 * part of it. */
START_TEST(so_is_what_comes_later_for_it)
{
	speak();
	h2wire_frame(&wire, H2WIRE_PING, 0, 0, "12345678", 8);
	h2wire_frame(&wire, H2WIRE_WINDOW, 0, 1, "\0\0\1\0", 4);
	size_t one = wire.n;

	h2wire_frame(&wire, H2WIRE_WINDOW, 0, 0, "\0\0\1\0", 4);
	ask(3, "/c");
	size_t others = wire.n;

	h2wire_frame(&wire, H2WIRE_RST, 0, 1, "\0\0\0\10", 4);
	send_all();
	ck_assert_uint_eq(reads(), one);
	ck_assert_uint_eq(reads(), others - one);
	ck_assert_uint_eq(reads(), wire.n - others);
	close_all();
}
END_TEST

START_TEST(streams_of_others_are_read_at_once)
{
	speak();
	for (unsigned i = 0; i < 9; i++)
		ask(3 + 2 * i, "/c");
	send_all();
	ck_assert_uint_eq(reads(), wire.n);
	close_all();
}
END_TEST

START_TEST(the_first_bytes_of_a_connection_as_well)
{
	memcpy(wire.bytes, PREFACE, sizeof(PREFACE) - 1);
	wire.n = sizeof(PREFACE) - 1;
	h2wire_frame(&wire, H2WIRE_SETTINGS, 0, 0, "", 0);
	ask(1, "/c");
	size_t others = wire.n;

	ask(3, "/b?profile=1");
	send_all();
	ck_assert_uint_eq(reads(), others);
	ck_assert_uint_eq(reads(), wire.n - others);
	ck_assert_uint_eq(rp_self.armed, RP_ARMED);
	close_all();
}
END_TEST

/* Wherever the bytes have been cut by the network, the same heads are understood. */
START_TEST(pieces_make_no_difference)
{
	speak();
	ask(3, "/c");
	ask(5, "/b?profile=1");
	ask(7, "/d?profile=1");
	for (size_t at = 0; at < wire.n; at++) {
		ck_assert_int_eq(send(pair_peer, wire.bytes + at, 1, 0), 1);
		ck_assert_uint_eq(reads(), 1);
	}
	ck_assert_uint_eq(atomic_load(&rp_n_live), 3);
	ck_assert(works_for(atomic_load(&rp_requests[2].serial)));
	close_all();
}
END_TEST

static void two_at_once(void)
{
	ask(3, "/c");
	ask(5, "/b?profile=1");
	send_all();
}

START_TEST(who_waits_for_an_edge_hears_of_the_rest)
{
	speak();
	two_at_once();
	ck_assert_uint_eq(events(), 1);
	ck_assert_uint_lt(reads(), wire.n);
	ck_assert_uint_eq(events(), 1);
	reads();
	ck_assert_uint_eq(events(), 0);
	close_all();
}
END_TEST

/* Levels stay, and who watches for one event asks anew. */
START_TEST(others_hear_of_it_anyhow)
{
	static const uint32_t ways[] = {EPOLLIN, EPOLLIN | EPOLLET | EPOLLONESHOT};

	speak();
	watch(EPOLL_CTL_MOD, ways[_i]);
	two_at_once();
	ck_assert_uint_lt(reads(), wire.n);
	ck_assert_uint_eq(atomic_load(&rp_conn_of(pair_fd)->watch.again), 0);
	close_all();
}
END_TEST

START_TEST(what_is_read_by_no_loop_is_read_at_once)
{
	speak();
	two_at_once();
	rp_self.turn.looped = false;
	ck_assert_uint_eq(reads(), wire.n);
	close_all();
}
END_TEST

static void *changes(void *unused)
{
	(void)unused;
	watch(EPOLL_CTL_MOD, EPOLLIN | EPOLLET);
	return NULL;
}

START_TEST(so_is_all_that_another_thread_says_for_what_to_watch)
{
	pthread_t other;

	speak();
	ck_assert_int_eq(pthread_create(&other, NULL, changes, NULL), 0);
	pthread_join(other, NULL);
	two_at_once();
	ck_assert_uint_eq(reads(), wire.n);
	close_all();
}
END_TEST

START_TEST(so_is_all_that_nobody_has_seen_watched)
{
	speak();
	rp_conn_parted(set, pair_fd);
	two_at_once();
	ck_assert_uint_eq(reads(), wire.n);
	close_all();
}
END_TEST

/* An error of the socket is told once: whoever looks ahead must not be the one who hears it. */
START_TEST(an_error_is_the_hosts)
{
	size_t n = ROOM;

	speak();
	ck_assert_int_eq(send(pair_fd, "x", 1, 0), 1);
	close(pair_peer); /* with something unread */
	errno = 0;
	ck_assert(!rp_cut(pair_fd, buf, &n, 0));
	ck_assert_int_eq(errno, ECONNRESET);
	errno = 0;
	ck_assert(rp_cut(pair_fd, buf, &n, 0)); /* now it is at its end */
	ck_assert_int_eq(errno, 0);
	pair_peer = dup(set);
	close_all();
}
END_TEST

/* Peeks, and reads for all of a number of bytes, are left alone; so is everything, when it is over
 */
START_TEST(it_is_over_when_none_is_left)
{
	size_t n = ROOM;

	speak();
	two_at_once();
	ck_assert(rp_cut(pair_fd, buf, &n, MSG_PEEK) && rp_cut(pair_fd, buf, &n, MSG_WAITALL));
	ck_assert_uint_eq(n, ROOM);
	rp_cut_ends(rp_mono_ns() + 2 * SOON_NS);
	ck_assert(atomic_load(&rp_cut_on)); /* one is served */
	uint64_t before_ns = rp_mono_ns();

	rp_cut_begins();
	close_all();
	rp_cut_ends(before_ns);
	ck_assert(atomic_load(&rp_cut_on)); /* one has come since */
	rp_cut_ends(rp_mono_ns());
	ck_assert(atomic_load(&rp_cut_on)); /* the next one may come with others */
	rp_cut_ends(rp_mono_ns() + 2 * SOON_NS);
	ck_assert(!atomic_load(&rp_cut_on));
	ck_assert_uint_eq(atomic_load(&rp_followed), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hot/conn_cut");
	TCase *t = tcase_create("reads");

	tcase_add_checked_fixture(t, ready, NULL);
	tcase_add_test(t, a_flagged_stream_is_read_alone);
	tcase_add_test(t, so_is_what_comes_later_for_it);
	tcase_add_test(t, streams_of_others_are_read_at_once);
	tcase_add_test(t, the_first_bytes_of_a_connection_as_well);
	tcase_add_test(t, pieces_make_no_difference);
	tcase_add_test(t, who_waits_for_an_edge_hears_of_the_rest);
	tcase_add_loop_test(t, others_hear_of_it_anyhow, 0, 2);
	tcase_add_test(t, what_is_read_by_no_loop_is_read_at_once);
	tcase_add_test(t, so_is_all_that_another_thread_says_for_what_to_watch);
	tcase_add_test(t, so_is_all_that_nobody_has_seen_watched);
	tcase_add_test(t, an_error_is_the_hosts);
	tcase_add_test(t, it_is_over_when_none_is_left);
	suite_add_tcase(suite, t);
	return suite_run(suite);
}
