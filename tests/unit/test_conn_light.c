/* test_conn_light.c - bytes of watched requests take the short way, and leave everything as the
 * long one.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/conn_light.h"

#include <string.h>
#include "preload/hot/current.h"
#include "preload/settings.h"
#include "tests/support/aloft.h"
#include "tests/support/guard.h"
#include "tests/support/pair.h"
#include "tests/support/piece.h"
#include "tests/support/suite.h"

enum { FAR_NS = 1000000000, N_LONG = RP_BOOK_TEXT + 1 };

static void ready(void)
{
	pair_ready();
	aloft_begin(60ull * FAR_NS);
}

static bool light_in(const char *text)
{
	size_t n = strlen(text);

	return rp_conn_light_in(pair_fd, guard_put(0, text, n), n);
}

static bool light_out(const char *text)
{
	size_t n = strlen(text);

	return rp_conn_light_out(pair_fd, guard_put(1, text, n), n, n);
}

static struct rp_conn *conn(void)
{
	return rp_conn_of(pair_fd);
}

static struct rp_flight *only_flight(void)
{
	ck_assert_uint_eq(aloft_taken(), 1);
	for (uint32_t i = 0;; i++)
		if (atomic_load(&rp_flights_taken[i / 64]) >> i % 64 & 1)
			return rp_flight_at(RP_REQUEST_FLIGHTS + i);
}

START_TEST(a_request_is_worked_for_until_its_last_byte)
{
	ck_assert(light_in(GET));
	struct rp_flight *f = only_flight();

	ck_assert_uint_eq(rp_self.armed, RP_ARMED_LIGHT);
	ck_assert_uint_eq((uint32_t)atomic_load(&f->hold), RP_FLIGHT_LIVE);
	ck_assert_int_eq(memcmp(f->path, "/plain", f->n_path), 0);
	ck_assert_uint_eq(atomic_load(&f->course.bytes_in), sizeof(GET) - 1);
	ck_assert_uint_eq(atomic_load(&f->course.body_ns), atomic_load(&f->course.head_ns));
	ck_assert(rp_conn_stays(pair_fd, false));
	ck_assert(!rp_conn_stays(pair_fd, true)); /* it may wait for the next one */
	ck_assert(light_out(OK));
	ck_assert_uint_eq(atomic_load(&f->course.status), 200);
	ck_assert_uint_ge(atomic_load(&f->course.response_ns), atomic_load(&f->course.head_ns));
	ck_assert(rp_conn_light_out(pair_fd, NULL, 2, 2)); /* sendfile */
	ck_assert_uint_eq(atomic_load(&f->course.bytes_out), sizeof(OK) - 1 + 2);
	ck_assert_uint_eq(rp_self.armed, RP_ARMED_LIGHT);
	ck_assert(rp_conn_light_out(pair_fd, NULL, 1, 1));
	ck_assert_uint_eq(rp_self.armed, 0);
	ck_assert_uint_eq(aloft_taken(), 0);
	ck_assert_ptr_null(rp_pending_front(&conn()->pending));
	ck_assert(rp_conn_stays(pair_fd, false));
}
END_TEST

START_TEST(exchanges_need_nothing_else_for_ever)
{
	for (unsigned i = 0; i < 100000; i++) {
		ck_assert(light_in(GET));
		ck_assert(light_out(NO_BODY));
	}
	ck_assert_uint_eq(aloft_taken(), 0);
}
END_TEST

/* What can be seen after a piece. */
struct after {
	struct rp_delim_in in;
	struct rp_delim_out out;
	uint32_t armed, taken, status;
	bool waits, body, response, read;
	uint64_t bytes_in, bytes_out;
};

static void look(struct after *a)
{
	struct rp_run *run = rp_pending_front(&conn()->pending);

	memset(a, 0, sizeof(*a));
	a->in = conn()->in;
	a->out = conn()->out;
	memset(a->out.line, 0, sizeof(a->out.line));
	a->armed = rp_self.armed;
	a->taken = aloft_taken();
	a->read = rp_self.client == rp_conn_client(conn()); /* its client, by this thread */
	a->waits = run;
	if (!run || !run->serial)
		return;
	struct rp_course *c = rp_request_course(run->request);

	a->status = atomic_load(&c->status);
	a->body = atomic_load(&c->body_ns) != RP_NEVER;
	a->response = atomic_load(&c->response_ns) != RP_NEVER;
	a->bytes_in = atomic_load(&c->bytes_in);
	a->bytes_out = atomic_load(&c->bytes_out);
}

/* As the hooks do it. */
static void pass(const struct piece *p)
{
	size_t n;
	const void *bytes = piece_bytes(p, &n);

	if (!rp_conn_stays(pair_fd, !p->out))
		rp_conn_touch(pair_fd, !p->out, 0);
	if (p->out)
		rp_conn_said(pair_fd, bytes, n);
	else
		rp_conn_heard(pair_fd, bytes, n);
}

START_TEST(both_ways_leave_the_same_behind)
{
	static struct after after[2][N_PIECES];

	for (unsigned way = 0; way < 2; way++) {
		pair_open();
		rp_self.client = 0;
		/* Somebody is flagged, it seems: the long way. */
		atomic_store(&rp_n_requests, way);
		for (unsigned i = 0; i < N_PIECES; i++) {
			pass(&pieces[i]);
			look(&after[way][i]);
		}
		pair_close();
		ck_assert_uint_eq(aloft_taken(), 0);
	}
	for (unsigned i = 0; i < N_PIECES; i++)
		ck_assert_msg(memcmp(&after[0][i], &after[1][i], sizeof(struct after)) == 0,
		              "piece %u", i);
}
END_TEST

START_TEST(what_is_not_usual_is_left)
{
	static char head[N_LONG + 100];

	ck_assert(!light_in("GET /?profile=1 HTTP/1.1\r\nHost: h\r\n\r\n"));
	ck_assert(!light_in("GET / HTTP/1.1\r\nX-Reqprof: 1\r\n\r\n"));
	ck_assert(!light_in(POST));
	memcpy(head, "GET / HTTP/1.1\r\nA: ", 19);
	memset(head + 19, 'x', N_LONG - 19);
	memcpy(head + N_LONG, "\r\n\r\n", 5);
	ck_assert(!light_in(head));
	ck_assert(!light_out(OK)); /* nobody asked */
	ck_assert_uint_eq(aloft_taken(), 0);
	ck_assert(light_in(GET));
	ck_assert(!light_in(GET)); /* a pipeline */
	ck_assert(!light_out("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
	rp_current_leave();
	ck_assert(!light_out(OK)); /* another thread answers */
	rp_conn_touch(pair_fd, false, 0);
	ck_assert(light_out(OK));
	atomic_store(&conn()->out_busy, 1);
	ck_assert(!light_out("abc"));
	atomic_store(&conn()->out_busy, 0);
	atomic_store(&rp_n_requests, 1);
	ck_assert(!rp_conn_is_light());
	atomic_store(&rp_n_requests, 0);
	rp_conn_over(conn(), RP_END_CLOSED);
	ck_assert_uint_eq(aloft_taken(), 0);
}
END_TEST

START_TEST(without_a_slot_it_is_served_all_the_same)
{
	struct rp_inflight *table = atomic_exchange(&rp_flights, NULL);

	ck_assert(light_in(GET));
	ck_assert_uint_eq(rp_self.armed, 0);
	ck_assert_ptr_nonnull(rp_pending_front(&conn()->pending));
	ck_assert(!light_out(OK "abc"));
	rp_conn_said(pair_fd, OK "abc", sizeof(OK "abc") - 1);
	ck_assert_ptr_null(rp_pending_front(&conn()->pending));
	atomic_store(&rp_flights, table);
	ck_assert(light_in(GET));
	ck_assert(light_out(NO_BODY));
}
END_TEST

START_TEST(a_thread_that_works_for_others_does_not_stay)
{
	int first = pair_fd;

	ck_assert(light_in(GET));
	pair_open();
	ck_assert(!rp_conn_stays(pair_fd, false));
	ck_assert(light_in(GET));
	ck_assert(rp_conn_stays(pair_fd, false));
	ck_assert(!rp_conn_stays(first, false));
	ck_assert_uint_eq(aloft_taken(), 2);
	ck_assert(light_out(NO_BODY));
	ck_assert_uint_eq(aloft_taken(), 1);
	ck_assert(!rp_conn_stays(first, false));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conn_light");
	TCase *tcase = tcase_create("light");

	tcase_add_checked_fixture(tcase, ready, NULL);
	tcase_add_test(tcase, a_request_is_worked_for_until_its_last_byte);
	tcase_add_test(tcase, exchanges_need_nothing_else_for_ever);
	tcase_add_test(tcase, both_ways_leave_the_same_behind);
	tcase_add_test(tcase, what_is_not_usual_is_left);
	tcase_add_test(tcase, without_a_slot_it_is_served_all_the_same);
	tcase_add_test(tcase, a_thread_that_works_for_others_does_not_stay);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
