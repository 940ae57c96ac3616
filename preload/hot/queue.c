/* queue.c - see queue.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/queue.h"

#include <stdatomic.h>
#include "preload/hot/clock.h"
#include "preload/hot/request.h"
#include "preload/hot/sampler.h"
#include "preload/hot/sys.h"
#include "preload/hot/turn.h"

/* So many times the queue must have been found empty when as much was taken as had been put. */
enum { TRUSTED = 8, NEAR = 8 };

struct queue {
	_Atomic uintptr_t mutex; /* 0: free; set once */
	_Atomic bool off;        /* it is no queue of jobs */
	/* Guarded by the host's mutex. */
	const void *waiter;  /* thread that waited: its self */
	bool several;        /* and another one did, too */
	bool timed_out;      /* whoever holds the mutex: nothing came in his time */
	bool counts;         /* it was empty, and all that came and went since is counted */
	uint32_t put, taken; /* since then */
	uint32_t checked;    /* times that as much had been taken as put when it was empty */
	struct rp_handoff jobs[RP_QUEUE_JOBS];
};

static struct queue queues[RP_MAX_QUEUES];
static _Atomic uint32_t n_queues;

static struct queue *find(const void *mutex, bool make)
{
	uintptr_t key = (uintptr_t)mutex;
	uint32_t at = (uint32_t)((key >> 3) * 0x9e3779b97f4a7c15u >> 40);

	for (unsigned i = 0; i < NEAR; i++) {
		struct queue *q = &queues[(at + i) % RP_MAX_QUEUES];
		uintptr_t is = atomic_load_explicit(&q->mutex, memory_order_relaxed);

		if (!is && make && atomic_compare_exchange_strong(&q->mutex, &is, key)) {
			atomic_fetch_add_explicit(&n_queues, 1, memory_order_relaxed);
			return q;
		}
		if (is == key)
			return q;
		if (!is)
			return NULL;
	}
	return NULL;
}

static bool is_off(const struct queue *q)
{
	return atomic_load_explicit(&q->off, memory_order_relaxed);
}

static void switch_off(struct queue *q)
{
	atomic_store_explicit(&q->off, true, memory_order_relaxed);
}

/* Is MUTEX one of the last few under which this thread waited, or put something? */
static bool is_of(const struct rp_mutexes *few, const void *mutex)
{
	for (unsigned i = 0; i < RP_SELF_WAITED; i++)
		if (few->at[i] == mutex)
			return true;
	return false;
}

static void remember(struct rp_mutexes *few, const void *mutex)
{
	if (!is_of(few, mutex))
		few->at[few->n++ % RP_SELF_WAITED] = mutex;
}

/* What the thread works for came through here: when it comes back it is done with that. */
static bool has_job_of(const struct rp_self *s, const void *mutex)
{
	return s->armed && s->by == RP_BY_QUEUE && s->queue == mutex;
}

/* Somebody is about to wait: there is nothing to take. */
static void check_empty(struct queue *q)
{
	if (q->counts && q->put != q->taken) {
		switch_off(q);
		return;
	}
	if (q->put)
		q->checked++;
	q->counts = atomic_load_explicit(&rp_turn_watching, memory_order_relaxed);
	q->put = q->taken = 0;
}

void rp_queue_waits(const void *mutex)
{
	struct rp_self *s = &rp_self;
	struct queue *q = find(mutex, true);

	if (has_job_of(s, mutex))
		rp_current_leave();
	if (!q || is_off(q))
		return;
	if (q->waiter && q->waiter != s)
		q->several = true;
	q->waiter = s;
	remember(&s->waited, mutex);
	if (is_of(&s->gave_under, mutex)) /* things that are given back */
		switch_off(q);
	check_empty(q);
	q->timed_out = false;
}

void rp_queue_woke(const void *mutex, bool timed_out)
{
	struct queue *q = find(mutex, false);

	if (!q || is_off(q))
		return;
	q->timed_out = timed_out;
}

/* What the calling thread puts in is whose it works for. */
static void put(struct queue *q, struct rp_self *s)
{
	struct rp_handoff *job = &q->jobs[q->put % RP_QUEUE_JOBS];

	if (q->put - q->taken >= RP_QUEUE_JOBS) { /* more than we remember */
		q->counts = false;
		return;
	}
	q->put++;
	*job = (struct rp_handoff){.by = RP_BY_QUEUE};
	if (s->armed != RP_ARMED || rp_turn_is_over(s, rp_mono_ns()))
		return;
	job->request = s->request;
	job->serial = s->serial;
	job->tid = s->tid;
	job->at_ns = rp_mono_ns();
	s->gave = true;
}

static bool take(struct queue *q, struct rp_handoff *job)
{
	if (q->put == q->taken) {
		if (!q->timed_out)
			switch_off(q); /* more is taken than was put */
		return false;
	}
	const struct rp_handoff *next = &q->jobs[q->taken++ % RP_QUEUE_JOBS];

	if (!q->several || q->checked < TRUSTED)
		return false;
	*job = *next;
	job->queue = (const void *)atomic_load_explicit(&q->mutex, memory_order_relaxed);
	return true;
}

bool rp_queue_passes(const void *mutex, struct rp_handoff *job)
{
	struct rp_self *s = &rp_self;
	struct queue *q =
	        atomic_load_explicit(&n_queues, memory_order_relaxed) ? find(mutex, false) : NULL;

	*job = (struct rp_handoff){.by = RP_BY_QUEUE}; /* nobody's */
	/* What an interpreter's threads do under its locks is no job for each other. */
	if (!q || is_off(q) || !q->counts || rp_turn_runs == RP_RUNS_ANYTHING)
		return has_job_of(s, mutex);
	if (is_of(&s->waited, mutex))
		return take(q, job) || has_job_of(s, mutex);
	remember(&s->gave_under, mutex);
	put(q, s);
	return false;
}

/* The threads of the parent are gone, and what they held. */
void rp_queue_forked(void)
{
	if (!atomic_load(&n_queues))
		return;
	for (unsigned i = 0; i < RP_MAX_QUEUES; i++) {
		struct queue *q = &queues[i];

		if (!atomic_load(&q->mutex))
			continue;
		q->waiter = NULL;
		q->checked = 0;
		q->several = q->counts = false;
	}
}
