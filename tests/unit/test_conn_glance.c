/* test_conn_glance.c - unflagged bytes take the short way, and leave everything as the long one.
 *
 * Room: tests.  Our thread is a stub: the test frees what ends.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/conn_glance.h"

#include <string.h>
#include "preload/hot/clock.h"
#include "preload/hot/conn_slot.h"
#include "preload/hot/sampler.h"
#include "preload/settings.h"
#include "tests/support/flagged.h"
#include "tests/support/guard.h"
#include "tests/support/pair.h"
#include "tests/support/piece.h"
#include "tests/support/suite.h"

#define FLAGGED  "GET /one?profile=1 HTTP/1.1\r\nHost: h\r\n\r\n"
#define LISTENER 900

static struct flagged_notes notes;

static bool glance_in(const char *text)
{
	return rp_conn_glance_in(pair_fd, guard_put(0, text, strlen(text)), strlen(text));
}

static bool glance_out(const char *text)
{
	size_t n = strlen(text);

	return rp_conn_glance_out(pair_fd, guard_put(1, text, n), n, n);
}

/* As the hooks do it. */
static void passed_in(const char *text)
{
	ssize_t n = (ssize_t)strlen(text);

	ck_assert_int_eq(rp_conn_passed_in(pair_fd, guard_put(0, text, (size_t)n), n), n);
}

static void passed_out(const char *text)
{
	ssize_t n = (ssize_t)strlen(text);

	ck_assert_int_eq(rp_conn_passed_out(pair_fd, guard_put(1, text, (size_t)n), n), n);
}

static struct rp_conn *conn(void)
{
	return rp_conn_of(pair_fd);
}

START_TEST(plain_exchanges_need_nothing_else)
{
	unsigned n_left = 0;

	for (unsigned i = 0; i < 3 * UINT16_MAX - 10; i++) {
		ck_assert(glance_in(GET));
		if (!glance_out(NO_BODY)) { /* a run of requests is full, the next begins */
			passed_out(NO_BODY);
			n_left++;
		}
	}
	ck_assert_uint_eq(n_left, 2);
	ck_assert_ptr_null(rp_pending_front(&conn()->pending));
	ck_assert(glance_in(POST "hel"));
	ck_assert(!glance_in("lo")); /* its end is the delimiter's */
	passed_in("lo");
	ck_assert(glance_out(OK));
	ck_assert_ptr_nonnull(rp_pending_front(&conn()->pending));
	ck_assert(rp_conn_glance_out(pair_fd, NULL, 2, 2)); /* sendfile */
	ck_assert(rp_conn_glance_out(pair_fd, NULL, 1, 1));
	ck_assert_ptr_null(rp_pending_front(&conn()->pending));
	ck_assert(!glance_out(NO_BODY)); /* nobody asked */
}
END_TEST

/* The same pieces, each time the short way where it is one, against the long way alone. */
static void pass(const struct piece *p, bool short_way)
{
	size_t n;
	const void *bytes = piece_bytes(p, &n);

	if (short_way && p->out)
		rp_conn_passed_out(pair_fd, bytes, (ssize_t)n);
	else if (short_way)
		rp_conn_passed_in(pair_fd, bytes, (ssize_t)n);
	else if (p->out)
		rp_conn_said(pair_fd, bytes, n);
	else
		rp_conn_heard(pair_fd, bytes, n);
}

static unsigned unanswered(struct rp_conn *c)
{
	unsigned n = 0;

	for (unsigned i = 0; i < RP_MAX_PENDING; i++)
		n += atomic_load(&c->pending.runs[i].total) - atomic_load(&c->pending.runs[i].done);
	return n;
}

START_TEST(both_ways_leave_the_same_behind)
{
	int fds[2], peers[2];

	for (unsigned way = 0; way < 2; way++) {
		pair_open();
		fds[way] = pair_fd;
		peers[way] = pair_peer;
	}
	for (size_t i = 0; i < N_PIECES; i++) {
		struct rp_conn *c[2];

		for (unsigned way = 0; way < 2; way++) {
			pair_fd = fds[way];
			pass(&pieces[i], way);
			c[way] = conn();
		}
		ck_assert_msg(memcmp(&c[0]->in, &c[1]->in, sizeof(c[0]->in)) == 0, "%zu", i);
		ck_assert_msg(memcmp(&c[0]->out, &c[1]->out, offsetof(struct rp_delim_out, line)) ==
		                      0,
		              "%zu", i);
		ck_assert_msg(unanswered(c[0]) == unanswered(c[1]), "%zu", i);
		ck_assert_uint_eq(c[0]->layer, c[1]->layer);
		ck_assert_uint_eq(atomic_load(&c[1]->opaque), 0);
		ck_assert_int_eq(c[0]->listener, c[1]->listener);
	}
	for (unsigned way = 0; way < 2; way++) {
		pair_fd = fds[way];
		pair_peer = peers[way];
		pair_close();
	}
}
END_TEST

START_TEST(the_first_request_tells_what_its_listener_is_for)
{
	rp_conn_born(LISTENER, RP_FD_LISTEN);
	rp_conn_accepted(LISTENER, pair_fd);
	ck_assert(glance_in(GET));
	ck_assert_uint_eq(rp_conn_kind(LISTENER), RP_FD_SERVE);
	ck_assert_uint_eq(conn()->accepted_ns, RP_NEVER);
	rp_conn_born(LISTENER, RP_FD_LISTEN); /* another one, by the same number */
	ck_assert(glance_in(GET));
	ck_assert_uint_eq(rp_conn_kind(LISTENER), RP_FD_LISTEN);
}
END_TEST

START_TEST(what_is_inside_of_TLS_takes_it_as_well)
{
	conn()->layer = RP_LAYER_TLS;
	ck_assert(!glance_in(GET)); /* on the wire */
	ck_assert(rp_conn_glance_plain_in(conn(), GET, sizeof(GET) - 1));
	ck_assert(!glance_out(NO_BODY));
	ck_assert_ptr_nonnull(rp_pending_front(&conn()->pending));
	ck_assert(rp_conn_glance_plain_out(conn(), NO_BODY, sizeof(NO_BODY) - 1,
	                                   sizeof(NO_BODY) - 1));
	ck_assert_ptr_null(rp_pending_front(&conn()->pending));
	ck_assert_uint_eq(conn()->layer, RP_LAYER_TLS);
	ck_assert(!rp_conn_glance_plain_in(conn(), FLAGGED, sizeof(FLAGGED) - 1));
}
END_TEST

START_TEST(a_flagged_request_among_plain_ones_is_seen_whole)
{
	struct pair_story story = {0};

	passed_in(GET);
	passed_out(OK "abc");
	passed_in(POST "hello");
	ck_assert(!glance_in(FLAGGED));
	passed_in(FLAGGED);
	passed_in(GET); /* behind it, in the pipeline */
	passed_out(NO_BODY);
	ck_assert_uint_eq(rp_self.armed, 0); /* for which of the two? */
	ck_assert(!glance_out(OK));
	passed_out(OK "ab");
	passed_out("c");
	ck_assert_uint_eq(rp_self.armed, 0);
	passed_out(NO_BODY);
	ck_assert_ptr_null(rp_pending_front(&conn()->pending));
	pair_collect(&story);
	flagged_take(&notes);
	ck_assert_uint_eq(story.n, 1);
	ck_assert_str_eq(story.target[0], "/one");
	ck_assert_uint_eq(story.in[0], sizeof(FLAGGED) - 1);
	ck_assert_uint_eq(story.out[0], sizeof(OK "abc") - 1);
	ck_assert_int_eq(story.how[0], RP_END_COMPLETE);
	ck_assert(glance_in(GET));
	ck_assert(glance_out(NO_BODY));
}
END_TEST

START_TEST(every_spelling_of_a_trigger_is_left_to_the_gate)
{
	static const char *const heads[] = {
	        FLAGGED,
	        "GET /a?b=1&profile=1 HTTP/1.1\r\n\r\n",
	        "GET /a HTTP/1.1\r\nHost: h\r\nX-Reqprof: 1\r\n\r\n",
	        "GET /a HTTP/1.1\r\nx-reqprof:save\r\n\r\n",
	        "GET /routed/x HTTP/1.1\r\n\r\n",
	};
	char why[RP_TRIGGER_WHY];
	struct pair_story story = {0};

	rp_awake = true;
	ck_assert(rp_trigger_parse_routes(&rp_settings.rules, "/routed/*", why));
	pair_open();
	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
		ck_assert(!glance_in(heads[i]));
		passed_in(heads[i]);
		passed_out(NO_BODY);
	}
	pair_collect(&story);
	flagged_take(&notes);
	ck_assert_uint_eq(story.n, sizeof(heads) / sizeof(*heads));
	ck_assert(glance_in("GET /a?profile=0 HTTP/1.1\r\n\r\n"));
	ck_assert(glance_in("GET /a?profiles=1 HTTP/1.1\r\n\r\n"));
	ck_assert(glance_in("GET /other HTTP/1.1\r\nX-Request-Id: 1\r\n\r\n"));
}
END_TEST

START_TEST(who_is_not_alone_on_a_connection_or_at_home_is_left)
{
	int copy = LISTENER + 1;

	atomic_store(&conn()->in_busy, 1);
	ck_assert(!glance_in(GET));
	atomic_store(&conn()->in_busy, 0);
	rp_conn_duped(pair_fd, copy);
	rp_conn_retire(pair_fd); /* the other name lives on, by the long way */
	ck_assert(!glance_in(GET));
	pair_fd = copy;
	ck_assert(!glance_in(GET));
	passed_in(GET);
	ck_assert_ptr_nonnull(rp_pending_front(&conn()->pending));
	conn()->layer = RP_LAYER_TLS;
	ck_assert(!glance_in(GET));
	rp_conn_retire(copy);
	ck_assert(!glance_in(GET));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conn_glance");
	TCase *tcase = tcase_create("glance");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, pair_ready, NULL);
	tcase_add_test(tcase, plain_exchanges_need_nothing_else);
	tcase_add_test(tcase, both_ways_leave_the_same_behind);
	tcase_add_test(tcase, the_first_request_tells_what_its_listener_is_for);
	tcase_add_test(tcase, what_is_inside_of_TLS_takes_it_as_well);
	tcase_add_test(tcase, a_flagged_request_among_plain_ones_is_seen_whole);
	tcase_add_test(tcase, every_spelling_of_a_trigger_is_left_to_the_gate);
	tcase_add_test(tcase, who_is_not_alone_on_a_connection_or_at_home_is_left);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
