/* test_unseen.c - whether the host waits for its clients by calls that are not seen.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/unseen.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include "preload/hot/clock.h"
#include "preload/hot/conn.h"
#include "preload/hot/current.h"
#include "preload/hot/request.h"
#include "preload/hot/turn.h"
#include "tests/support/flagged.h"
#include "tests/support/suite.h"

enum { MS = 1000000, FLAGGED = 0, SET = 700 };

static struct flagged_notes notes;
static struct rp_request *flagged;
static int ends[2];

static void ready_by(int type)
{
	atomic_store(&rp_unseen, RP_UNSEEN_NOT_KNOWN);
	atomic_store(&rp_unseen_dry, 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | type, 0, ends), 0);
	rp_conn_accepted(-1, ends[0]);
	flagged_ready();
	flagged = flagged_open(MS);
	rp_request_joins(flagged, 0);
}

static void ready(void)
{
	ready_by(SOCK_NONBLOCK);
}

static void ready_to_block(void)
{
	ready_by(0);
}

static void done(void)
{
	rp_conn_retire(ends[0]);
	close(ends[0]);
	close(ends[1]);
	flagged_close(flagged, &notes);
	atomic_store(&rp_unseen, RP_UNSEEN_NOT_KNOWN);
}

static void has_nothing(int why)
{
	errno = why;
	rp_unseen_answered(ends[0], -1);
}

static void has_something(void)
{
	rp_unseen_answered(ends[0], 1);
}

/* The thread, which is no loop, reads a request that is alone. */
static bool reads(void)
{
	rp_unseen_ask(ends[0]);
	if (rp_turn_allows_client(FLAGGED, false, true))
		rp_current_enter(FLAGGED, atomic_load(&flagged->serial));
	return rp_self.armed == RP_ARMED && !rp_turn_is_over(&rp_self, rp_mono_ns());
}

START_TEST(what_had_nothing_and_then_has_was_waited_for)
{
	ck_assert(reads());
	has_nothing(EAGAIN);
	ck_assert(reads());
	has_something();
	ck_assert(!reads()); /* what it worked for, too */
	rp_current_leave();
	ck_assert(!reads());
}
END_TEST

START_TEST(so_was_what_is_in_a_set)
{
	rp_conn_joined(SET, ends[0]);
	has_something();
	ck_assert(!reads());
}
END_TEST

static void waits_for_a_set(void)
{
	rp_unseen_waited();
}

static void polls(void)
{
	rp_unseen_polled();
}

static void is_another(void)
{
	rp_conn_retire(ends[0]);
	rp_conn_accepted(-1, ends[0]);
}

/* Then it was seen, or nobody waited at all. */
static void (*const seen[])(void) = {waits_for_a_set, polls, is_another};

START_TEST(unless_that_was_seen)
{
	has_nothing(EAGAIN);
	seen[_i]();
	has_something();
	ck_assert(reads());
}
END_TEST

START_TEST(what_was_seen_once_is_believed)
{
	waits_for_a_set();
	has_nothing(EAGAIN);
	has_something();
	ck_assert(reads());
}
END_TEST

START_TEST(a_poll_before_says_nothing_of_clients)
{
	polls();
	has_nothing(EAGAIN);
	has_something();
	ck_assert(!reads());
}
END_TEST

START_TEST(who_is_interrupted_has_not_waited)
{
	has_nothing(EINTR);
	has_something();
	ck_assert(reads());
}
END_TEST

START_TEST(a_time_limit_is_a_wait_that_was_seen)
{
	has_nothing(EAGAIN);
	has_something();
	ck_assert(rp_unseen_waits()); /* nobody flagged has come who could ask */
	ck_assert(reads());
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hot/unseen");
	TCase *t = tcase_create("waits");

	tcase_add_checked_fixture(t, ready, done);
	tcase_add_test(t, what_had_nothing_and_then_has_was_waited_for);
	tcase_add_test(t, so_was_what_is_in_a_set);
	tcase_add_loop_test(t, unless_that_was_seen, 0, sizeof(seen) / sizeof(seen[0]));
	tcase_add_test(t, what_was_seen_once_is_believed);
	tcase_add_test(t, a_poll_before_says_nothing_of_clients);
	tcase_add_test(t, who_is_interrupted_has_not_waited);
	suite_add_tcase(suite, t);
	t = tcase_create("blocks");
	tcase_add_checked_fixture(t, ready_to_block, done);
	tcase_add_test(t, so_was_what_is_in_a_set);
	tcase_add_test(t, a_time_limit_is_a_wait_that_was_seen);
	suite_add_tcase(suite, t);
	return suite_run(suite);
}
