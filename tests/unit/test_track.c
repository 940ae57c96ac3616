/* test_track.c - notes between a thread, its signal handler and the drain.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/track.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include "preload/hot/drops.h"
#include "tests/support/suite.h"

/* A note whose every byte follows from its number, so that a torn one shows. */
struct numbered {
	uint64_t number, n;
	uint8_t tail[1500];
};

static struct numbered make(uint64_t number)
{
	struct numbered m = {.number = number, .n = number * 7919 % 1400};

	memset(m.tail, (int)(number & 0xff), m.n);
	return m;
}

static bool push(struct rp_track *t, enum rp_note_kind kind, uint64_t number)
{
	struct numbered m = make(number);
	size_t half = m.n / 2;

	return rp_track_push(t, kind, &m, 16, m.tail, half, m.tail + half, m.n - half);
}

static bool is_whole(const struct rp_note *note, uint64_t *number)
{
	struct numbered m, want;

	memcpy(&m, note + 1, 16);
	want = make(m.number);
	*number = m.number;
	return want.n == m.n && note->bytes == ((sizeof(*note) + 16 + m.n + 7) & ~7ull) &&
	       memcmp((const char *)(note + 1) + 16, want.tail, m.n) == 0;
}

static struct rp_track *claim(void)
{
	struct rp_track *t = rp_track_claim(0, 1, 4711, 99);

	ck_assert_ptr_nonnull(t);
	return t;
}

START_TEST(notes_come_out_whole_and_in_order_around_the_end_of_the_ring)
{
	struct rp_track *t = claim();
	uint64_t next = 0, number, taken = 0;

	for (unsigned turn = 0; turn < 40; turn++) {
		while (push(t, RP_NOTE_SAMPLE, next))
			next++;
		for (const struct rp_note *note; (note = rp_track_peek(t)); taken++) {
			ck_assert_uint_eq(note->kind, RP_NOTE_SAMPLE);
			ck_assert(is_whole(note, &number));
			ck_assert_uint_eq(number, taken);
			rp_track_take(t, note);
		}
		ck_assert_uint_eq(taken, next);
	}
	ck_assert_uint_gt(atomic_load(&t->head), 30ull * RP_TRACK_BYTES);
}
END_TEST

START_TEST(a_full_ring_refuses_and_keeps_what_it_has)
{
	struct rp_track *t = claim();
	uint64_t n = 0, number, seen = 0;

	while (push(t, RP_NOTE_SAMPLE, n))
		n++;
	uint64_t head = atomic_load(&t->head);

	ck_assert(!push(t, RP_NOTE_SAMPLE, 3));
	ck_assert_uint_eq(atomic_load(&t->head), head);
	ck_assert_uint_le(head, RP_TRACK_BYTES);
	for (const struct rp_note *note; (note = rp_track_peek(t)); seen++) {
		ck_assert(is_whole(note, &number));
		ck_assert_uint_eq(number, seen);
		rp_track_take(t, note);
	}
	ck_assert_uint_eq(seen, n);
}
END_TEST

/* The numbers of a segment must not depend on whether its samples were too many. */
START_TEST(the_end_of_a_segment_finds_room_in_a_full_ring)
{
	struct rp_track *t = claim();
	struct rp_note_end end = {.end_ns = 12345};
	const struct rp_note *note;

	/* whatever the distance to the end of the ring */
	for (uint64_t start = 0; start < 3000; start += 200) {
		for (uint64_t i = 0; i * 200 < start; i++)
			ck_assert(push(t, RP_NOTE_WAIT, 0));
		while (push(t, RP_NOTE_SAMPLE, 1))
			;
		ck_assert(rp_track_push(t, RP_NOTE_END, &end, sizeof(end), NULL, 0, NULL, 0));
		for (unsigned ends = 0; (note = rp_track_peek(t)); rp_track_take(t, note)) {
			ck_assert_uint_eq(ends, 0);
			ends += note->kind == RP_NOTE_END;
			if (ends)
				ck_assert_int_eq(memcmp(note + 1, &end, sizeof(end)), 0);
		}
	}
}
END_TEST

START_TEST(claims_are_exclusive_and_one_too_many_is_none)
{
	struct rp_track *first = claim();

	ck_assert_uint_eq(first->request, 1);
	ck_assert_uint_eq(first->serial, 1);
	ck_assert_uint_eq(first->tid, 4711);
	ck_assert_uint_eq(first->begin_ns, 99);
	for (unsigned i = 1; i < RP_MAX_TRACKS; i++)
		ck_assert_ptr_ne(claim(), first);
	ck_assert_ptr_null(rp_track_claim(0, 1, 1, 1));
	first->request = 0;
	atomic_store(&first->state, RP_TRACK_FREE);
	ck_assert_ptr_eq(claim(), first);
}
END_TEST

START_TEST(no_track_beyond_those_used_was_ever_claimed)
{
	ck_assert_uint_eq(atomic_load(&rp_tracks_used), 0);
	for (unsigned i = 0; i < 3; i++) {
		claim();
		ck_assert_uint_eq(atomic_load(&rp_tracks_used), i + 1);
	}
	atomic_store(&rp_tracks[0].state, RP_TRACK_FREE);
	ck_assert_ptr_eq(claim(), &rp_tracks[0]);
	ck_assert_uint_eq(atomic_load(&rp_tracks_used), 3);
}
END_TEST

/* The drain does all of its work for a wake only. */
START_TEST(a_glimpse_rings_but_is_no_wake)
{
	uint32_t bell = atomic_load(&rp_track_bell), wakes = atomic_load(&rp_track_wakes);

	rp_track_glimpse();
	ck_assert_uint_eq(atomic_load(&rp_track_bell), bell + 1);
	ck_assert_uint_eq(atomic_load(&rp_track_wakes), wakes);
	rp_track_wake();
	ck_assert_uint_eq(atomic_load(&rp_track_bell), bell + 2);
	ck_assert_uint_eq(atomic_load(&rp_track_wakes), wakes + 1);
}
END_TEST

START_TEST(a_track_begins_anew_with_each_claim)
{
	for (uint64_t turn = 0; turn < 5; turn++) {
		struct rp_track *t = claim();
		const struct rp_note *note;
		uint64_t number;

		ck_assert_ptr_eq(t, &rp_tracks[0]);
		ck_assert_ptr_null(rp_track_peek(t));
		for (uint64_t i = 0; i < 3; i++)
			ck_assert(push(t, RP_NOTE_SAMPLE, turn * 10 + i));
		for (uint64_t i = 0; i < 3; i++) {
			note = rp_track_peek(t);
			ck_assert_ptr_nonnull(note);
			ck_assert(is_whole(note, &number));
			ck_assert_uint_eq(number, turn * 10 + i);
			rp_track_take(t, note);
		}
		ck_assert_ptr_null(rp_track_peek(t));
		t->request = 0;
		atomic_store(&t->state, RP_TRACK_FREE);
	}
}
END_TEST

/* --- a handler that pushes in the middle of a push, and a drain on another thread --- */

enum { N_PUSHES = 20000, BY_HANDLER = 1 << 30 };

static struct rp_track *shared;
static volatile sig_atomic_t n_handled, n_handler_refused;
static atomic_bool over;

static void push_in_handler(int sig)
{
	(void)sig;
	if (push(shared, RP_NOTE_WAIT, BY_HANDLER + (uint64_t)n_handled))
		n_handled++;
	else
		n_handler_refused++;
}

struct seen {
	uint64_t main, handler, torn, unordered;
};

static void judge(struct seen *seen, const struct rp_note *note)
{
	uint64_t number;

	if (!is_whole(note, &number))
		seen->torn++;
	else if (number >= BY_HANDLER)
		seen->unordered += number - BY_HANDLER != seen->handler++;
	else
		seen->unordered += number != seen->main++;
}

static void *drain(void *arg)
{
	struct seen *seen = arg;

	for (;;) {
		bool last = atomic_load(&over);
		const struct rp_note *note = rp_track_peek(shared);

		if (note) {
			judge(seen, note);
			rp_track_take(shared, note);
		} else if (last) {
			return NULL;
		}
		if (seen->torn)
			return NULL; /* what follows a torn note is noise */
	}
}

static void tick_every(unsigned us)
{
	struct itimerval every = {{0, us}, {0, us}};

	setitimer(ITIMER_REAL, &every, NULL);
}

START_TEST(a_handler_may_push_in_the_middle_of_a_push)
{
	struct sigaction act = {.sa_handler = push_in_handler};
	struct seen seen = {0};
	sigset_t alarms;
	pthread_t thread;
	uint64_t pushed = 0;

	shared = claim();
	sigemptyset(&alarms);
	sigaddset(&alarms, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alarms, NULL);
	ck_assert_int_eq(pthread_create(&thread, NULL, drain, &seen), 0);
	pthread_sigmask(SIG_UNBLOCK, &alarms, NULL);
	sigaction(SIGALRM, &act, NULL);
	tick_every(30);
	for (unsigned i = 0; i < N_PUSHES || n_handled < 500; i++)
		pushed += push(shared, RP_NOTE_SAMPLE, pushed);
	tick_every(0);
	atomic_store(&over, true);
	pthread_join(thread, NULL);
	ck_assert_uint_eq(seen.torn, 0);
	ck_assert_uint_eq(seen.unordered, 0);
	ck_assert_uint_eq(seen.main, pushed);
	ck_assert_uint_eq(seen.handler, (uint64_t)n_handled);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("track");
	TCase *tcase = tcase_create("track");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 30);
	tcase_add_test(tcase, notes_come_out_whole_and_in_order_around_the_end_of_the_ring);
	tcase_add_test(tcase, a_full_ring_refuses_and_keeps_what_it_has);
	tcase_add_test(tcase, the_end_of_a_segment_finds_room_in_a_full_ring);
	tcase_add_test(tcase, claims_are_exclusive_and_one_too_many_is_none);
	tcase_add_test(tcase, no_track_beyond_those_used_was_ever_claimed);
	tcase_add_test(tcase, a_glimpse_rings_but_is_no_wake);
	tcase_add_test(tcase, a_track_begins_anew_with_each_claim);
	tcase_add_test(tcase, a_handler_may_push_in_the_middle_of_a_push);
	return suite_run(suite);
}
