/* queue_sem.c - queues whose things a semaphore counts: put under a mutex and posted, waited for
 * and taken under the mutex.
 *
 * Room: hot.  Who has passed the semaphore takes one when it next lets the mutex go; who has not
 * puts one in, and posts once for it.  What the semaphore says is how much lies there: its value,
 * while nobody is between two steps.  It is looked at whenever the mutex is let go.
 * SPDX-License-Identifier: MIT
 */
#include "preload/hot/queue_parts.h"

static _Atomic bool any; /* there is one */

static struct rp_queue *semaphore(const void *sem)
{
	if (!atomic_load_explicit(&any, memory_order_relaxed))
		return NULL;
	struct rp_queue *q = rp_queue_find(sem, false);

	return q && q->is_semaphore && !rp_queue_is_off(q) ? q : NULL;
}

/* One that begins with something counts places, or is a lock. */
void rp_queue_sem_made(const void *sem, unsigned value)
{
	struct rp_queue *q = rp_queue_find(sem, !value);

	if (!q)
		return;
	if (value || q->waiter || q->is_semaphore) { /* memory that was something else before */
		rp_queue_switch_off(q);
		return;
	}
	q->is_semaphore = true;
	atomic_store(&any, true);
}

static void moves(struct rp_queue *q)
{
	atomic_fetch_add(&q->moves, 1);
}

/* Who waits for the next one is done with what it took before. */
bool rp_queue_sem_waits(const void *sem)
{
	struct rp_self *s = &rp_self;
	struct rp_queue *q = semaphore(sem);

	if (s->armed && s->by == RP_BY_QUEUE && s->queue == sem)
		rp_current_leave();
	if (!q)
		return false;
	rp_queue_did(q);
	atomic_fetch_add(&q->inside, 1);
	moves(q);
	return true;
}

void rp_queue_sem_waited(const void *sem, bool counted, bool passed)
{
	struct rp_self *s = &rp_self;
	struct rp_queue *q = semaphore(sem);

	if (!q)
		return;
	if (passed && s->ticket) { /* it takes two at once, or waits for places as well */
		rp_queue_switch_off(s->ticket);
		rp_queue_switch_off(q);
		s->ticket = NULL;
	} else if (passed) {
		s->ticket = q;
		atomic_fetch_add(&q->passed, 1);
	}
	if (counted)
		atomic_fetch_sub(&q->inside, 1);
	else
		atomic_store(&q->doubt, true);
	moves(q);
}

/* Once for each thing that is put in, before or after the mutex is let go.  The word is said before
 * the post: whoever is woken by it takes at once. */
static void say_posts(struct rp_queue *q, struct rp_self *s)
{
	uintptr_t mutex = atomic_load_explicit(&q->mutex, memory_order_relaxed);

	/* Asked before it is posted: whoever is woken may end them both. */
	if (mutex && rp_queue_holds((const void *)mutex, (const void *)q->key)) {
		if (s->early == q)
			rp_queue_switch_off(q);
		s->early = q;
	} else if (s->unposted == q) {
		s->unposted = NULL;
		atomic_fetch_sub(&q->owed, 1);
	} else {
		atomic_store(&q->doubt, true); /* put before anybody looked */
	}
}

bool rp_queue_sem_posts(const void *sem)
{
	struct rp_queue *q = semaphore(sem);

	if (!q)
		return false;
	atomic_fetch_add(&q->posting, 1);
	moves(q);
	say_posts(q, &rp_self);
	return true;
}

void rp_queue_sem_posted(const void *sem)
{
	struct rp_queue *q = rp_queue_find(sem, false);

	if (!q)
		return;
	atomic_fetch_sub(&q->posting, 1);
	moves(q);
}

/* The first mutex that is let go by who has passed it. */
struct rp_queue *rp_queue_sem_under(struct rp_self *s, const void *mutex)
{
	struct rp_queue *q = s->ticket, *under;
	uintptr_t none = 0;

	if (rp_queue_is_off(q)) {
		s->ticket = NULL;
		return NULL;
	}
	if (atomic_compare_exchange_strong(&q->mutex, &none, (uintptr_t)mutex)) {
		under = rp_queue_find(mutex, true);
		if (!under || under->waiter || under->semaphore)
			rp_queue_switch_off(q);
		if (under && under->semaphore)
			rp_queue_switch_off(under->semaphore);
		if (under)
			atomic_store(&under->semaphore, q);
	}
	return atomic_load(&q->mutex) == (uintptr_t)mutex ? q : NULL;
}

/* How much lies under the mutex, which the caller holds.  False: somebody is between two steps.
 * What glibc keeps in a semaphore is the value, and above that how many wait. */
static bool look(struct rp_queue *q, uint32_t *n)
{
	const void *mutex = (const void *)atomic_load(&q->mutex);
	uint32_t moves = atomic_load(&q->moves);
	uint64_t word, again;

	if (!rp_queue_read_word(q->key, mutex, &word))
		return false;
	*n = (uint32_t)word + atomic_load(&q->passed) + atomic_load(&q->owed);
	return !atomic_load(&q->posting) && atomic_load(&q->inside) == word >> 32 &&
	       rp_queue_read_word(q->key, mutex, &again) && again == word &&
	       atomic_load(&q->moves) == moves;
}

/* As the semaphore says it is; what lies there from before is not known. */
static void check(struct rp_queue *q)
{
	uint32_t n;

	if (atomic_exchange(&q->doubt, false)) {
		q->counts = false;
		q->checked = 0;
	}
	if (!look(q, &n))
		return;
	if (q->counts && n != rp_queue_length(q)) {
		rp_queue_switch_off(q);
		return;
	}
	if (q->counts && q->put != q->put_then)
		q->checked++;
	q->put_then = q->put;
	if (q->counts)
		return;
	q->base = q->put - q->taken - n;
	q->mixed = n != 0;
	q->counts = true;
}

static void put(struct rp_queue *q, struct rp_self *s)
{
	if (s->early == q) {
		s->early = NULL;
	} else if (s->unposted == q) {
		rp_queue_switch_off(q); /* it has not put anything in the last time */
		return;
	} else {
		s->unposted = q;
		atomic_fetch_add(&q->owed, 1);
	}
	rp_queue_put(q, s);
}

static bool take(struct rp_queue *q, struct rp_self *s, struct rp_handoff *job)
{
	s->ticket = NULL;
	atomic_fetch_sub(&q->passed, 1);
	if (q->waiter && q->waiter != s)
		q->several = true;
	q->waiter = s;
	if (q->counts && !rp_queue_length(q)) {
		rp_queue_switch_off(q);
		return false;
	}
	/* Somebody may be in there and put nothing in. */
	return rp_queue_take(q, job) && !atomic_load(&q->owed);
}

bool rp_queue_sem_passes(struct rp_queue *q, struct rp_self *s, const void *mutex,
                         struct rp_handoff *job)
{
	struct rp_handoff next = *job;
	bool takes = s->ticket == q, took = false;

	rp_queue_learn(q);
	rp_queue_remember(takes ? &s->waited : &s->gave_under, mutex);
	if (rp_queue_is_of(takes ? &s->gave_under : &s->waited, mutex)) /* things given back */
		rp_queue_switch_off(q);
	else if (takes)
		took = take(q, s, &next);
	else
		put(q, s);
	if (!rp_queue_is_off(q))
		check(q);
	if (took)
		*job = next;
	return took ||
	       (takes && s->armed && s->by == RP_BY_QUEUE && s->queue == (const void *)q->key);
}
