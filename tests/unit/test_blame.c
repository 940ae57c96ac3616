/* test_blame.c - letter-boxes between a waiter and the holder of a lock.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/blame.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>
#include "preload/hot/clock.h"
#include "preload/hot/current.h"
#include "preload/hot/sys.h"
#include "tests/support/flagged.h"
#include "tests/support/suite.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void ready(void)
{
	flagged_ready();
	rp_blame_check();
}

static struct rp_request *enter(void)
{
	struct rp_request *r = flagged_open(1000000000);

	rp_current_enter((uint32_t)(r - rp_requests), atomic_load(&r->serial));
	return r;
}

/* A thread that holds MUTEX until GO, lets it go, and keeps on living until it is joined. */
struct holder {
	pthread_t thread;
	pthread_mutex_t *mutex;
	uint32_t tid;
	bool flagged;
	_Atomic bool held, go, gone;
};

static void *hold(void *arg)
{
	struct holder *h = arg;

	h->tid = (uint32_t)rp_sys(SYS_gettid, 0);
	if (h->flagged)
		enter();
	pthread_mutex_lock(h->mutex);
	atomic_store(&h->held, true);
	while (!atomic_load(&h->go))
		usleep(100);
	rp_blame_released(h->mutex);
	pthread_mutex_unlock(h->mutex);
	atomic_store(&h->gone, true);
	rp_current_leave();
	return NULL;
}

static void begin(struct holder *h, pthread_mutex_t *m, bool flagged)
{
	*h = (struct holder){.mutex = m, .flagged = flagged};
	ck_assert_int_eq(pthread_create(&h->thread, NULL, hold, h), 0);
	while (!atomic_load(&h->held))
		usleep(100);
}

static void end(struct holder *h)
{
	atomic_store(&h->go, true);
	pthread_join(h->thread, NULL);
}

/* What the waiter would tell, taken out of its track; false: nothing. */
static bool told(const struct rp_blame *b, struct rp_note_held *held, struct rp_note_stack *stack)
{
	const struct rp_note *note;
	bool found = false;

	rp_blame_tell(&rp_self, b, 4242);
	while ((note = rp_track_peek(rp_self.track))) {
		if (note->kind == RP_NOTE_HELD) {
			memcpy(held, note + 1, sizeof(*held));
			memcpy(stack, (const char *)(note + 1) + sizeof(*held), sizeof(*stack));
			ck_assert_uint_eq(held->at_ns, 4242);
			found = true;
		}
		rp_track_take(rp_self.track, note);
	}
	return found;
}

START_TEST(this_libc_is_as_we_think)
{
	ck_assert(rp_blame_works);
}
END_TEST

START_TEST(the_holder_is_named_and_says_where_he_let_go)
{
	struct rp_note_stack stack;
	struct rp_note_held held;
	struct rp_blame b;
	struct holder h;

	enter();
	begin(&h, &mutex, _i);
	rp_blame_mutex(&b, &mutex);
	ck_assert_uint_eq(atomic_load(&rp_blame_waiting), 1);
	end(&h);
	ck_assert(told(&b, &held, &stack));
	rp_blame_end(&b);
	ck_assert_uint_eq(held.how, RP_HELD_THREAD);
	ck_assert_uint_eq(held.tid, h.tid);
	ck_assert_uint_eq(held.seq != 0, _i);
	ck_assert_uint_gt(stack.n, 0);
	ck_assert_uint_eq(atomic_load(&rp_blame_waiting), 0);
	rp_current_leave();
}
END_TEST

START_TEST(a_wait_that_ends_before_the_holder_does_has_no_stack)
{
	struct rp_note_stack stack;
	struct rp_note_held held;
	struct rp_blame b;
	struct holder h;

	enter();
	begin(&h, &mutex, false);
	rp_blame_mutex(&b, &mutex);
	ck_assert(told(&b, &held, &stack));
	rp_blame_end(&b);
	end(&h);
	ck_assert_uint_eq(held.tid, h.tid);
	ck_assert_uint_eq(stack.n, 0);
	rp_current_leave();
}
END_TEST

START_TEST(a_free_mutex_and_ones_own_are_held_by_nobody_known)
{
	pthread_mutex_t own = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
	struct rp_blame b;

	enter();
	rp_blame_mutex(&b, &mutex);
	ck_assert_uint_eq(b.how, RP_HELD_UNKNOWN);
	pthread_mutex_lock(&own);
	rp_blame_mutex(&b, &own);
	ck_assert_uint_eq(b.how, RP_HELD_UNKNOWN);
	ck_assert_uint_eq(b.tid, 0);
	pthread_mutex_unlock(&own);
	rp_current_leave();
	rp_blame_mutex(&b, &mutex);
	ck_assert_uint_eq(b.how, RP_HELD_NOT_ASKED); /* by a thread that works for nobody */
}
END_TEST

START_TEST(readers_are_readers_and_a_writer_has_a_name)
{
	pthread_rwlock_t l = PTHREAD_RWLOCK_INITIALIZER;
	struct rp_blame b;

	enter();
	pthread_rwlock_rdlock(&l);
	rp_blame_rwlock(&b, &l);
	ck_assert_uint_eq(b.how, RP_HELD_READERS);
	ck_assert_uint_eq(b.tid, 0);
	pthread_rwlock_unlock(&l);
	rp_blame_rwlock(&b, &l);
	ck_assert_uint_eq(b.how, RP_HELD_UNKNOWN);
	rp_current_leave();
}
END_TEST

START_TEST(an_inner_unlock_lets_nothing_go)
{
	pthread_mutex_t m = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
	struct rp_note_stack stack;
	struct rp_note_held held;
	struct rp_blame b;
	struct holder h;

	enter();
	begin(&h, &m, false);
	rp_blame_mutex(&b, &m);
	m.__data.__count++; /* as if the holder had locked it once more */
	end(&h);
	ck_assert(told(&b, &held, &stack));
	ck_assert_uint_eq(stack.n, 0);
	rp_blame_end(&b);
	rp_current_leave();
}
END_TEST

/* A wait that longjmp left, and a segment that ends in one, take their boxes with them. */
START_TEST(no_box_stays_behind)
{
	struct rp_blame b;
	struct holder h;

	enter();
	begin(&h, &mutex, false);
	for (unsigned i = 0; i < 4 * RP_MAX_BLAMES; i++) {
		rp_blame_mutex(&b, &mutex);
		ck_assert_uint_ne(b.box, 0);
	}
	ck_assert_uint_eq(atomic_load(&rp_blame_waiting), 1);
	rp_current_leave();
	ck_assert_uint_eq(atomic_load(&rp_blame_waiting), 0);
	end(&h);
}
END_TEST

/* --- waiters come and go while holders fill their boxes --- */

/* On a busy machine a turn takes long, for it gives the processor away: then fewer. */
enum { N_TURNS = 20000, ENOUGH_S = 10 };

static _Atomic bool over;

static void *let_go_for_ever(void *arg)
{
	while (!atomic_load(&over)) {
		pthread_mutex_lock(arg);
		rp_blame_released(arg);
		pthread_mutex_unlock(arg);
	}
	return NULL;
}

START_TEST(boxes_survive_a_crowd)
{
	pthread_t threads[2];
	uint32_t n_named = 0;
	uint64_t enough_ns = rp_mono_ns() + ENOUGH_S * 1000000000ull;

	enter();
	for (unsigned i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, let_go_for_ever, &mutex);
	for (unsigned i = 0; !n_named || (i < N_TURNS && rp_mono_ns() < enough_ns); i++) {
		struct rp_note_stack stack;
		struct rp_note_held held;
		struct rp_blame b;

		rp_blame_mutex(&b, &mutex);
		if (b.how == RP_HELD_THREAD && told(&b, &held, &stack)) {
			n_named++;
			ck_assert_uint_le(stack.n, RP_BLAME_FRAMES);
		}
		rp_blame_end(&b);
		sched_yield();
	}
	atomic_store(&over, true);
	for (unsigned i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	rp_current_leave();
	ck_assert_uint_gt(n_named, 0);
	ck_assert_uint_eq(atomic_load(&rp_blame_waiting), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("blame");
	TCase *tcase = tcase_create("blame");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, ready, NULL);
	tcase_add_test(tcase, this_libc_is_as_we_think);
	tcase_add_loop_test(tcase, the_holder_is_named_and_says_where_he_let_go, 0, 2);
	tcase_add_test(tcase, a_wait_that_ends_before_the_holder_does_has_no_stack);
	tcase_add_test(tcase, a_free_mutex_and_ones_own_are_held_by_nobody_known);
	tcase_add_test(tcase, readers_are_readers_and_a_writer_has_a_name);
	tcase_add_test(tcase, an_inner_unlock_lets_nothing_go);
	tcase_add_test(tcase, no_box_stays_behind);
	tcase_add_test(tcase, boxes_survive_a_crowd);
	return suite_run(suite);
}
