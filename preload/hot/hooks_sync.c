/* hooks_sync.c - waiting for other threads: semaphores, conditions, joins, barriers.
 *
 * Room: hot.  A condition's wait lets its mutex go inside libc; taking it back is part of the wait.
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include "preload/hot/blame.h"
#include "preload/hot/heir.h"
#include "preload/hot/hooks.h"
#include "preload/hot/queue.h"
#include "preload/hot/turn.h"

static inline bool is_looked_at(void)
{
	return rp_unlikely(atomic_load_explicit(&rp_turn_watching, memory_order_relaxed));
}

static inline bool before_sem(struct rp_wait *w, const void *sem)
{
	bool counts = is_looked_at() && rp_queue_sem_waits(sem);

	rp_wait_enter(w, RP_WAIT_SEM, sem, 0);
	return counts;
}

static inline int after_sem(struct rp_wait *w, const void *sem, bool counts, int ret)
{
	rp_wait_leave(w);
	if (is_looked_at())
		rp_queue_sem_waited(sem, counts, ret == 0);
	return ret;
}

RP_HOOK int sem_wait(sem_t *sem)
{
	struct rp_wait w;
	bool counts = before_sem(&w, sem);

	return after_sem(&w, sem, counts, rp_real.sem_wait(sem));
}

RP_HOOK int sem_timedwait(sem_t *restrict sem, const struct timespec *restrict until)
{
	struct rp_wait w;
	bool counts = before_sem(&w, sem);

	return after_sem(&w, sem, counts, rp_real.sem_timedwait(sem, until));
}

RP_HOOK int sem_clockwait(sem_t *restrict sem, clockid_t clock,
                          const struct timespec *restrict until)
{
	struct rp_wait w;
	bool counts = before_sem(&w, sem);

	return after_sem(&w, sem, counts, rp_real.sem_clockwait(sem, clock, until));
}

static RP_SLOW int seen_sem_post(sem_t *sem)
{
	bool counts = rp_queue_sem_posts(sem);
	int ret = rp_real.sem_post(sem);

	if (counts)
		rp_queue_sem_posted(sem);
	return ret;
}

RP_HOOK int sem_post(sem_t *sem)
{
	if (!is_looked_at())
		return rp_real.sem_post(sem);
	return seen_sem_post(sem);
}

RP_HOOK int sem_init(sem_t *sem, int shared, unsigned value)
{
	int ret = rp_real.sem_init(sem, shared, value);

	if (ret == 0)
		rp_queue_sem_made(sem, shared ? 1 : value);
	return ret;
}

/* Who waits for the mutex that goes with C gets it by this wait, and not by an unlock. */
static inline void before_cond(struct rp_wait *w, const void *c, const pthread_mutex_t *m)
{
	if (rp_unlikely(atomic_load_explicit(&rp_blame_waiting, memory_order_relaxed)))
		rp_blame_released(m);
	rp_queue_waits(c, m);
	rp_wait_enter(w, RP_WAIT_COND, c, 0);
}

static inline int after_cond(struct rp_wait *w, const void *m, int ret, int timed_out)
{
	rp_wait_leave(w);
	rp_queue_woke(m, ret == timed_out);
	return ret;
}

RP_HOOK int pthread_cond_wait(pthread_cond_t *restrict c, pthread_mutex_t *restrict m)
{
	struct rp_wait w;

	before_cond(&w, c, m);
	return after_cond(&w, m, rp_real.pthread_cond_wait(c, m), ETIMEDOUT);
}

RP_HOOK int pthread_cond_timedwait(pthread_cond_t *restrict c, pthread_mutex_t *restrict m,
                                   const struct timespec *restrict until)
{
	struct rp_wait w;

	before_cond(&w, c, m);
	return after_cond(&w, m, rp_real.pthread_cond_timedwait(c, m, until), ETIMEDOUT);
}

RP_HOOK int pthread_cond_clockwait(pthread_cond_t *restrict c, pthread_mutex_t *restrict m,
                                   clockid_t clock, const struct timespec *restrict until)
{
	struct rp_wait w;

	before_cond(&w, c, m);
	return after_cond(&w, m, rp_real.pthread_cond_clockwait(c, m, clock, until), ETIMEDOUT);
}

static RP_SLOW int seen_wake(int (*wake)(pthread_cond_t *c), pthread_cond_t *c)
{
	rp_queue_wakes(c);
	return wake(c);
}

RP_HOOK int pthread_cond_signal(pthread_cond_t *c)
{
	if (!is_looked_at())
		return rp_real.pthread_cond_signal(c);
	return seen_wake(rp_real.pthread_cond_signal, c);
}

RP_HOOK int pthread_cond_broadcast(pthread_cond_t *c)
{
	if (!is_looked_at())
		return rp_real.pthread_cond_broadcast(c);
	return seen_wake(rp_real.pthread_cond_broadcast, c);
}

RP_HOOK int pthread_join(pthread_t thread, void **result)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_JOIN, NULL, 0);
	int ret = rp_real.pthread_join(thread, result);

	rp_wait_leave(&w);
	if (ret == 0)
		rp_heir_joined();
	return ret;
}

RP_HOOK int pthread_timedjoin_np(pthread_t thread, void **result, const struct timespec *until)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_JOIN, NULL, 0);
	int ret = rp_real.pthread_timedjoin_np(thread, result, until);

	rp_wait_leave(&w);
	if (ret == 0)
		rp_heir_joined();
	return ret;
}

RP_HOOK int pthread_barrier_wait(pthread_barrier_t *b)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_BARRIER, b, 0);
	int ret = rp_real.pthread_barrier_wait(b);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK int cnd_wait(cnd_t *c, mtx_t *m)
{
	struct rp_wait w;

	before_cond(&w, c, (pthread_mutex_t *)(void *)m);
	return after_cond(&w, m, rp_real.cnd_wait(c, m), thrd_timedout);
}

RP_HOOK int cnd_timedwait(cnd_t *restrict c, mtx_t *restrict m,
                          const struct timespec *restrict until)
{
	struct rp_wait w;

	before_cond(&w, c, (pthread_mutex_t *)(void *)m);
	return after_cond(&w, m, rp_real.cnd_timedwait(c, m, until), thrd_timedout);
}

RP_HOOK int cnd_signal(cnd_t *c)
{
	if (is_looked_at())
		rp_queue_wakes(c);
	return rp_real.cnd_signal(c);
}

RP_HOOK int cnd_broadcast(cnd_t *c)
{
	if (is_looked_at())
		rp_queue_wakes(c);
	return rp_real.cnd_broadcast(c);
}

RP_HOOK int thrd_join(thrd_t thread, int *result)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_JOIN, NULL, 0);
	int ret = rp_real.thrd_join(thread, result);

	rp_wait_leave(&w);
	return ret;
}
