/* workers.h - threads around a queue, all played by one: who puts jobs in, who waits for them and
 * takes them.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#ifndef RP_TESTS_WORKERS_H
#define RP_TESTS_WORKERS_H

#include <pthread.h>
#include <string.h>
#include "preload/hot/clock.h"
#include "preload/hot/queue.h"
#include "preload/hot/request.h"
#include "preload/hot/sampler.h"
#include "preload/hot/turn.h"
#include "tests/support/flagged.h"
#include "tests/support/suite.h"

enum { MS = 1000000, TRUSTED = 8 /* hot/queue.c */ };
enum who { SERVER, WORKER, SECOND, CLIENT, N_WHO };

static struct flagged_notes notes;
static struct rp_request *flagged;
static pthread_mutex_t mutex; /* an address, and who holds it */
static pthread_cond_t more;
static struct rp_self kept[N_WHO];
static enum who now;

/* What a thread knows of queues. */
static inline void carry(struct rp_self *to, const struct rp_self *from)
{
	to->waited = from->waited;
	to->gave_under = from->gave_under;
	to->let_go = from->let_go;
	to->makes_for = from->makes_for;
	memcpy(to->took, from->took, sizeof(to->took));
	memcpy(to->passed, from->passed, sizeof(to->passed));
	to->client = from->client;
	to->client_serial = from->client_serial;
	to->has_taken = from->has_taken;
	to->woke_under = from->woke_under;
	to->doubted = from->doubted;
}

/* From here on this is another thread, which works for nobody. */
static inline void become(enum who who)
{
	rp_current_leave();
	carry(&kept[now], &rp_self);
	now = who;
	carry(&rp_self, &kept[who]);
	rp_self.tid = 1000 + who;
}

static inline void ready(void)
{
	flagged_ready();
	flagged = flagged_open(MS);
	atomic_store(&rp_turn_watching, true);
	atomic_store(&rp_turn_runs, RP_RUNS_CALLBACKS);
	become(SERVER);
}

static inline void done(void)
{
	rp_current_leave();
	flagged_take(&notes);
	rp_request_end(flagged, RP_END_COMPLETE, rp_mono_ns());
	rp_request_free(flagged);
}

static inline bool works(void)
{
	return rp_current_works(0, atomic_load(&flagged->serial));
}

static inline void work(void)
{
	rp_current_enter(0, atomic_load(&flagged->serial));
}

/* Lets the mutex go as our hook does. */
static inline void unlock(void)
{
	struct rp_handoff job;

	if (rp_queue_passes(&mutex, &job))
		rp_current_offer(&job);
}

/* Wakes who waits there while it holds the mutex, or when it does not. */
static inline void wakes(bool holds)
{
	mutex.__data.__owner = holds ? (int)rp_self.tid : 0;
	rp_queue_wakes(&more);
	mutex.__data.__owner = 0;
}

static inline void put(bool ours)
{
	become(SERVER);
	if (ours)
		work();
	wakes(true);
	unlock();
	rp_current_leave();
}

/* Finds nothing, waits, and is woken. */
static inline void waits(enum who who)
{
	become(who);
	rp_queue_waits(&more, &mutex);
	rp_queue_woke(&mutex, false);
}

/* True: what was taken is the flagged request's. */
static inline bool takes(enum who who)
{
	become(who);
	unlock();
	return works();
}

static inline void *another_waits(void *nothing)
{
	rp_queue_waits(&more, &mutex);
	rp_queue_woke(&mutex, false);
	return nothing;
}

/* Two workers have waited, one of them truly another thread; then N times a job comes and goes. */
static inline void settle(unsigned n)
{
	pthread_t thread;

	waits(WORKER);
	ck_assert_int_eq(pthread_create(&thread, NULL, another_waits, NULL), 0);
	pthread_join(thread, NULL);
	waits(SECOND);
	for (unsigned i = 0; i < n; i++) {
		put(false);
		ck_assert(!takes(WORKER));
		waits(WORKER);
	}
}

/* Who answers the flagged client has taken its job: what a stack would not have given. */
static inline void show_order(void)
{
	for (unsigned i = 0; i < TRUSTED; i++) {
		put(true);
		put(false);
		takes(WORKER);
		rp_queue_shows(0, atomic_load(&flagged->serial), 0);
		takes(SECOND);
		waits(WORKER);
		flagged_take(&notes); /* tracks are few */
	}
}

#endif
