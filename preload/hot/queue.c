/* queue.c - see queue.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/queue.h"

#include "preload/hot/clock.h"
#include "preload/hot/queue_parts.h"
#include "preload/hot/request.h"
#include "preload/hot/sampler.h"
#include "preload/hot/sys.h"
#include "preload/hot/turn.h"

enum { NEAR = 8 };

static struct rp_queue queues[RP_MAX_QUEUES];
static _Atomic uint32_t n_queues;

struct rp_queue *rp_queue_find(const void *of, bool make)
{
	uintptr_t key = (uintptr_t)of;
	uint32_t at = rp_queue_hash(key);

	for (unsigned i = 0; i < NEAR; i++) {
		struct rp_queue *q = &queues[(at + i) % RP_MAX_QUEUES];
		uintptr_t is = atomic_load_explicit(&q->key, memory_order_relaxed);

		if (!is && make && atomic_compare_exchange_strong(&q->key, &is, key)) {
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

bool rp_queue_is_of(const struct rp_mutexes *few, const void *mutex)
{
	for (unsigned i = 0; i < RP_SELF_WAITED; i++)
		if (few->at[i] == mutex)
			return true;
	return false;
}

void rp_queue_remember(struct rp_mutexes *few, const void *mutex)
{
	if (!rp_queue_is_of(few, mutex))
		few->at[few->n++ % RP_SELF_WAITED] = mutex;
}

/* What the thread works for came through here: when it comes back it is done with that. */
static bool has_job_of(const struct rp_self *s, const void *mutex)
{
	return s->armed && s->by == RP_BY_QUEUE && s->queue == mutex;
}

/* ... or it was made by one that works for a request, maybe to do whatever lies here. */
static bool is_done(const struct rp_self *s, const void *mutex)
{
	return has_job_of(s, mutex) || (s->armed && s->by == RP_BY_CREATOR);
}

/* Somebody is about to wait: there is nothing to take. */
static void check_empty(struct rp_queue *q)
{
	uint32_t base = q->put - q->taken;
	bool agrees = q->counts && base == q->base;

	if (q->counts && !agrees && rp_queue_is_sure(q)) {
		rp_queue_switch_off(q);
		return;
	}
	if (agrees && q->put != q->put_then)
		q->checked++;
	else if (q->counts && !agrees)
		q->checked = 0;
	rp_queue_was_empty(q, agrees);
	q->counts = atomic_load_explicit(&rp_turn_watching, memory_order_relaxed);
	q->base = base;
	q->put_then = q->put;
}

/* S, which holds the mutex, is about to wait for whoever wakes it. */
static void fall_asleep(struct rp_queue *q, const struct rp_self *s)
{
	bool works = s->armed == RP_ARMED && !rp_turn_is_over(s, rp_mono_ns());

	if (q->waiter && q->waiter != s)
		q->several = true;
	q->waiter = s;
	q->asleep++;
	q->sleeps_for = s->request;
	q->sleeps_serial = works ? s->serial : 0;
}

void rp_queue_waits(const void *condition, const void *mutex)
{
	struct rp_self *s = &rp_self;
	struct rp_queue *q = rp_queue_find(mutex, true);

	if (is_done(s, mutex))
		rp_current_leave();
	if (!q || rp_queue_is_off(q))
		return;
	if (q->semaphore) /* two ways to wait for what lies there */
		rp_queue_switch_off(q->semaphore);
	fall_asleep(q, s);
	rp_queue_did(q);
	rp_queue_waits_for(condition, mutex);
	rp_queue_remember(&s->waited, mutex);
	/* Things that are given back. */
	if (s->woke_under == mutex || rp_queue_is_of(&s->gave_under, mutex))
		rp_queue_switch_off(q);
	s->woke_under = NULL;
	check_empty(q);
	q->woke = q->timed_out = false;
}

void rp_queue_woke(const void *mutex, bool timed_out)
{
	struct rp_queue *q = rp_queue_find(mutex, false);

	if (!q || rp_queue_is_off(q))
		return;
	if (q->asleep)
		q->asleep--;
	q->woke = true;
	q->timed_out = timed_out;
}

/* Who ever waits under the mutex is one thread, which waits now: whoever lets it go has done what
 * that waits for. */
static void wakes(const struct rp_queue *q)
{
	if (q->asleep == 1 && !q->several && q->sleeps_serial &&
	    rp_request_lives(q->sleeps_for, q->sleeps_serial))
		rp_queue_shows(q->sleeps_for, q->sleeps_serial, 0);
}

static const struct rp_handoff *last_put(const struct rp_queue *q)
{
	return &q->jobs[(q->put - 1) % RP_QUEUE_JOBS];
}

static bool same_work(const struct rp_handoff *a, const struct rp_handoff *b)
{
	return rp_queue_is_for(a, b->request, b->serial);
}

/* What the thread works for, to be put in. */
static struct rp_handoff own_work(struct rp_self *s)
{
	struct rp_handoff job = {.by = RP_BY_QUEUE, .client = s->client};

	if (s->armed != RP_ARMED || rp_turn_is_over(s, rp_mono_ns()))
		return job;
	job.request = s->request;
	job.serial = s->serial;
	job.tid = s->tid;
	job.at_ns = rp_mono_ns();
	s->gave = true;
	return job;
}

void rp_queue_put(struct rp_queue *q, struct rp_self *s)
{
	struct rp_handoff job = own_work(s);

	if (!job.serial)
		rp_queue_credit(q, &job);
	if (q->counts && rp_queue_length(q) >= RP_QUEUE_JOBS) /* more than we remember */
		q->counts = false;
	if (q->counts && !rp_queue_length(q))
		q->mixed = false;
	else if (!same_work(&job, last_put(q)))
		q->mixed = true;
	q->jobs[q->put++ % RP_QUEUE_JOBS] = job;
	if (q->kept < RP_QUEUE_JOBS)
		q->kept++;
}

/* There was nothing, by our counts.  Whoever was woken, with everybody else, found that; or more
 * was put in at a time than one thing: all is to be shown anew.  Whoever has not waited has taken
 * more than was put. */
static void take_nothing(struct rp_queue *q)
{
	if (!q->woke && rp_queue_is_sure(q))
		rp_queue_switch_off(q);
	if (q->timed_out)
		return;
	q->counts = false;
	q->checked = 0;
	atomic_store(&q->ordered, 0);
	atomic_store(&q->clients, 0);
}

static bool is_known(const struct rp_queue *q)
{
	bool often = q->ordered >= RP_QUEUE_ORDERED || q->clients >= RP_QUEUE_CLIENTS;
	bool shown = often && !q->unordered;
	bool told = rp_turn_runs == RP_RUNS_INLINE && !q->unordered; /* nginx's pools are queues */

	return q->several && rp_queue_is_sure(q) &&
	       (shown || (q->checked >= RP_QUEUE_TRUSTED && (told || !q->mixed)));
}

bool rp_queue_take(struct rp_queue *q, struct rp_handoff *job)
{
	uint32_t n = rp_queue_length(q);
	const struct rp_handoff *next = &q->jobs[(q->taken + q->base) % RP_QUEUE_JOBS];

	/* It may have taken nothing, or not what the counts say. */
	if (!q->counts || q->timed_out || n > q->kept || !rp_queue_is_sure(q)) {
		q->counts &= !q->timed_out;
		rp_queue_took(q, q->taken++, NULL, false);
		return false;
	}
	rp_queue_took(q, q->taken++, next, !same_work(next, last_put(q)));
	if (!is_known(q))
		return false;
	*job = *next;
	job->queue = (const void *)atomic_load_explicit(&q->key, memory_order_relaxed);
	return true;
}

static bool passes(struct rp_queue *q, struct rp_self *s, const void *mutex, struct rp_handoff *job)
{
	bool took = false, woke = s->woke_under == mutex;

	rp_queue_learn(q);
	if (woke)
		s->woke_under = NULL;
	if (!rp_queue_is_of(&s->waited, mutex)) {
		bool doubts = rp_queue_doubts(s, mutex, woke);

		wakes(q);
		rp_queue_passes_by(q, s, mutex, woke);
		rp_queue_put(q, s);
		return doubts;
	}
	if (woke) /* it gives back what it took, or makes others work for it */
		rp_queue_switch_off(q);
	else if (q->counts && !rp_queue_length(q))
		take_nothing(q);
	else
		took = rp_queue_take(q, job);
	q->woke = q->timed_out = false;
	return took || is_done(s, mutex);
}

void rp_queue_makes_thread(void)
{
	struct rp_self *s = &rp_self;

	s->makes_for = s->serial;
	for (unsigned i = 0; i < RP_SELF_WAITED; i++)
		if (s->let_go.at[i])
			rp_queue_find(s->let_go.at[i], true);
}

/* Nobody has ever waited there for something to do: a pool's first thread may be yet to be made. */
static void let_go(struct rp_self *s, const void *mutex)
{
	if (s->armed != RP_ARMED)
		return;
	rp_queue_remember(&s->let_go, mutex);
	if (s->makes_for == s->serial)
		rp_queue_find(mutex, true);
}

bool rp_queue_passes(const void *mutex, struct rp_handoff *job)
{
	struct rp_self *s = &rp_self;
	struct rp_queue *q = atomic_load_explicit(&n_queues, memory_order_relaxed)
	                             ? rp_queue_find(mutex, false)
	                             : NULL;

	*job = (struct rp_handoff){.by = RP_BY_QUEUE}; /* nobody's */
	struct rp_queue *counted = rp_unlikely(s->ticket) ? rp_queue_sem_under(s, mutex) : NULL;

	if (!counted && q)
		counted = atomic_load_explicit(&q->semaphore, memory_order_relaxed);
	if (rp_unlikely(counted) && !rp_queue_is_off(counted) && rp_turn_runs != RP_RUNS_ANYTHING)
		return rp_queue_sem_passes(counted, s, mutex, job);
	if (!q) {
		let_go(s, mutex);
		return has_job_of(s, mutex);
	}
	/* What an interpreter's threads do under its locks is no job for each other. */
	if (rp_queue_is_off(q) || rp_turn_runs == RP_RUNS_ANYTHING)
		return is_done(s, mutex);
	return passes(q, s, mutex, job);
}

/* The threads of the parent are gone, and what they held. */
void rp_queue_forked(void)
{
	rp_self.ticket = rp_self.unposted = rp_self.early = NULL;
	rp_self.woke_under = NULL;
	if (!atomic_load(&n_queues))
		return;
	for (unsigned i = 0; i < RP_MAX_QUEUES; i++) {
		struct rp_queue *q = &queues[i];

		if (!atomic_load(&q->key))
			continue;
		q->waiter = NULL;
		q->checked = q->asleep = q->guessed = 0;
		q->several = q->counts = false;
		if (q->passed || q->owed || q->posting) /* somebody was between two steps */
			rp_queue_switch_off(q);
		atomic_store(&q->inside, 0);
		atomic_store(&q->shown.state, 0);
	}
}
