/* test_peer.c - sockets on which a request asks others: whose thread it is that touches one, and
 * what a wait there is called.
 *
 * Room: tests.  The hooks' part is done by hand; the loop's thread works for the one flagged
 * request in a turn of one event, while somebody else is being served. SPDX-License-Identifier: MIT
 */
#include "preload/hot/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>
#include "preload/hot/clock.h"
#include "preload/hot/conn_slot.h"
#include "preload/hot/current.h"
#include "preload/hot/turn.h"
#include "tests/support/flagged.h"
#include "tests/support/suite.h"

enum { MS = 1000000, FLAGGED = 0 };

static struct flagged_notes notes;
static struct rp_request *flagged;
static int up, other_end; /* two ends of TCP: ours, the upstream's */

static void connect_both(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t n = sizeof(a);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&a, n), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&a, &n), 0);
	up = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(up, (struct sockaddr *)&a, sizeof(a)), 0);
	other_end = accept(listener, NULL, NULL);
	ck_assert_int_ge(other_end, 0);
	close(listener);
	rp_conn_set_kind(up, RP_FD_SOCKET);
}

static void work(void)
{
	rp_current_enter(FLAGGED, atomic_load(&flagged->serial));
	ck_assert_uint_eq(rp_self.armed, RP_ARMED);
}

static void turn(int n_events)
{
	int most = 9;

	ck_assert(!rp_turn_wait(RP_NEVER, false, &most));
	rp_turn_begins(n_events);
	work();
}

static void ready(void)
{
	rp_self.turn = (struct rp_turn){0};
	atomic_store(&rp_turn_runs, RP_RUNS_CALLBACKS);
	flagged_ready();
	flagged = flagged_open(MS);
	connect_both();
	turn(1);
}

static void done(void)
{
	rp_current_leave();
	flagged_take(&notes);
	rp_peer_gone(up);
	close(up);
	close(other_end);
	rp_request_end(flagged, RP_END_COMPLETE, rp_mono_ns());
	rp_request_free(flagged);
}

/* What goes out and what comes back, as the kernel sees it. */
static void move(int from, int to)
{
	char byte = 'x';

	usleep(2000); /* it tells whole milliseconds */
	ck_assert_int_eq(write(from, &byte, 1), 1);
	ck_assert_int_eq(read(to, &byte, 1), 1);
}

static bool stays_after(bool reads, int flags)
{
	work();
	rp_conn_touch(up, reads, flags);
	return rp_self.armed == RP_ARMED;
}

START_TEST(who_tries_an_answered_connection_goes_on)
{
	move(up, other_end);
	ck_assert(!stays_after(true, MSG_PEEK)); /* somebody waits there for an answer */
	move(other_end, up);
	ck_assert(stays_after(true, MSG_PEEK));
	ck_assert(!stays_after(true, 0)); /* what is read is for somebody else */
	ck_assert(stays_after(false, 0));
}
END_TEST

/* It was asked by a request that is over, or has its answer. */
START_TEST(whoever_was_answered_there)
{
	struct iovec one = {(void *)"x", 1};

	move(up, other_end);
	rp_peer_said(up, &one, 1, 1);
	ck_assert_uint_eq(rp_conn_kind(up), RP_FD_UPSTREAM);
	move(other_end, up);
	rp_peer_heard(up);
	flagged_close(flagged, &notes);
	flagged = flagged_open(MS);
	turn(1);
	ck_assert(stays_after(true, MSG_PEEK));
	ck_assert(!stays_after(true, 0));
}
END_TEST

/* The one of several events that is looked at may be this one's. */
START_TEST(but_not_where_several_events_came)
{
	move(up, other_end);
	move(other_end, up);
	turn(2);
	ck_assert(!stays_after(true, MSG_PEEK));
	rp_request_joins(flagged, 0); /* while nobody else is served it is whose else */
	ck_assert(stays_after(true, MSG_PEEK));
}
END_TEST

static void say(const char *text)
{
	struct iovec one = {(void *)(uintptr_t)text, strlen(text)};

	rp_conn_said_iov(up, &one, 1, one.iov_len);
}

static bool is_named(bool says, const char *name)
{
	char text[RP_PEER_BYTES];
	size_t n = rp_peer_asked(up, FLAGGED, says, text, sizeof(text));

	return n == strlen(name) && memcmp(text, name, n) == 0;
}

#define ASK(what) what " HTTP/1.1\r\n\r\n"

START_TEST(a_wait_bears_the_question_that_is_asked)
{
	say(ASK("POST /first"));
	say("its body, as much as there is of it");
	ck_assert(is_named(false, "POST /first"));
	ck_assert(is_named(true, "POST /first"));
	rp_peer_heard(up);
	ck_assert(is_named(false, "POST /first")); /* the rest of the answer */
	ck_assert(
	        is_named(true, "")); /* these bytes are the next question, which nobody has seen */
	say(ASK("GET /second"));
	ck_assert(is_named(false, "GET /second"));
	ck_assert(is_named(true, "")); /* it has no body: of another one */
}
END_TEST

/* Which of them is being answered is not known, until they are somebody else's. */
START_TEST(several_questions_at_once_have_no_name)
{
	say(ASK("GET /first"));
	say(ASK("GET /first"));
	ck_assert(is_named(false, "GET /first"));
	say(ASK("GET /second"));
	ck_assert(is_named(false, ""));
	rp_peer_heard(up);
	ck_assert(is_named(false, ""));
	say(ASK("GET /third"));
	ck_assert(is_named(false, ""));
	flagged_close(flagged, &notes);
	flagged = flagged_open(MS);
	turn(1);
	say(ASK("GET /fourth"));
	ck_assert(is_named(false, "GET /fourth"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hot/peer");
	TCase *t = tcase_create("peer");

	tcase_add_checked_fixture(t, ready, done);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, who_tries_an_answered_connection_goes_on);
	tcase_add_test(t, whoever_was_answered_there);
	tcase_add_test(t, but_not_where_several_events_came);
	tcase_add_test(t, a_wait_bears_the_question_that_is_asked);
	tcase_add_test(t, several_questions_at_once_have_no_name);
	suite_add_tcase(suite, t);
	return suite_run(suite);
}
