/* test_flight.c - slots of requests in flight: claimed, given back, kept.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/flight.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "preload/hot/clock.h"
#include "preload/hot/current.h"
#include "preload/hot/drops.h"
#include "preload/hot/gate.h"
#include "preload/settings.h"
#include "tests/support/aloft.h"
#include "tests/support/flagged.h"
#include "tests/support/suite.h"

static void ready(void)
{
	aloft_ready(3600000000000u);
}

static struct rp_flight *of(struct aloft a)
{
	return rp_flight_at(a.number);
}

START_TEST(a_head_takes_a_slot_and_the_last_byte_gives_it_back)
{
	uint64_t before_ns = rp_mono_ns();
	struct aloft a = aloft_claim("/shop?secret=x");

	ck_assert_uint_ne(a.serial, 0);
	ck_assert(rp_request_lives(a.number, a.serial));
	ck_assert(!rp_request_lives(a.number, a.serial + 1));
	ck_assert_uint_eq(aloft_taken(), 1);
	ck_assert_uint_ge(atomic_load(&of(a)->course.head_ns), before_ns);
	ck_assert_uint_eq(atomic_load(&of(a)->course.first_byte_ns),
	                  atomic_load(&of(a)->course.head_ns));
	ck_assert_uint_eq(atomic_load(&of(a)->course.last_byte_ns), RP_NEVER);
	rp_current_over(a.number, a.serial, RP_END_COMPLETE);
	ck_assert(!rp_request_lives(a.number, a.serial));
	ck_assert_uint_eq(aloft_taken(), 0);
	struct aloft b = aloft_claim("/");

	ck_assert_uint_eq(b.number, a.number); /* few pages are ever touched */
	ck_assert_uint_ne(b.serial, a.serial);
	ck_assert(!rp_request_lives(a.number, a.serial));
	rp_current_over(a.number, a.serial, RP_END_COMPLETE); /* late: another's by now */
	ck_assert(rp_request_lives(b.number, b.serial));
	rp_current_over(b.number, b.serial, RP_END_CLOSED);
}
END_TEST

/* It is recorded, and has no slot here. */
START_TEST(who_has_a_flagged_one_beside_it_is_not_alone)
{
	struct aloft a = aloft_claim("/");

	ck_assert(rp_flight_is_alone(a.number));
	rp_flight_joins();
	ck_assert(!rp_flight_is_alone(a.number));
	rp_current_over(a.number, a.serial, RP_END_COMPLETE);
	atomic_fetch_add(&rp_n_live, 1);
	a = aloft_claim("/");
	ck_assert(!rp_flight_is_alone(a.number));
	atomic_fetch_sub(&rp_n_live, 1);
	ck_assert(!rp_flight_is_alone(a.number));
	rp_current_over(a.number, a.serial, RP_END_COMPLETE);
	a = aloft_claim("/");
	ck_assert(rp_flight_is_alone(a.number));
	rp_current_over(a.number, a.serial, RP_END_COMPLETE);
}
END_TEST

START_TEST(the_table_has_the_path_and_no_query)
{
	struct aloft a = aloft_claim("/shop?password=x");
	char path[200];

	ck_assert_uint_eq(of(a)->n_method, 3);
	ck_assert(memcmp(of(a)->method, "GET", 3) == 0);
	ck_assert_uint_eq(of(a)->n_path, 5);
	ck_assert(memcmp(of(a)->path, "/shop", 5) == 0);
	rp_current_over(a.number, a.serial, RP_END_COMPLETE);
	memset(path, 'x', sizeof(path));
	path[sizeof(path) - 1] = 0;
	a = aloft_claim(path);
	ck_assert_uint_eq(of(a)->n_path, sizeof(of(a)->path));
	rp_current_over(a.number, a.serial, RP_END_COMPLETE);
}
END_TEST

START_TEST(what_is_slow_is_kept_until_it_is_written)
{
	rp_settings.slow_ns = 1;
	struct aloft a = aloft_claim("/");

	while (rp_mono_ns() == atomic_load(&of(a)->course.first_byte_ns))
		;
	rp_current_over(a.number, a.serial, RP_END_CLOSED);
	ck_assert_int_eq(aloft_state(a), RP_FLIGHT_KEPT);
	ck_assert(atomic_load(&of(a)->flags) & RP_FLIGHT_SLOW);
	ck_assert_uint_eq(atomic_load(&of(a)->course.how), RP_END_CLOSED);
	ck_assert_uint_eq(atomic_load(&rp_flights_kept), 1);
	ck_assert_uint_eq(rp_request_over_ns(a.number, a.serial),
	                  atomic_load(&of(a)->course.last_byte_ns));
	ck_assert_uint_eq(aloft_taken(), 1);
	ck_assert(!rp_request_lives(a.number, a.serial));
	rp_flight_free(a.number);
	ck_assert_uint_eq(aloft_taken(), 0);
}
END_TEST

START_TEST(a_failing_status_is_kept_by_its_bit)
{
	rp_settings.errors[(503 - 100) / 64] |= 1ull << (503 - 100) % 64;
	for (unsigned status = 0; status < 2000; status++) {
		struct aloft a = aloft_claim("/");

		rp_flight_status(a.number, status);
		rp_current_over(a.number, a.serial, RP_END_COMPLETE);
		ck_assert_int_eq(aloft_state(a) == RP_FLIGHT_KEPT, status == 503);
		if (status == 503)
			rp_flight_free(a.number);
	}
	ck_assert_uint_eq(aloft_taken(), 0);
}
END_TEST

START_TEST(kept_ones_have_a_bound_of_their_own)
{
	unsigned kept = 0;

	rp_settings.slow_ns = 0;
	rp_settings.rate_milli = 1; /* one in a thousand seconds */
	rp_settings.burst = 3;
	for (unsigned i = 0; i < 10; i++) {
		struct aloft a = aloft_claim("/");

		rp_current_over(a.number, a.serial, RP_END_COMPLETE);
		kept += aloft_state(a) == RP_FLIGHT_KEPT;
	}
	ck_assert_uint_eq(kept, 3);
	ck_assert_uint_eq(aloft_taken(), 3);
	ck_assert_uint_eq(atomic_load(&rp_drops[RP_DROP_caught_rate]), 7);
	ck_assert_uint_eq(atomic_load(&rp_drops[RP_DROP_over_rate]), 0);
}
END_TEST

START_TEST(what_is_recorded_anyhow_is_only_shown)
{
	struct rp_head head = {.method = {"GET", 3},
	                       .target = {"/", 1},
	                       .protocol = {"HTTP/1.1", 8}};
	struct aloft a;

	rp_settings.slow_ns = 0;
	a.serial = rp_flight_claim(&(struct rp_boarding){.fd = -1,
	                                                 .client = true,
	                                                 .flagged = true,
	                                                 .accepted_ns = RP_NEVER,
	                                                 .head = &head},
	                           &a.number);
	ck_assert_uint_ne(a.serial, 0);
	rp_flight_over(a.number, a.serial, RP_END_COMPLETE);
	ck_assert_uint_eq(aloft_taken(), 0);
}
END_TEST

START_TEST(a_file_with_a_request_in_it_is_no_client)
{
	struct rp_head head = {.method = {"GET", 3},
	                       .target = {"/", 1},
	                       .protocol = {"HTTP/1.1", 8}};
	int fd = open("/dev/null", O_RDONLY);
	uint16_t number;

	ck_assert_uint_eq(rp_flight_claim(&(struct rp_boarding){.fd = fd,
	                                                        .accepted_ns = RP_NEVER,
	                                                        .head = &head},
	                                  &number),
	                  0);
	ck_assert_uint_eq(aloft_taken(), 0);
	close(fd);
}
END_TEST

START_TEST(more_than_there_is_room_for_are_counted)
{
	for (unsigned i = 0; i < RP_MAX_FLIGHTS; i++)
		ck_assert_uint_ne(aloft_claim("/").serial, 0);
	ck_assert_uint_eq(aloft_claim("/").serial, 0);
	ck_assert_uint_eq(atomic_load(&rp_drops[RP_DROP_no_flight]), 1);
}
END_TEST

START_TEST(a_child_has_nothing_of_its_parent_in_flight)
{
	struct aloft a = aloft_enter("/");
	struct rp_inflight *table = atomic_load(&rp_flights);

	rp_current_forked();
	rp_flight_forked();
	ck_assert_ptr_null(atomic_load(&rp_flights));
	ck_assert_uint_eq(aloft_taken(), 0);
	ck_assert(!rp_request_lives(a.number, a.serial));
	atomic_store(&rp_flights, table);
	ck_assert(!rp_request_lives(a.number, a.serial));
	for (unsigned i = 0; i < 100; i++) {
		struct aloft b = aloft_claim("/");

		ck_assert_uint_eq(b.number, a.number);
		ck_assert_uint_ne(b.serial, a.serial);
		rp_current_over(b.number, b.serial, RP_END_COMPLETE);
	}
}
END_TEST

static bool made(void)
{
	return true; /* a thread that never gets there */
}

/* The first request of a process may be its only one. */
START_TEST(a_request_waits_for_the_table_but_not_for_ever_and_not_twice)
{
	struct rp_inflight *table = atomic_exchange(&rp_flights, NULL);
	uint64_t began_ns = rp_mono_ns();

	rp_gate_start = made;
	atomic_store(&rp_flights_due, 1);
	ck_assert_uint_eq(aloft_claim("/").serial, 0);
	ck_assert_uint_ge(rp_mono_ns() - began_ns, RP_TABLE_WAIT_MS * 1000000ull);
	ck_assert_uint_eq(atomic_load(&rp_drops[RP_DROP_no_flight]), 1);
	ck_assert_uint_eq(atomic_load(&rp_flights_due), 0);
	ck_assert_uint_eq(aloft_claim("/").serial, 0);
	ck_assert_uint_eq(atomic_load(&rp_drops[RP_DROP_no_flight]), 1);
	atomic_store(&rp_flights, table);
	ck_assert_uint_ne(aloft_claim("/").serial, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hot/flight");
	TCase *tcase = tcase_create("all");

	tcase_add_checked_fixture(tcase, ready, NULL);
	tcase_add_test(tcase, a_head_takes_a_slot_and_the_last_byte_gives_it_back);
	tcase_add_test(tcase, who_has_a_flagged_one_beside_it_is_not_alone);
	tcase_add_test(tcase, the_table_has_the_path_and_no_query);
	tcase_add_test(tcase, what_is_slow_is_kept_until_it_is_written);
	tcase_add_test(tcase, a_failing_status_is_kept_by_its_bit);
	tcase_add_test(tcase, kept_ones_have_a_bound_of_their_own);
	tcase_add_test(tcase, what_is_recorded_anyhow_is_only_shown);
	tcase_add_test(tcase, a_file_with_a_request_in_it_is_no_client);
	tcase_add_test(tcase, more_than_there_is_room_for_are_counted);
	tcase_add_test(tcase, a_child_has_nothing_of_its_parent_in_flight);
	tcase_add_test(tcase, a_request_waits_for_the_table_but_not_for_ever_and_not_twice);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
