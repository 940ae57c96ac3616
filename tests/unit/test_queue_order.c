/* test_queue_order.c - an order is believed when it was shown, and by what a stack cannot show.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/conn_bytes.h"
#include "preload/hot/queue_parts.h"

#include "tests/support/workers.h"

START_TEST(the_first_that_is_put_is_the_first_that_is_taken)
{
	settle(TRUSTED);
	show_order();
	for (unsigned order = 0; order < 64; order++) {
		for (unsigned i = 0; i < 6; i++)
			put(order >> i & 1);
		for (unsigned i = 0; i < 6; i++)
			ck_assert_uint_eq(takes(i & 1 ? SECOND : WORKER), order >> i & 1);
		waits(WORKER);
		flagged_take(&notes); /* tracks are few */
	}
}
END_TEST

/* All that lies in it is for one request; then not. */
START_TEST(an_order_that_was_not_shown_is_not_believed)
{
	settle(TRUSTED);
	put(true);
	put(true);
	ck_assert(takes(WORKER));
	ck_assert(takes(SECOND));
	waits(WORKER);
	put(true);
	put(false);
	ck_assert(!takes(WORKER));
	ck_assert(!takes(SECOND));
}
END_TEST

/* A stack: who takes the last that was put answers its client. */
START_TEST(an_order_that_was_wrong_once_is_believed_no_more)
{
	settle(TRUSTED);
	show_order();
	put(true);
	put(false);
	ck_assert(takes(WORKER));
	rp_queue_shows(0, 0, 0);
	takes(SECOND);
	waits(WORKER);
	show_order();
	put(true);
	put(false);
	ck_assert(!takes(WORKER));
	takes(SECOND);
	waits(WORKER);
	put(true);
	ck_assert(takes(WORKER)); /* of one there is no order */
}
END_TEST

/* Its answer is waited for by a thread that works for the request. */
START_TEST(who_wakes_the_only_thread_that_waits_has_worked_for_it)
{
	static char answer;
	struct rp_handoff job;

	settle(TRUSTED);
	for (unsigned i = 0; i <= TRUSTED; i++) {
		put(true);
		put(false);
		ck_assert_uint_eq(takes(WORKER), i >= TRUSTED);
		become(CLIENT);
		work();
		rp_queue_waits(&answer, &answer);
		become(WORKER);
		ck_assert(!rp_queue_passes(&answer, &job));
		become(CLIENT);
		rp_queue_woke(&answer, false);
		rp_queue_passes(&answer, &job);
		takes(SECOND);
		waits(WORKER);
		flagged_take(&notes);
	}
}
END_TEST

/* By a thread that has read last from CLIENT, and of its followed request SERIAL (0: a plain one).
 */
static void put_for_followed(uint32_t client, uint32_t serial)
{
	become(SERVER);
	rp_self.client = client;
	rp_self.client_serial = serial;
	wakes(true);
	unlock();
}

static void put_for(uint32_t client)
{
	put_for_followed(client, 0);
}

/* N pairs that nobody flagged are read on two connections, and answered in the same order, but that
 * of the WRONG-th. */
static void serve_pairs(unsigned n, unsigned wrong)
{
	for (unsigned i = 0; i < n; i++) {
		put_for(1);
		put_for(2);
		takes(WORKER);
		rp_queue_shows(0, 0, i == wrong ? 2 : 1);
		takes(SECOND);
		rp_queue_shows(0, 0, i == wrong ? 1 : 2);
		waits(WORKER);
		waits(SECOND);
	}
}

static bool knows_the_first_of_two(void)
{
	put(true);
	put(false);
	bool known = takes(WORKER);

	takes(SECOND);
	waits(WORKER);
	waits(SECOND);
	flagged_take(&notes);
	return known;
}

START_TEST(an_order_is_shown_by_whoever_is_answered)
{
	settle(TRUSTED);
	serve_pairs(RP_QUEUE_CLIENTS - 1, -1u);
	ck_assert(!knows_the_first_of_two());
	serve_pairs(1, -1u);
	ck_assert(knows_the_first_of_two());
}
END_TEST

START_TEST(an_order_that_was_wrong_for_anybody_is_believed_no_more)
{
	settle(TRUSTED);
	serve_pairs(RP_QUEUE_CLIENTS, -1u);
	ck_assert(knows_the_first_of_two());
	serve_pairs(2 * RP_QUEUE_CLIENTS, 0);
	ck_assert(!knows_the_first_of_two());
	show_order();
	ck_assert(!knows_the_first_of_two());
}
END_TEST

/* It reads from several before it puts: from whom it has read last says nothing. */
START_TEST(connections_that_say_nothing_are_asked_no_more)
{
	settle(TRUSTED);
	serve_pairs(2 * RP_QUEUE_CLIENTS, 0);
	ck_assert(!knows_the_first_of_two());
	show_order();
	ck_assert(knows_the_first_of_two());
}
END_TEST

/* A loop's turn brought several requests, so that it works for nobody. */
START_TEST(what_nobody_puts_is_for_who_was_read_from_last)
{
	struct rp_pending *pending = &rp_conns[2].pending;

	uint32_t serial = atomic_load(&flagged->serial);

	settle(TRUSTED);
	ck_assert(rp_pending_push(pending, 0, 0, serial));
	put_for_followed(3, serial);
	ck_assert(!takes(WORKER));
	waits(WORKER);
	serve_pairs(RP_QUEUE_CLIENTS, -1u);
	put_for(3); /* it has read another one there, which is over */
	ck_assert(!takes(WORKER));
	waits(WORKER);
	put_for_followed(3, serial);
	ck_assert(takes(WORKER));
	waits(WORKER);
	rp_pending_push(pending, 0, 0, 0); /* two that are not answered */
	put_for_followed(3, serial);
	ck_assert(!takes(WORKER));
}
END_TEST

/* Since the first flagged request there was always something in it, how much is not known.  Each
 * third job is for a flagged request, each for another one. */
static void never_empty(bool stack)
{
	enum { DEPTH = 7 };
	unsigned known = 0;

	settle(0);
	atomic_store(&rp_turn_watching, false);
	waits(WORKER);
	atomic_store(&rp_turn_watching, true);
	for (unsigned i = 0; i < 200; i++) {
		unsigned taken = i < DEPTH || (stack && i & 1) ? i : i - DEPTH;
		bool is_ours = taken != i - DEPTH || i >= DEPTH;

		atomic_store(&flagged->serial, 1000 + i);
		put(i % 3 == 0);
		atomic_store(&flagged->serial, 1000 + taken);
		bool said = takes(i & 1 ? SECOND : WORKER);

		ck_assert(!said || (is_ours && taken % 3 == 0));
		known += said;
		rp_queue_shows(0, taken % 3 == 0 && i >= DEPTH ? 1000 + taken : 0, 0);
		flagged_take(&notes);
	}
	ck_assert_uint_eq(known > 0, !stack);
}

START_TEST(how_much_lies_in_it_is_learnt)
{
	never_empty(false);
}
END_TEST

START_TEST(of_a_stack_nothing_is_learnt)
{
	never_empty(true);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hot/queue_order");
	TCase *t = tcase_create("queue_order");

	tcase_add_checked_fixture(t, ready, done);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, the_first_that_is_put_is_the_first_that_is_taken);
	tcase_add_test(t, an_order_that_was_not_shown_is_not_believed);
	tcase_add_test(t, an_order_that_was_wrong_once_is_believed_no_more);
	tcase_add_test(t, who_wakes_the_only_thread_that_waits_has_worked_for_it);
	tcase_add_test(t, an_order_is_shown_by_whoever_is_answered);
	tcase_add_test(t, an_order_that_was_wrong_for_anybody_is_believed_no_more);
	tcase_add_test(t, connections_that_say_nothing_are_asked_no_more);
	tcase_add_test(t, what_nobody_puts_is_for_who_was_read_from_last);
	tcase_add_test(t, how_much_lies_in_it_is_learnt);
	tcase_add_test(t, of_a_stack_nothing_is_learnt);
	suite_add_tcase(suite, t);
	return suite_run(suite);
}
