/* test_seat.c - a thread of a request that nobody flagged: what it notes, and that no signal of
 * ours meets it where it waits.
 *
 * Room: tests.  The test is our thread, too: it promises, calls and settles.
 * SPDX-License-Identifier: MIT
 */
#include "preload/hot/seat.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>
#include "preload/hot/clock.h"
#include "preload/hot/current.h"
#include "preload/hot/mask.h"
#include "preload/hot/seat_book.h"
#include "preload/hot/sys.h"
#include "preload/settings.h"
#include "tests/support/aloft.h"
#include "tests/support/flagged.h"
#include "tests/support/suite.h"

enum { MS = 1000000 };

static void ready(void)
{
	aloft_ready(3600000000000u);
	rp_settings.slow_interval_ns = MS;
}

static bool is_blocked(void)
{
	return rp_sigmask(SIG_BLOCK, 0) & rp_sigbit(rp_mask_signal());
}

static bool is_pending(void)
{
	uint64_t set = 0;

	rp_sys(SYS_rt_sigpending, &set, sizeof(set));
	return set & rp_sigbit(rp_mask_signal());
}

/* Our thread's half, up to the promise; then the signal. */
static void promise(void)
{
	struct rp_seat *seat = rp_self.seat;
	uint32_t out = RP_GATE_OUT;

	atomic_fetch_add(&seat->weight, 1);
	atomic_fetch_add(&seat->promised, 1);
	ck_assert(atomic_compare_exchange_strong(&seat->gate, &out, RP_GATE_CALLED));
}

static void settle(bool with_signal)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	info.si_code = SI_QUEUE;
	info.si_pid = getpid();
	info.si_value.sival_ptr = (void *)((uintptr_t)RP_SEAT_COOKIE << 32 | rp_self.tick);
	if (with_signal)
		ck_assert_int_eq(rp_sys(SYS_rt_tgsigqueueinfo, getpid(), rp_self.tid,
		                        rp_mask_signal(), &info),
		                 0);
	atomic_fetch_add(&rp_self.seat->settled, 1);
}

static void watch(void)
{
	struct rp_seat *seat = rp_self.seat;

	atomic_store(&seat->watch_ns, rp_mono_ns());
	atomic_store(&seat->watch_cpu_ns, rp_cpu_ns());
	atomic_store(&seat->watched, rp_self.tick);
}

static int poll_ms(int ms)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_POLL, NULL, 0);
	int ret = poll(NULL, 0, ms);

	rp_wait_leave(&w);
	return ret;
}

static const struct rp_book_note *find(struct aloft a, enum rp_note_kind kind)
{
	const struct rp_book_note *n = NULL;

	while ((n = rp_book_next(a.number, a.serial, n)))
		if (n->kind == kind)
			return n;
	return NULL;
}

static const struct rp_book_kind *kind_of(const struct rp_book_note *end, enum rp_wait_kind kind)
{
	const struct rp_book_segment *segment = (const void *)(end + 1);
	const struct rp_book_kind *kinds = (const void *)(segment + 1);

	for (uint32_t i = 0; i < segment->n_kinds; i++)
		if (kinds[i].kind == kind)
			return &kinds[i];
	return NULL;
}

START_TEST(a_segment_is_noted_with_its_calls)
{
	struct aloft a = aloft_enter("/");
	const struct rp_book_note *n;

	ck_assert_uint_eq(atomic_load(&rp_self.seat->gate), RP_GATE_OUT);
	for (int i = 0; i < 5; i++)
		poll_ms(0);
	poll_ms(5);
	rp_current_leave();
	ck_assert_uint_eq(atomic_load(&rp_self.seat->gate), RP_GATE_AWAY);
	ck_assert_uint_eq(atomic_load(&rp_self.seat->works), 0);
	n = find(a, RP_NOTE_WAIT);
	ck_assert_ptr_nonnull(n);
	const struct rp_note_wait *wait = (const void *)(n + 1);
	const struct rp_book_stack *stack =
	        (const void *)((const char *)wait + rp_book_wait_bytes(wait));

	ck_assert_uint_eq(wait->kind, RP_WAIT_POLL);
	ck_assert_uint_ge(wait->span_ns, 4 * MS);
	ck_assert_uint_eq(wait->cpu_ns, RP_NEVER); /* its clocks were not read */
	ck_assert_uint_gt(stack->n, 2);
	n = find(a, RP_NOTE_END);
	ck_assert_ptr_nonnull(n);
	const struct rp_book_segment *segment = (const void *)(n + 1);

	ck_assert_uint_eq(segment->watch_ns, RP_NEVER);
	ck_assert_uint_le(segment->begin_ns, wait->at_ns);
	ck_assert_uint_ge(segment->end_ns, wait->at_ns + wait->span_ns);
	ck_assert_uint_eq(kind_of(n, RP_WAIT_POLL)->calls, 6);
	ck_assert_uint_le(kind_of(n, RP_WAIT_POLL)->shorts, 5); /* some were long: the machine */
	rp_current_over(a.number, a.serial, RP_END_COMPLETE);
}
END_TEST

START_TEST(an_old_request_has_its_clocks_read_at_once)
{
	struct aloft a = aloft_claim("/");

	poll(NULL, 0, 3);
	rp_self.claimed = 0; /* it is not just now that it read the head */
	rp_current_enter(a.number, a.serial);
	flagged_burn(5);
	poll_ms(3);
	rp_current_leave();
	const struct rp_book_segment *segment = (const void *)(find(a, RP_NOTE_END) + 1);
	const struct rp_note_wait *wait = (const void *)(find(a, RP_NOTE_WAIT) + 1);

	ck_assert_uint_eq(segment->watch_ns, segment->begin_ns);
	ck_assert_uint_gt(segment->cpu_ns, 0);
	ck_assert_uint_le(segment->cpu_ns, segment->end_ns - segment->begin_ns);
	ck_assert_uint_lt(wait->cpu_ns, wait->span_ns);
	rp_current_over(a.number, a.serial, RP_END_COMPLETE);
}
END_TEST

START_TEST(a_call_where_it_runs_is_a_sample)
{
	struct aloft a = aloft_enter("/");

	watch();
	flagged_burn(3);
	promise();
	settle(true);
	ck_assert_uint_eq(atomic_load(&rp_self.seat->gate), RP_GATE_OUT); /* it came at once */
	const struct rp_book_note *n = find(a, RP_NOTE_SAMPLE);
	const struct rp_note_sample *sample = (const void *)(n + 1);

	ck_assert_ptr_nonnull(n);
	ck_assert_uint_eq(sample->weight, 1);
	ck_assert_uint_gt(sample->cpu_ns, 0);
	ck_assert_uint_gt(((const struct rp_book_stack *)(const void *)(sample + 1))->n, 2);
	rp_current_over(a.number, a.serial, RP_END_COMPLETE);
	ck_assert_uint_eq(aloft_taken(), 0);
}
END_TEST

START_TEST(a_call_on_its_way_does_not_meet_a_wait)
{
	struct aloft a = aloft_enter("/");

	watch();
	for (int signal_first = 0; signal_first < 2; signal_first++) {
		struct rp_wait w;

		/* The other order is that of our thread; here the signal comes inside. */
		promise();
		rp_wait_enter(&w, RP_WAIT_POLL, NULL, 0);
		ck_assert(is_blocked());
		settle(true);
		ck_assert(is_pending());
		ck_assert_int_eq(poll(NULL, 0, 5), 0);
		rp_wait_leave(&w);
		ck_assert(!is_pending());
		ck_assert(!is_blocked());
		ck_assert_uint_eq(atomic_load(&rp_self.seat->gate), RP_GATE_OUT);
	}
	ck_assert_ptr_null(find(a, RP_NOTE_SAMPLE)); /* the wait tells that time */
	rp_current_over(a.number, a.serial, RP_END_COMPLETE);
}
END_TEST

START_TEST(who_waits_is_not_called)
{
	struct aloft a = aloft_enter("/");
	uint32_t out = RP_GATE_OUT;
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_POLL, NULL, 0);
	ck_assert(!is_blocked()); /* it costs nothing, either */
	ck_assert(!atomic_compare_exchange_strong(&rp_self.seat->gate, &out, RP_GATE_CALLED));
	ck_assert_uint_eq(atomic_load(&rp_self.seat->kind), RP_WAIT_POLL);
	ck_assert_uint_ne(atomic_load(&rp_self.seat->since_ns), 0);
	rp_wait_leave(&w);
	ck_assert_uint_eq(atomic_load(&rp_self.seat->since_ns), 0);
	rp_current_over(a.number, a.serial, RP_END_COMPLETE);
	out = RP_GATE_OUT;
	ck_assert(!atomic_compare_exchange_strong(&rp_self.seat->gate, &out, RP_GATE_CALLED));
}
END_TEST

START_TEST(a_call_that_comes_after_the_segment_is_awaited_by_the_mask)
{
	struct aloft a = aloft_enter("/"), b;

	promise();
	rp_current_over(a.number, a.serial, RP_END_COMPLETE);
	ck_assert(is_blocked()); /* it may come now */
	ck_assert(rp_self.owes);
	ck_assert_int_eq(poll(NULL, 0, 2), 0);
	settle(true);
	ck_assert_int_eq(poll(NULL, 0, 2), 0);
	ck_assert(is_pending());
	b = aloft_enter("/");
	ck_assert(!is_pending());
	ck_assert(!is_blocked());
	ck_assert(!rp_self.owes);
	ck_assert_uint_eq(atomic_load(&rp_self.seat->gate), RP_GATE_OUT);
	rp_current_over(b.number, b.serial, RP_END_COMPLETE);
}
END_TEST

START_TEST(a_promise_that_was_not_kept_is_forgotten)
{
	struct aloft a = aloft_enter("/");

	promise();
	settle(false);
	rp_current_over(a.number, a.serial, RP_END_COMPLETE);
	ck_assert(!is_blocked());
	ck_assert(!rp_self.owes);
}
END_TEST

START_TEST(a_host_that_blocks_everything_finds_its_mask_as_it_was)
{
	uint64_t ours = rp_sigbit(rp_mask_signal());
	struct aloft a = aloft_enter("/");

	rp_sigmask(SIG_BLOCK, ours); /* passes by no hook here: the host's own */
	promise();
	settle(true);
	ck_assert(is_pending());
	rp_current_over(a.number, a.serial, RP_END_COMPLETE);
	ck_assert(is_blocked());
	ck_assert(!is_pending());
	atomic_store(&rp_self.seat->deaf, 1); /* as our thread finds out */
	a = aloft_enter("/");
	ck_assert(!is_blocked());
	ck_assert(rp_self.host_blocks);
	watch();
	promise();
	settle(true);
	ck_assert_ptr_nonnull(find(a, RP_NOTE_SAMPLE));
	rp_current_over(a.number, a.serial, RP_END_COMPLETE);
	ck_assert(is_blocked());
	rp_sigmask(SIG_UNBLOCK, ours);
}
END_TEST

START_TEST(a_wait_within_a_wait_is_the_outer_ones)
{
	struct aloft a = aloft_enter("/");
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_POLL, NULL, 0);
	poll_ms(1); /* a handler of the host's */
	ck_assert_uint_eq(atomic_load(&rp_self.seat->gate), RP_GATE_IN);
	rp_wait_leave(&w);
	rp_current_leave();
	ck_assert_uint_eq(kind_of(find(a, RP_NOTE_END), RP_WAIT_POLL)->calls, 1);
	rp_current_over(a.number, a.serial, RP_END_COMPLETE);
}
END_TEST

START_TEST(a_wait_outlives_its_request_and_is_cut)
{
	struct aloft a = aloft_enter("/");
	struct rp_wait w;

	rp_settings.slow_ns = 0; /* it is kept */
	rp_wait_enter(&w, RP_WAIT_POLL, NULL, 0);
	poll(NULL, 0, 5);
	rp_self.moving = true; /* as on another thread */
	rp_flight_over(a.number, a.serial, RP_END_COMPLETE);
	rp_self.moving = false;
	uint64_t over_ns = rp_flight_over_ns(a.number, a.serial);

	poll(NULL, 0, 5);
	rp_wait_leave(&w);
	ck_assert_uint_eq(rp_self.armed, 0);
	const struct rp_note_wait *wait = (const void *)(find(a, RP_NOTE_WAIT) + 1);
	const struct rp_book_segment *segment = (const void *)(find(a, RP_NOTE_END) + 1);

	ck_assert_uint_eq(wait->at_ns + wait->span_ns, over_ns);
	ck_assert_uint_eq(segment->end_ns, over_ns);
	rp_flight_free(a.number);
}
END_TEST

START_TEST(a_thread_leaves_one_request_for_another)
{
	struct aloft a = aloft_enter("/a"), b = aloft_claim("/b");
	uint32_t segment = rp_self.tick;

	rp_current_enter(b.number, b.serial);
	ck_assert(rp_current_is(b.number, b.serial));
	ck_assert_uint_gt(rp_self.tick, segment);
	ck_assert_ptr_nonnull(find(a, RP_NOTE_END));
	rp_current_enter(b.number, b.serial);
	ck_assert_ptr_null(find(b, RP_NOTE_END)); /* it stayed */
	rp_current_over(a.number, a.serial, RP_END_COMPLETE);
	ck_assert(rp_current_is(b.number, b.serial));
	rp_current_over(b.number, b.serial, RP_END_COMPLETE);
	ck_assert_uint_eq(aloft_taken(), 0);
}
END_TEST

/* A loop that reads a head, and answers when a timer is due: no call on the way was the request's.
 */
START_TEST(when_a_call_ended_is_not_known_in_another_segment)
{
	struct aloft a = aloft_enter("/");
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_SLEEP, NULL, 0);
	rp_wait_leave(&w);
	uint64_t ended_ns = rp_seat_call_ns();

	ck_assert_uint_eq(rp_seat_call_ns(), ended_ns);
	rp_current_leave();
	uint64_t later_ns = rp_mono_ns();

	rp_current_enter(a.number, a.serial);
	ck_assert_uint_eq(rp_self.armed, RP_ARMED_LIGHT);
	ck_assert_uint_ge(rp_seat_call_ns(), later_ns);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hot/seat");
	TCase *tcase = tcase_create("all");

	tcase_add_checked_fixture(tcase, ready, NULL);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, a_segment_is_noted_with_its_calls);
	tcase_add_test(tcase, an_old_request_has_its_clocks_read_at_once);
	tcase_add_test(tcase, a_call_where_it_runs_is_a_sample);
	tcase_add_test(tcase, a_call_on_its_way_does_not_meet_a_wait);
	tcase_add_test(tcase, who_waits_is_not_called);
	tcase_add_test(tcase, a_call_that_comes_after_the_segment_is_awaited_by_the_mask);
	tcase_add_test(tcase, a_promise_that_was_not_kept_is_forgotten);
	tcase_add_test(tcase, a_host_that_blocks_everything_finds_its_mask_as_it_was);
	tcase_add_test(tcase, a_wait_within_a_wait_is_the_outer_ones);
	tcase_add_test(tcase, a_wait_outlives_its_request_and_is_cut);
	tcase_add_test(tcase, a_thread_leaves_one_request_for_another);
	tcase_add_test(tcase, when_a_call_ended_is_not_known_in_another_segment);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
