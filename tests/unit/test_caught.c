/* test_caught.c - from the book of a request that nobody flagged to a session that reads back.
 *
 * Room: tests.  The test is our thread.  SPDX-License-Identifier: MIT
 */
#include "preload/cold/caught.h"

#include <poll.h>
#include <string.h>
#include "preload/cold/session.h"
#include "preload/cold/watch.h"
#include "preload/hot/clock.h"
#include "preload/hot/current.h"
#include "preload/hot/seat_book.h"
#include "preload/settings.h"
#include "tests/support/aloft.h"
#include "tests/support/flagged.h"
#include "tests/support/readback.h"
#include "tests/support/suite.h"

enum { MS = 1000000 };

static struct readback told;

static void ready(void)
{
	readback_ready();
	aloft_begin(0);
	rp_settings.slow_interval_ns = MS;
}

static void sleep_ms(int ms)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_SLEEP, NULL, (uint64_t)ms * MS);
	poll(NULL, 0, ms);
	rp_wait_leave(&w);
}

/* Our thread looks every few hundred microseconds while the calling one burns MS. */
static void burn_watched(unsigned ms)
{
	uint64_t until_ns = rp_mono_ns() + (uint64_t)ms * MS;

	while (rp_mono_ns() < until_ns) {
		flagged_burn(1);
		rp_watch_turn(rp_mono_ns());
	}
}

START_TEST(what_was_noted_is_what_the_session_says)
{
	struct aloft a = aloft_enter("/shop?profile=1&password=x");

	flagged_burn(2);
	burn_watched(20);
	sleep_ms(10);
	burn_watched(10);
	atomic_store(&rp_flight_at(a.number)->course.status, 200);
	rp_current_over(a.number, a.serial, RP_END_COMPLETE);
	ck_assert_int_eq(aloft_state(a), RP_FLIGHT_KEPT);
	ck_assert_uint_eq(readback_files(), 0); /* no file before it is over */
	rp_caught_write(a.number, rp_mono_ns());
	ck_assert_uint_eq(aloft_taken(), 0);
	ck_assert_uint_eq(atomic_load(&rp_flights_kept), 0);
	ck_assert(readback_take(&told));
	ck_assert_str_eq(told.target, "/shop?password=***");
	ck_assert_uint_eq(told.requests, 1);
	ck_assert_uint_eq(told.phases, 1);
	ck_assert_uint_eq(told.response.status, 200);
	ck_assert_uint_eq(told.waits, 1);
	ck_assert_str_eq(told.object, "10 ms");
	ck_assert_uint_gt(told.samples, 3);
	ck_assert_uint_eq(told.no_stack, 0);
	ck_assert_uint_eq(told.segments, 2); /* before the clocks were read, and after */
	ck_assert_uint_eq(told.threads, 1);
	for (unsigned i = 0; i < RP_N_DROPS; i++)
		ck_assert_uint_eq(told.drops[i], 0);
}
END_TEST

START_TEST(a_head_that_was_kept_whole_is_read_now)
{
	static const char text[] = "GET /x?token=1 HTTP/1.0\r\nCookie: a=b\r\nHost: shop\r\n\r\n";
	struct rp_head head = {.method = {text, 3}, .target = {text + 4, 10}};
	struct rp_boarding boarding = {.fd = -1,
	                               .client = true,
	                               .accepted_ns = RP_NEVER,
	                               .head = &head,
	                               .whole = {text, sizeof(text) - 1}};
	uint16_t number;
	uint32_t serial = rp_flight_claim(&boarding, &number);

	rp_current_enter(number, serial);
	rp_current_over(number, serial, RP_END_COMPLETE);
	rp_caught_write(number, rp_mono_ns());
	ck_assert(readback_take(&told));
	ck_assert_str_eq(told.method, "GET");
	ck_assert_str_eq(told.target, "/x?token=***");
	ck_assert_str_eq(told.host, "shop");
	ck_assert_str_eq(told.protocol, "HTTP/1.0");
}
END_TEST

START_TEST(a_quick_failure_has_no_clocks)
{
	struct aloft a = aloft_enter("/");

	sleep_ms(2);
	rp_current_over(a.number, a.serial, RP_END_CLOSED);
	rp_caught_write(a.number, rp_mono_ns());
	ck_assert(readback_take(&told));
	ck_assert_uint_eq(told.samples, 0);
	ck_assert_uint_eq(told.waits, 1);
	ck_assert_uint_eq(told.segments, 1);
	ck_assert_uint_eq(told.segment.cpu_ns, RP_NEVER);
	ck_assert_uint_eq(told.segment.runq_ns, RP_NEVER);
	ck_assert_uint_eq(told.response.how, RP_END_CLOSED);
}
END_TEST

START_TEST(a_thread_that_stays_is_waited_for_and_then_cut)
{
	struct aloft a = aloft_enter("/");
	struct rp_wait w;

	burn_watched(5);
	rp_wait_enter(&w, RP_WAIT_SLEEP, NULL, 0);
	poll(NULL, 0, 3);
	rp_self.moving = true; /* it ended on another thread */
	rp_flight_over(a.number, a.serial, RP_END_COMPLETE);
	rp_self.moving = false;
	rp_caught_write(a.number, rp_mono_ns());
	ck_assert_int_eq(aloft_state(a), RP_FLIGHT_KEPT);
	ck_assert_uint_eq(readback_files(), 0);
	rp_caught_write(a.number, rp_mono_ns() + 1000000000);
	ck_assert_uint_eq(aloft_taken(), 0);
	rp_wait_leave(&w);
	ck_assert(readback_take(&told));
	ck_assert_uint_eq(told.waits, 1);
	ck_assert_uint_ge(told.segments, 1);
	ck_assert_uint_gt(told.segment.cpu_ns, 0);
	ck_assert_uint_lt(told.segment.cpu_ns, told.segment.end_ns - told.segment.begin_ns);
	ck_assert_uint_eq(rp_self.armed, 0); /* it found out when it woke */
}
END_TEST

START_TEST(one_that_hangs_is_told_once_and_goes_on)
{
	struct aloft a = aloft_enter("/");

	burn_watched(5);
	rp_caught_cut(a.number, rp_mono_ns());
	ck_assert(rp_flight_lives(a.number, a.serial));
	ck_assert(readback_take(&told));
	ck_assert_uint_eq(told.response.how, RP_END_LIMIT);
	ck_assert_uint_eq(told.segments, 2);
	sleep_ms(2);
	rp_caught_cut(a.number, rp_mono_ns());
	ck_assert_uint_eq(readback_files(), 1);
	rp_current_over(a.number, a.serial, RP_END_COMPLETE);
	ck_assert_int_eq(aloft_state(a), RP_FLIGHT_FREE); /* not a second time */
}
END_TEST

START_TEST(what_had_no_room_is_counted_and_not_forgotten)
{
	struct aloft a = aloft_enter("/");
	char filler[1024] = {0};
	unsigned n = 0;

	burn_watched(3);
	while (rp_book_note(rp_book_for(&rp_self), RP_NOTE_HELD, filler, sizeof(filler), NULL, 0,
	                    NULL))
		n++;
	while (rp_book_note(rp_book_for(&rp_self), RP_NOTE_HELD, filler, 8, NULL, 0, NULL))
		n++;
	ck_assert_uint_gt(n, 200);
	sleep_ms(2);
	sleep_ms(2);
	ck_assert_uint_eq(atomic_load(&rp_book_of(a.number)->lost_waits), 2);
	struct rp_book_kind *k = rp_seat_kind(rp_seat_book(&rp_self), RP_WAIT_SLEEP);

	ck_assert_uint_eq(k->shorts, 2); /* summed */
	ck_assert_uint_ge(k->short_ns, 4 * MS);
	rp_current_over(a.number, a.serial, RP_END_COMPLETE);
	rp_caught_write(a.number, rp_mono_ns());
	ck_assert(readback_take(&told));
	ck_assert_uint_eq(told.drops[RP_DROP_caught_waits], 2);
	ck_assert_uint_eq(told.waits, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cold/caught");
	TCase *tcase = tcase_create("all");

	tcase_add_checked_fixture(tcase, ready, readback_remove);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, what_was_noted_is_what_the_session_says);
	tcase_add_test(tcase, a_head_that_was_kept_whole_is_read_now);
	tcase_add_test(tcase, a_quick_failure_has_no_clocks);
	tcase_add_test(tcase, a_thread_that_stays_is_waited_for_and_then_cut);
	tcase_add_test(tcase, one_that_hangs_is_told_once_and_goes_on);
	tcase_add_test(tcase, what_had_no_room_is_counted_and_not_forgotten);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
