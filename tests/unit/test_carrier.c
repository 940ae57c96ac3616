/* test_carrier.c - what is written by who works for a request, and read by somebody else.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/carrier.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "preload/hot/clock.h"
#include "preload/hot/conn.h"
#include "preload/hot/current.h"
#include "preload/hot/request.h"
#include "preload/hot/turn.h"
#include "tests/support/flagged.h"
#include "tests/support/suite.h"

enum { MS = 1000000, COUNTER = 402, TIMER };

static struct flagged_notes notes;
static struct rp_request *flagged;
static int fds[2];

static void ready(void)
{
	rp_self.turn = (struct rp_turn){0};
	flagged_ready();
	flagged = flagged_open(MS);
	rp_request_joins(flagged, 0);
	atomic_store(&rp_turn_watching, true);
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	rp_carrier_born(fds[0], fds[1]);
	rp_carrier_born(COUNTER, COUNTER);
	rp_conn_born(TIMER, RP_FD_TIMER);
}

static void done(void)
{
	rp_current_leave();
	flagged_take(&notes);
	if (atomic_load(&flagged->state) == RP_REQUEST_LIVE)
		rp_request_end(flagged, RP_END_COMPLETE, rp_mono_ns());
	rp_request_free(flagged);
	close(fds[0]);
	close(fds[1]);
}

static bool works(void)
{
	return rp_current_works(0, atomic_load(&flagged->serial));
}

static void work(void)
{
	rp_current_enter(0, atomic_load(&flagged->serial));
}

/* N bytes, by who works for the flagged request, or for nobody. */
static void gives(bool ours, size_t n)
{
	rp_current_leave();
	if (ours)
		work();
	rp_carrier_gives(fds[1], n);
	ck_assert_int_eq(write(fds[1], "abcdefgh", n), n);
	rp_current_leave();
	rp_self.tid = 0;
}

/* Reads at most N: true when it is the flagged request's. */
static bool reads(size_t n)
{
	char bytes[64];
	struct iovec iov = {bytes, sizeof(bytes)};
	ssize_t got;

	rp_carrier_reads(fds[0]);
	got = read(fds[0], bytes, n);
	ck_assert_int_gt(got, 0);
	rp_carrier_heard(fds[0], &iov, 1, (size_t)got);
	return works();
}

START_TEST(who_reads_a_message_works_for_who_wrote_it)
{
	for (unsigned i = 0; i < 4; i++) {
		gives(i & 1, 1 + i);
		ck_assert_uint_eq(reads(64), i & 1);
	}
}
END_TEST

START_TEST(messages_of_one_request_may_come_together_or_in_parts)
{
	gives(true, 3);
	gives(true, 4);
	ck_assert(reads(2) && reads(64));
	gives(true, 1);
	ck_assert(reads(64));
}
END_TEST

START_TEST(messages_of_several_are_nobodys_until_all_are_read)
{
	gives(true, 3);
	gives(false, 4);
	ck_assert(!reads(3));
	gives(true, 1);
	ck_assert(!reads(3));
	ck_assert(!reads(64));
	gives(true, 1);
	ck_assert(reads(64));
}
END_TEST

START_TEST(what_nobody_saw_being_written_is_nobodys)
{
	ck_assert_int_eq(write(fds[1], "x", 1), 1);
	gives(true, 1);
	ck_assert(!reads(64));
	gives(true, 1);
	ck_assert(reads(64));
	rp_carrier_unsure(fds[1]);
	ck_assert_int_eq(write(fds[1], "x", 1), 1);
	ck_assert(!reads(64));
}
END_TEST

START_TEST(who_reads_the_next_message_has_done_with_the_last)
{
	gives(true, 1);
	ck_assert(reads(64));
	rp_carrier_reads(fds[0]);
	ck_assert_uint_eq(rp_self.armed, 0);
}
END_TEST

static bool counts(uint64_t n)
{
	struct iovec iov = {&n, sizeof(n)};

	rp_carrier_heard(COUNTER, &iov, 1, sizeof(n));
	return works();
}

START_TEST(who_waits_for_events_of_several_has_done_with_the_last)
{
	static const struct {
		struct rp_waited what;
		bool done;
	} rows[] = {
	        {{.kind = RP_WAIT_EPOLL, .fd = 9}, true},
	        {{.kind = RP_WAIT_POLL, .fd = -1}, true},
	        {{.kind = RP_WAIT_POLL, .fd = 9}, false},
	        {{.kind = RP_WAIT_SELECT, .fd = -1}, true},
	        {{.kind = RP_WAIT_COND, .fd = -1}, false},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rp_wait w;

		gives(true, 1);
		ck_assert(reads(64));
		rp_wait_begin(&w, &rows[i].what);
		ck_assert_uint_eq(works(), !rows[i].done);
		rp_wait_leave(&w);
		work(); /* by what it reads of its client */
		rp_wait_begin(&w, &rows[i].what);
		ck_assert(works());
		rp_wait_leave(&w);
	}
}
END_TEST

START_TEST(an_eventfd_counts_how_often_it_was_written)
{
	work();
	rp_carrier_gives(COUNTER, 8);
	rp_current_leave();
	ck_assert(counts(1));
	work();
	rp_carrier_gives(COUNTER, 8);
	rp_carrier_gives(COUNTER, 8);
	rp_current_leave();
	ck_assert(!counts(3)); /* somebody else wrote, too */
	work();
	rp_carrier_gives(COUNTER, 8);
	rp_current_leave();
	ck_assert(counts(1));
}
END_TEST

/* Two are told of two things in a list: who is told first may take the second. */
START_TEST(who_reads_a_message_beside_other_requests_works_for_nobody)
{
	rp_request_joins(flagged, 1);
	gives(true, 1);
	ck_assert(!reads(64));
}
END_TEST

/* What a pipe told of may lie in a list, where another one's lies as well by now. */
START_TEST(who_read_a_message_works_for_nobody_once_there_are_other_requests)
{
	gives(true, 1);
	ck_assert(reads(64));
	ck_assert(!rp_turn_is_over(&rp_self, rp_mono_ns()));
	rp_request_joins(NULL, 0);
	ck_assert(rp_turn_is_over(&rp_self, rp_mono_ns()));
	rp_current_leave();
	work(); /* on the client's connection that is no matter */
	ck_assert(!rp_turn_is_over(&rp_self, rp_mono_ns()));
}
END_TEST

START_TEST(a_loop_takes_it_only_for_a_request_that_is_alone)
{
	int most = 9;

	atomic_store(&rp_turn_runs, RP_RUNS_CALLBACKS);
	for (unsigned alone = 0; alone < 2; alone++) {
		rp_request_joins(flagged, !alone);
		gives(true, 1);
		ck_assert(!rp_turn_wait(RP_NEVER, false, &most));
		rp_turn_begins(1);
		ck_assert_uint_eq(reads(64), alone);
	}
}
END_TEST

START_TEST(a_timer_is_whose_request_made_it)
{
	rp_carrier_timer(TIMER);
	work();
	rp_carrier_set(TIMER);
	rp_current_leave();
	rp_carrier_rings(TIMER);
	ck_assert(!works()); /* it was there before */
	work();
	rp_carrier_timer(TIMER);
	rp_carrier_set(TIMER);
	rp_current_leave();
	rp_carrier_rings(TIMER);
	ck_assert(works());
	rp_current_leave();
	rp_carrier_set(TIMER); /* by somebody else */
	rp_carrier_rings(TIMER);
	ck_assert(!works());
}
END_TEST

START_TEST(nothing_is_left_of_a_request_that_is_over)
{
	gives(true, 1);
	rp_request_end(flagged, RP_END_COMPLETE, rp_mono_ns());
	ck_assert(!reads(64));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hot/carrier");
	TCase *t = tcase_create("carrier");

	tcase_add_checked_fixture(t, ready, done);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, who_reads_a_message_works_for_who_wrote_it);
	tcase_add_test(t, messages_of_one_request_may_come_together_or_in_parts);
	tcase_add_test(t, messages_of_several_are_nobodys_until_all_are_read);
	tcase_add_test(t, what_nobody_saw_being_written_is_nobodys);
	tcase_add_test(t, who_reads_the_next_message_has_done_with_the_last);
	tcase_add_test(t, who_waits_for_events_of_several_has_done_with_the_last);
	tcase_add_test(t, an_eventfd_counts_how_often_it_was_written);
	tcase_add_test(t, who_reads_a_message_beside_other_requests_works_for_nobody);
	tcase_add_test(t, who_read_a_message_works_for_nobody_once_there_are_other_requests);
	tcase_add_test(t, a_loop_takes_it_only_for_a_request_that_is_alone);
	tcase_add_test(t, a_timer_is_whose_request_made_it);
	tcase_add_test(t, nothing_is_left_of_a_request_that_is_over);
	suite_add_tcase(suite, t);
	return suite_run(suite);
}
