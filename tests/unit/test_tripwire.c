/* test_tripwire.c - hot code allocates nothing, locks nothing, asks the loader nothing.
 *
 * Room: tests.  Malloc and its like are this program's own here (support/tripwire.h).
 * SPDX-License-Identifier: MIT
 */
#include "tests/support/tripwire.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "preload/cold/modules.h"
#include "preload/hot/conn.h"
#include "preload/hot/current.h"
#include "preload/hot/gate.h"
#include "preload/hot/mask.h"
#include "preload/hot/sampler.h"
#include "preload/hot/tables.h"
#include "preload/hot/wait.h"
#include "preload/settings.h"
#include "tests/support/flagged.h"
#include "tests/support/suite.h"

static struct flagged_notes notes;
static volatile unsigned n_handled;

/* Our handler as it is, with the wire armed around it. */
static void tick(int sig, siginfo_t *info, void *context)
{
	tripwire_arm();
	rp_sampler_tick(sig, info, context);
	tripwire_disarm();
	n_handled++;
}

static void ready(void)
{
	struct sigaction act = {.sa_sigaction = tick, .sa_flags = SA_SIGINFO | SA_RESTART};

	flagged_ready();
	sigfillset(&act.sa_mask);
	sigaction(rp_mask_signal(), &act, NULL);
}

START_TEST(the_wire_is_connected)
{
	unsigned before = tripwire_passed();
	char *volatile some = malloc(10);

	free(some);
	ck_assert_uint_eq(tripwire_passed() - before, 2);
}
END_TEST

static void trip(void)
{
	char *volatile some;

	if (!freopen("/dev/null", "w", stderr))
		return;
	tripwire_arm();
	some = malloc(10);
	free(some);
}

START_TEST(an_armed_wire_aborts)
{
	trip();
}
END_TEST

static int (*told)(struct dl_phdr_info *, size_t, void *);

static int tell_named(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct dl_phdr_info named = *info;

	named.dlpi_name = *info->dlpi_name ? info->dlpi_name : "/opened.so";
	return told(&named, size, arg);
}

static int iterate_named(int (*each)(struct dl_phdr_info *, size_t, void *), void *arg)
{
	told = each;
	return dl_iterate_phdr(tell_named, arg);
}

/* As if this program were a library that may go: each walk asks whether it is still there. */
static void become_a_library(void)
{
	const struct rp_tables *tables;

	rp_modules_iterate = iterate_named;
	rp_tables_loading();
	ck_assert(rp_modules_refresh());
	tables = rp_tables_take();
	ck_assert(!rp_tables_module(tables, (uint64_t)(uintptr_t)&tick)->fixed);
	rp_tables_give();
}

/* What a host does all day, while ticks come at 10 kHz. */
START_TEST(a_tick_trips_nothing_whatever_it_interrupts)
{
	if (_i)
		become_a_library();
	struct rp_request *r = flagged_open(100000);
	char text[200];
	struct timespec from, now;

	rp_current_enter(0, atomic_load(&r->serial));
	clock_gettime(CLOCK_MONOTONIC, &from);
	do {
		char *some = malloc((size_t)(from.tv_nsec % 5000) + 1);

		snprintf(text, sizeof(text), "%p %f %s", (void *)some, (double)from.tv_nsec,
		         strerror((int)(from.tv_nsec % 100)));
		some = realloc(some, 6000);
		free(some);
		if (n_handled % 64 == 0)
			flagged_take(&notes);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec * 1000 + now.tv_nsec / 1000000 <
	         from.tv_sec * 1000 + from.tv_nsec / 1000000 + 200);
	rp_current_leave();
	flagged_take(&notes);
	ck_assert_uint_gt(n_handled, 100);
	ck_assert_uint_eq(n_handled, notes.end.ticks);
	for (unsigned i = 0, whole = 0; i < notes.n_samples; i++) {
		whole += notes.samples[i].stack.stop == RP_STOP_END;
		ck_assert(i + 1 < notes.n_samples || whole * 2 > notes.n_samples);
	}
}
END_TEST

START_TEST(entering_waiting_and_leaving_trip_nothing)
{
	struct rp_request *r = flagged_open(100000);
	struct timespec t = {0, 1000000};
	struct rp_wait w;
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	for (unsigned i = 0; i < 20; i++) {
		tripwire_arm();
		rp_current_enter(0, atomic_load(&r->serial));
		rp_wait_enter_fd(&w, RP_WAIT_READ, ends[i % 2]);
		nanosleep(&t, NULL);
		rp_wait_leave(&w);
		rp_wait_begin_paused(&w, &(struct rp_waited){.kind = RP_WAIT_SPAWN, .fd = 1});
		nanosleep(&t, NULL);
		rp_wait_end(&w);
		rp_current_leave();
		tripwire_disarm();
	}
	flagged_take(&notes);
	ck_assert_uint_eq(notes.n_ends, 20);
	ck_assert_uint_eq(notes.n_waits, 40);
}
END_TEST

static bool start_ok(void)
{
	return true;
}

START_TEST(a_flagged_exchange_trips_nothing)
{
	static const char head[] = "GET /a?profile=1 HTTP/1.1\r\nHost: h\r\n\r\n";
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
	int ends[2];

	rp_gate_start = start_ok;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	tripwire_arm();
	rp_conn_accepted(-1, ends[0]);
	rp_conn_heard(ends[0], head, 12); /* in pieces: takes a buffer */
	rp_conn_heard(ends[0], head + 12, sizeof(head) - 13);
	unsigned armed = rp_self.armed;

	rp_conn_touch(ends[0], false, 0);
	rp_conn_said(ends[0], answer, sizeof(answer) - 1);
	rp_conn_retire(ends[0]);
	tripwire_disarm();
	ck_assert_uint_eq(armed, RP_ARMED);
	ck_assert_uint_eq(atomic_load(&rp_requests[0].course.status), 200);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tripwire");
	TCase *tcase = tcase_create("tripwire");

	if (!tripwire_works) {
		puts("SKIP test_tripwire: a sanitizer has its own malloc\n0 passed, 0 failed, 1 "
		     "skipped");
		return EXIT_SUCCESS;
	}
	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 30);
	tcase_add_checked_fixture(tcase, ready, NULL);
	tcase_add_test(tcase, the_wire_is_connected);
	tcase_add_test_raise_signal(tcase, an_armed_wire_aborts, SIGABRT);
	tcase_add_loop_test(tcase, a_tick_trips_nothing_whatever_it_interrupts, 0, 2);
	tcase_add_test(tcase, entering_waiting_and_leaving_trip_nothing);
	tcase_add_test(tcase, a_flagged_exchange_trips_nothing);
	return suite_run(suite);
}
