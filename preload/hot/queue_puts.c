/* queue_puts.c - who never waits under a mutex, and lets it go: has it put something in?
 *
 * Room: hot.  It has if it wakes somebody who waits there, while it holds the mutex or next.  Else
 * it may be a worker that has found something before it ever had to wait, somebody who helps the
 * workers, or who only looked; or nobody needed to be woken.  Nothing is said then until the queue
 * is empty, where the counts tell: a thread of which they have told so often enough is believed.
 * SPDX-License-Identifier: MIT
 */
#include "preload/hot/clock.h"
#include "preload/hot/queue_parts.h"

enum { NEAR = 8, N_CONDITIONS = 2 * RP_MAX_QUEUES, BELIEVED = 4 };

/* Which condition is waited for under which mutex. */
static struct {
	_Atomic uintptr_t condition, mutex;
} conditions[N_CONDITIONS];

/* -1: it is not there, or there is no room. */
static int find(const void *condition, bool make)
{
	uintptr_t key = (uintptr_t)condition;
	uint32_t at = rp_queue_hash(key);

	for (unsigned i = 0; i < NEAR; i++) {
		unsigned n = (at + i) % N_CONDITIONS;
		uintptr_t is = atomic_load_explicit(&conditions[n].condition, memory_order_relaxed);

		if (!is && make)
			atomic_compare_exchange_strong(&conditions[n].condition, &is, key);
		is = atomic_load_explicit(&conditions[n].condition, memory_order_relaxed);
		if (is == key)
			return (int)n;
		if (!is)
			break;
	}
	return -1;
}

void rp_queue_waits_for(const void *condition, const void *mutex)
{
	int n = find(condition, true);

	if (n >= 0)
		atomic_store_explicit(&conditions[n].mutex, (uintptr_t)mutex, memory_order_relaxed);
}

static struct rp_passed *passed_under(struct rp_self *s, const void *mutex)
{
	for (unsigned i = 0; i < RP_SELF_WAITED; i++)
		if (s->passed[i].mutex == mutex)
			return &s->passed[i];
	return NULL;
}

static struct rp_passed *remember_passed(struct rp_self *s, const void *mutex)
{
	struct rp_passed *p = passed_under(s, mutex);

	if (p)
		return p;
	p = &s->passed[s->n_passed++ % RP_SELF_WAITED];
	*p = (struct rp_passed){.mutex = mutex};
	return p;
}

static uint32_t time_of(uint64_t unsure)
{
	return (uint32_t)(unsure >> 32);
}

/* It works again for what it was doubted to work for. */
static void take_back(const struct rp_handoff *doubted)
{
	if (!doubted->serial || rp_self.armed ||
	    !rp_request_lives(doubted->request, doubted->serial))
		return;
	rp_current_take(doubted);
	if (rp_current_works(doubted->request, doubted->serial))
		atomic_fetch_sub_explicit(&rp_requests[doubted->request].unsure, 1,
		                          memory_order_relaxed);
}

/* The thread that has let the mutex go wakes somebody: so that was a put. */
static void say_was_put(struct rp_queue *q, struct rp_self *s, const void *mutex)
{
	struct rp_passed *p = passed_under(s, mutex);
	uint64_t unsure = atomic_load(&q->unsure);

	if (!p || !p->open)
		return;
	p->open = false;
	rp_queue_remember(&s->gave_under, mutex);
	take_back(&s->doubted);
	while (time_of(unsure) == p->time && (uint32_t)unsure)
		if (atomic_compare_exchange_weak(&q->unsure, &unsure, unsure - 1))
			break;
}

void rp_queue_wakes(const void *condition)
{
	struct rp_self *s = &rp_self;
	int n = find(condition, false);
	const void *mutex = n < 0 ? NULL : (const void *)conditions[n].mutex;
	struct rp_queue *q = mutex ? rp_queue_find(mutex, false) : NULL;

	if (!q || rp_queue_is_off(q))
		return;
	if (rp_queue_holds(mutex, condition))
		s->woke_under = mutex;
	else if (rp_queue_is_of(&s->waited, mutex)) /* a worker that puts, too */
		rp_queue_switch_off(q);
	else
		say_was_put(q, s, mutex);
}

/* What it did the last time, by which nobody was woken, the counts have told since. */
static void ask_counts(const struct rp_queue *q, struct rp_passed *p)
{
	uint32_t ago = time_of(atomic_load(&q->unsure)) - p->time;

	if (!p->open || !ago)
		return;
	if (ago > 64 || !(q->agreed >> (ago - 1) & 1))
		p->puts = 0;
	else if (p->puts < BELIEVED)
		p->puts++;
}

/* A thread that somebody has just made may be one of the workers, and who has put something in for
 * its request may help them, meanwhile, with what is another one's; but not where a runtime says
 * whose work it does: V8 collects garbage in the middle of a callback, and has jobs for that. */
static bool may_work_for_another(const struct rp_self *s, const void *mutex)
{
	return s->armed && !rp_current_is_told(s) &&
	       (s->by == RP_BY_CREATOR || (s->gave && rp_queue_is_of(&s->gave_under, mutex)));
}

bool rp_queue_doubts(struct rp_self *s, const void *mutex, bool woke)
{
	bool doubts = !woke && may_work_for_another(s, mutex);

	s->doubted = (struct rp_handoff){0};
	if (!doubts || s->armed != RP_ARMED)
		return doubts;
	s->doubted = (struct rp_handoff){
	        .request = s->request, .serial = s->serial, .by = s->by, .queue = s->queue};
	atomic_fetch_add_explicit(&rp_requests[s->request].unsure, 1, memory_order_relaxed);
	return true;
}

void rp_queue_passes_by(struct rp_queue *q, struct rp_self *s, const void *mutex, bool woke)
{
	struct rp_passed *p;

	if (woke) {
		rp_queue_remember(&s->gave_under, mutex);
		return;
	}
	p = remember_passed(s, mutex);
	ask_counts(q, p);
	p->open = true;
	p->time = time_of(atomic_load(&q->unsure));
	if (p->puts < BELIEVED)
		atomic_fetch_add(&q->unsure, 1);
	else
		rp_queue_remember(&s->gave_under, mutex);
}

void rp_queue_was_empty(struct rp_queue *q, bool agreed)
{
	q->agreed = q->agreed << 1 | agreed;
	atomic_store(&q->unsure, (uint64_t)(time_of(atomic_load(&q->unsure)) + 1) << 32);
}
