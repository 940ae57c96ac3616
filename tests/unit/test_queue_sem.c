/* test_queue_sem.c - jobs under a mutex that a semaphore counts, by threads that this one plays.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/queue.h"

#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include "preload/hot/clock.h"
#include "preload/hot/queue_parts.h"
#include "preload/hot/turn.h"
#include "tests/support/flagged.h"
#include "tests/support/suite.h"

enum { MS = 1000000 };
enum who { SERVER, WORKER, SECOND, N_WHO };

static struct flagged_notes notes;
static struct rp_request *flagged;
static struct {
	pthread_mutex_t lock;
	sem_t count;
} shared;
static struct rp_self kept[N_WHO];
static enum who now;

/* What a thread knows of queues. */
static void carry(struct rp_self *to, const struct rp_self *from)
{
	to->waited = from->waited;
	to->gave_under = from->gave_under;
	memcpy(to->took, from->took, sizeof(to->took));
	to->ticket = from->ticket;
	to->unposted = from->unposted;
	to->early = from->early;
}

static void become(enum who who)
{
	rp_current_leave();
	carry(&kept[now], &rp_self);
	now = who;
	carry(&rp_self, &kept[who]);
	rp_self.tid = 1000 + who;
}

static void make(unsigned value)
{
	pthread_mutex_init(&shared.lock, NULL);
	sem_init(&shared.count, 0, value);
	rp_queue_sem_made(&shared.count, value);
}

static void ready(void)
{
	flagged_ready();
	flagged = flagged_open(MS);
	atomic_store(&rp_turn_watching, true);
	atomic_store(&rp_turn_runs, RP_RUNS_CALLBACKS);
	make(0);
	become(SERVER);
}

static void done(void)
{
	flagged_close(flagged, &notes);
}

static bool works(void)
{
	return rp_current_works(0, atomic_load(&flagged->serial));
}

static void unlock(void)
{
	struct rp_handoff job;
	bool took = rp_queue_passes(&shared.lock, &job);

	pthread_mutex_unlock(&shared.lock);
	if (took)
		rp_current_offer(&job);
}

static void post(void)
{
	bool counts = rp_queue_sem_posts(&shared.count);

	sem_post(&shared.count);
	if (counts)
		rp_queue_sem_posted(&shared.count);
}

static void push(bool ours)
{
	become(SERVER);
	if (ours)
		rp_current_enter(0, atomic_load(&flagged->serial));
	pthread_mutex_lock(&shared.lock);
	unlock();
	rp_current_leave();
}

static void put(bool ours)
{
	push(ours);
	post();
}

static void pass(enum who who)
{
	become(who);
	bool counted = rp_queue_sem_waits(&shared.count);

	ck_assert_int_eq(sem_trywait(&shared.count), 0);
	rp_queue_sem_waited(&shared.count, counted, true);
}

static bool takes(enum who who)
{
	pass(who);
	pthread_mutex_lock(&shared.lock);
	unlock();
	flagged_take(&notes); /* tracks are few */
	return works();
}

static void *another_takes(void *nothing)
{
	rp_queue_sem_waited(&shared.count, rp_queue_sem_waits(&shared.count),
	                    sem_trywait(&shared.count) == 0);
	pthread_mutex_lock(&shared.lock);
	unlock();
	return nothing;
}

/* Two have taken, one of them truly another thread; then often one. */
static void settle(void)
{
	pthread_t thread;

	put(false);
	ck_assert_int_eq(pthread_create(&thread, NULL, another_takes, NULL), 0);
	pthread_join(thread, NULL);
	for (unsigned i = 0; i <= RP_QUEUE_TRUSTED; i++) {
		put(false);
		ck_assert(!takes(WORKER));
	}
}

static void show_order(void)
{
	for (unsigned i = 0; i < RP_QUEUE_ORDERED; i++) {
		put(true);
		put(false);
		takes(WORKER);
		rp_queue_shows(0, atomic_load(&flagged->serial), 0);
		takes(SECOND);
	}
}

START_TEST(the_first_that_is_put_is_the_first_that_is_taken)
{
	settle();
	show_order();
	for (unsigned order = 0; order < 64; order++) {
		for (unsigned i = 0; i < 6; i++)
			put(order >> i & 1);
		for (unsigned i = 0; i < 6; i++)
			ck_assert_uint_eq(takes(i & 1 ? SECOND : WORKER), order >> i & 1);
	}
}
END_TEST

START_TEST(an_order_that_was_not_shown_is_not_believed)
{
	settle();
	put(true);
	ck_assert(takes(WORKER));
	put(true);
	put(false);
	ck_assert(!takes(WORKER));
	ck_assert(!takes(SECOND));
}
END_TEST

START_TEST(who_waits_for_the_next_works_for_nobody)
{
	settle();
	put(true);
	ck_assert(takes(WORKER));
	rp_queue_sem_waits(&shared.count);
	ck_assert_uint_eq(rp_self.armed, 0);
}
END_TEST

/* How many were there is the semaphore's value: it need not have been empty. */
START_TEST(what_lay_in_it_from_before_is_passed_over)
{
	atomic_store(&rp_turn_watching, false);
	for (unsigned i = 0; i < 3; i++)
		put(true);
	atomic_store(&rp_turn_watching, true);
	put(false);
	for (unsigned i = 0; i < 4; i++)
		ck_assert(!takes(i & 1 ? WORKER : SECOND));
	settle();
	put(true);
	ck_assert(takes(WORKER));
}
END_TEST

START_TEST(it_may_be_posted_while_the_mutex_is_held)
{
	settle();
	for (unsigned i = 0; i < 20; i++) {
		become(SERVER);
		rp_current_enter(0, atomic_load(&flagged->serial));
		pthread_mutex_lock(&shared.lock);
		shared.lock.__data.__owner = (int)rp_self.tid; /* the thread that we play */
		post();
		unlock();
		ck_assert(takes(WORKER));
	}
}
END_TEST

/* Somebody looks how many there are. */
START_TEST(who_lets_it_go_and_does_not_post_has_put_nothing)
{
	settle();
	push(false);
	put(true); /* by the same thread: it has not posted the last time */
	ck_assert(!takes(WORKER));
}
END_TEST

START_TEST(while_somebody_may_have_put_nothing_nobody_is_sure)
{
	settle();
	put(true);
	become(SECOND);
	pthread_mutex_lock(&shared.lock);
	unlock();
	ck_assert(!takes(WORKER));
}
END_TEST

/* Wakes the workers, so that they look at something else. */
START_TEST(a_post_for_nothing_spoils_it)
{
	settle();
	become(SECOND);
	post();
	put(true);
	ck_assert(!takes(WORKER));
	put(true);
	ck_assert(!takes(WORKER));
}
END_TEST

START_TEST(a_count_that_others_change_spoils_it)
{
	settle();
	sem_post(&shared.count);
	put(true);
	ck_assert(!takes(WORKER));
}
END_TEST

START_TEST(things_that_are_given_back_spoil_it)
{
	settle();
	put(true);
	ck_assert(takes(WORKER));
	pthread_mutex_lock(&shared.lock);
	unlock();
	post();
	put(true);
	ck_assert(!takes(SECOND));
}
END_TEST

START_TEST(who_takes_two_at_once_spoils_it)
{
	settle();
	put(true);
	put(true);
	pass(WORKER);
	ck_assert(!takes(WORKER));
}
END_TEST

/* Free places, or a lock. */
START_TEST(one_that_begins_with_something_counts_no_jobs)
{
	make(4);
	for (unsigned i = 0; i < 30; i++) {
		put(true);
		ck_assert(!takes(i & 1 ? WORKER : SECOND));
	}
}
END_TEST

/* Who waited in the parent is not here. */
START_TEST(a_child_begins_anew)
{
	settle();
	show_order();
	become(WORKER);
	rp_queue_sem_waits(&shared.count);
	rp_queue_forked();
	put(true);
	ck_assert(!takes(WORKER));
	settle();
	put(true);
	ck_assert(takes(WORKER));
}
END_TEST

/* What lies there is not what the semaphore says, and never will be. */
START_TEST(a_child_of_a_parent_between_two_steps_knows_nothing)
{
	settle();
	push(true);
	rp_queue_forked();
	memset(kept, 0, sizeof(kept));
	put(true);
	ck_assert(!takes(WORKER));
	put(true);
	ck_assert(!takes(SECOND));
}
END_TEST

START_TEST(a_wait_that_failed_has_passed_nothing)
{
	settle();
	become(WORKER);
	rp_queue_sem_waited(&shared.count, rp_queue_sem_waits(&shared.count), false);
	put(true);
	ck_assert(takes(WORKER));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hot/queue_sem");
	TCase *t = tcase_create("queue_sem");

	tcase_add_checked_fixture(t, ready, done);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, the_first_that_is_put_is_the_first_that_is_taken);
	tcase_add_test(t, an_order_that_was_not_shown_is_not_believed);
	tcase_add_test(t, who_waits_for_the_next_works_for_nobody);
	tcase_add_test(t, what_lay_in_it_from_before_is_passed_over);
	tcase_add_test(t, it_may_be_posted_while_the_mutex_is_held);
	tcase_add_test(t, who_lets_it_go_and_does_not_post_has_put_nothing);
	tcase_add_test(t, while_somebody_may_have_put_nothing_nobody_is_sure);
	tcase_add_test(t, a_post_for_nothing_spoils_it);
	tcase_add_test(t, a_count_that_others_change_spoils_it);
	tcase_add_test(t, things_that_are_given_back_spoil_it);
	tcase_add_test(t, who_takes_two_at_once_spoils_it);
	tcase_add_test(t, one_that_begins_with_something_counts_no_jobs);
	tcase_add_test(t, a_child_begins_anew);
	tcase_add_test(t, a_child_of_a_parent_between_two_steps_knows_nothing);
	tcase_add_test(t, a_wait_that_failed_has_passed_nothing);
	suite_add_tcase(suite, t);
	return suite_run(suite);
}
