/* test_book.c - notes of a request in flight: whole, in order, its own, and bounded.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/book.h"

#include <pthread.h>
#include <string.h>
#include "preload/hot/current.h"
#include "tests/support/aloft.h"
#include "tests/support/flagged.h"
#include "tests/support/suite.h"

enum { N_THREADS = 4, N_EACH = 200 };

static void ready(void)
{
	aloft_ready(3600000000000u);
}

/* A note that says who wrote it, which it is, and the same N times. */
struct word {
	uint64_t who, which, again[4];
};

static bool note(struct aloft a, uint64_t who, uint64_t which)
{
	struct word w = {who, which, {which, which, which, which}};

	return rp_book_note((struct rp_book_for){a.number, a.serial, (uint32_t)who}, RP_NOTE_STALL,
	                    &w, sizeof(w), NULL, 0, NULL);
}

static const struct word *word_of(const struct rp_book_note *n)
{
	return (const void *)(n + 1);
}

START_TEST(notes_come_back_in_order_from_book_and_annex)
{
	struct aloft a = aloft_claim("/");
	const struct rp_book_note *n = NULL;
	uint64_t noted = 0, seen = 0;

	while (note(a, 7, noted))
		noted++;
	ck_assert_uint_gt(noted * sizeof(struct word), RP_ANNEX_BYTES / 2);
	ck_assert_uint_lt(noted * sizeof(struct word), RP_ANNEX_BYTES + RP_BOOK_BYTES);
	ck_assert_uint_ge(rp_book_fullness(a.number), 255);
	while ((n = rp_book_next(a.number, a.serial, n))) {
		ck_assert_uint_eq(n->kind, RP_NOTE_STALL);
		ck_assert_uint_eq(n->tid, 7);
		ck_assert_uint_eq(word_of(n)->which, seen);
		ck_assert_uint_eq(word_of(n)->again[3], seen);
		seen++;
	}
	ck_assert_uint_eq(seen, noted);
	rp_current_over(a.number, a.serial, RP_END_COMPLETE);
	a = aloft_claim("/");
	ck_assert_ptr_null(rp_book_next(a.number, a.serial, NULL));
	ck_assert_uint_eq(rp_book_fullness(a.number), 0); /* the annex was given back */
}
END_TEST

START_TEST(no_more_annexes_than_there_are)
{
	struct aloft a[RP_MAX_ANNEXES + 1];
	unsigned with = 0;

	for (unsigned i = 0; i <= RP_MAX_ANNEXES; i++) {
		a[i] = aloft_claim("/");
		for (unsigned k = 0; k < 2 * RP_BOOK_BYTES / sizeof(struct word); k++)
			note(a[i], 1, k);
		with += rp_book_of(a[i].number)->annex != 0;
	}
	ck_assert_uint_eq(with, RP_MAX_ANNEXES);
	ck_assert_ptr_nonnull(
	        rp_book_next(a[RP_MAX_ANNEXES].number, a[RP_MAX_ANNEXES].serial, NULL));
	for (unsigned i = 0; i <= RP_MAX_ANNEXES; i++)
		rp_current_over(a[i].number, a[i].serial, RP_END_COMPLETE);
}
END_TEST

START_TEST(a_late_note_is_not_taken_for_the_next_requests)
{
	struct aloft a = aloft_claim("/first"), b;

	rp_current_over(a.number, a.serial, RP_END_COMPLETE);
	ck_assert(!note(a, 1, 1)); /* over, and free */
	b = aloft_claim("/second");
	ck_assert_uint_eq(a.number, b.number);
	ck_assert(!note(a, 1, 1)); /* another's */
	ck_assert(note(b, 1, 2));
	atomic_fetch_or(&rp_flight_at(b.number)->flags, RP_FLIGHT_TOLD);
	ck_assert(!note(b, 1, 3)); /* written already */
	const struct rp_book_note *n = rp_book_next(b.number, b.serial, NULL);

	ck_assert_uint_eq(word_of(n)->which, 2);
	ck_assert_ptr_null(rp_book_next(b.number, b.serial, n));
	/* What was reserved for the one before and filled late is passed over. */
	ck_assert_ptr_null(rp_book_next(b.number, b.serial + 1, NULL));
	rp_current_over(b.number, b.serial, RP_END_COMPLETE);
}
END_TEST

START_TEST(a_slot_is_not_given_away_while_somebody_notes)
{
	struct aloft a = aloft_claim("/");

	atomic_fetch_add(&rp_book_of(a.number)->pushing, 1);
	rp_current_over(a.number, a.serial, RP_END_COMPLETE);
	ck_assert_int_eq(aloft_state(a), RP_FLIGHT_LEFT);
	ck_assert_uint_eq(aloft_taken(), 1);
	ck_assert_uint_ne(aloft_claim("/").number, a.number);
	atomic_fetch_sub(&rp_book_of(a.number)->pushing, 1);
	rp_flight_free(a.number); /* our thread looks again */
	ck_assert_int_eq(aloft_state(a), RP_FLIGHT_FREE);
	ck_assert_uint_eq(aloft_taken(), 1);
}
END_TEST

static struct aloft shared;

static void *note_many(void *who)
{
	for (uint64_t i = 0; i < N_EACH; i++)
		if (!note(shared, (uint64_t)(uintptr_t)who, i))
			return who;
	return NULL;
}

START_TEST(threads_note_at_once_and_every_note_is_whole)
{
	pthread_t threads[N_THREADS];
	uint64_t next[N_THREADS + 1] = {0};
	const struct rp_book_note *n = NULL;

	shared = aloft_claim("/");
	for (uintptr_t i = 0; i < N_THREADS; i++)
		pthread_create(&threads[i], NULL, note_many, (void *)(i + 1));
	for (unsigned i = 0; i < N_THREADS; i++) {
		void *failed;

		pthread_join(threads[i], &failed);
		ck_assert_ptr_null(failed);
	}
	ck_assert(rp_book_is_quiet(shared.number));
	while ((n = rp_book_next(shared.number, shared.serial, n))) {
		const struct word *w = word_of(n);

		ck_assert_uint_eq(w->who, n->tid);
		ck_assert_uint_eq(w->which, next[w->who]++);
		for (unsigned k = 0; k < 4; k++)
			ck_assert_uint_eq(w->again[k], w->which);
	}
	for (unsigned i = 1; i <= N_THREADS; i++)
		ck_assert_uint_eq(next[i], N_EACH);
	rp_current_over(shared.number, shared.serial, RP_END_COMPLETE);
}
END_TEST

START_TEST(a_stack_takes_no_more_room_than_it_has_frames)
{
	struct aloft a = aloft_enter("/");
	struct rp_note_sample sample = {.weight = 1};
	struct rp_regs regs;
	const struct rp_book_note *n;
	const struct rp_book_stack *stack;

	rp_regs_here(&regs);
	ck_assert(rp_book_note(rp_book_for(&rp_self), RP_NOTE_SAMPLE, &sample, sizeof(sample), NULL,
	                       0, &regs));
	ck_assert(note(a, 1, 1));
	n = rp_book_next(a.number, a.serial, NULL);
	stack = (const void *)((const char *)(n + 1) + sizeof(sample));
	ck_assert_uint_gt(stack->n, 2);
	ck_assert_uint_eq(n->bytes, sizeof(*n) + sizeof(sample) + sizeof(*stack) + 8 * stack->n);
	n = rp_book_next(a.number, a.serial, n);
	ck_assert_uint_eq(word_of(n)->which, 1);
	rp_current_over(a.number, a.serial, RP_END_COMPLETE);
}
END_TEST

START_TEST(nothing_is_noted_where_nothing_is_kept)
{
	aloft_ready(RP_NEVER);
	ck_assert(!note(aloft_claim("/"), 1, 1));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hot/book");
	TCase *tcase = tcase_create("all");

	tcase_add_checked_fixture(tcase, ready, NULL);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, notes_come_back_in_order_from_book_and_annex);
	tcase_add_test(tcase, no_more_annexes_than_there_are);
	tcase_add_test(tcase, a_late_note_is_not_taken_for_the_next_requests);
	tcase_add_test(tcase, a_slot_is_not_given_away_while_somebody_notes);
	tcase_add_test(tcase, threads_note_at_once_and_every_note_is_whole);
	tcase_add_test(tcase, a_stack_takes_no_more_room_than_it_has_frames);
	tcase_add_test(tcase, nothing_is_noted_where_nothing_is_kept);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
