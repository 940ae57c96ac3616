/* hooks_lock.c - mutexes and rwlocks: contended ones are waits, with who held them.
 *
 * Room: hot.  Tried first, where the thread is sampled: only a lock that is not to be had at once
 * is a wait.  An unlock looks whether anybody waits to be told where from, and jumps.
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include "preload/hot/blame.h"
#include "preload/hot/hooks.h"
#include "preload/hot/queue.h"
#include "preload/hot/turn.h"

static inline void enter(struct rp_wait *w, enum rp_wait_kind kind, const struct rp_blame *b)
{
	w->on = RP_WAIT_OFF;
	if (rp_unlikely(rp_self.armed))
		rp_wait_begin(
		        w, &(struct rp_waited){.kind = kind, .fd = -1, .at = b->lock, .blame = b});
}

static inline int leave(struct rp_wait *w, struct rp_blame *b, int ret)
{
	rp_wait_leave(w);
	rp_blame_end(b);
	return ret;
}

/* EBUSY: M is held, and B knows by whom.  A mutex that nobody seems to hold is changing hands:
 * looked at again. */
static int try_mutex(struct rp_blame *b, pthread_mutex_t *m)
{
	int ret = EBUSY;

	*b = (struct rp_blame){.lock = m, .how = RP_HELD_NOT_ASKED};
	for (unsigned tries = 0; tries < 8; tries++) {
		ret = pthread_mutex_trylock(m);
		if (ret != EBUSY)
			return ret;
		rp_blame_mutex(b, m);
		if (b->how != RP_HELD_UNKNOWN)
			break;
	}
	return ret;
}

static RP_SLOW int seen_mutex_lock(pthread_mutex_t *m)
{
	struct rp_blame b;
	struct rp_wait w;
	int ret = try_mutex(&b, m);

	if (ret != EBUSY)
		return ret;
	enter(&w, RP_WAIT_MUTEX, &b);
	return leave(&w, &b, rp_real.pthread_mutex_lock(m));
}

RP_HOOK int pthread_mutex_lock(pthread_mutex_t *m)
{
	if (rp_likely(!rp_self.armed))
		return rp_real.pthread_mutex_lock(m);
	return seen_mutex_lock(m);
}

static RP_SLOW int seen_mutex_timedlock(pthread_mutex_t *m, const struct timespec *until)
{
	struct rp_blame b;
	struct rp_wait w;
	int ret = try_mutex(&b, m);

	if (ret != EBUSY)
		return ret;
	enter(&w, RP_WAIT_MUTEX, &b);
	return leave(&w, &b, rp_real.pthread_mutex_timedlock(m, until));
}

RP_HOOK int pthread_mutex_timedlock(pthread_mutex_t *restrict m,
                                    const struct timespec *restrict until)
{
	if (rp_likely(!rp_self.armed))
		return rp_real.pthread_mutex_timedlock(m, until);
	return seen_mutex_timedlock(m, until);
}

/* Not tried first: libc looks at CLOCK before it looks at the mutex. */
RP_HOOK int pthread_mutex_clocklock(pthread_mutex_t *restrict m, clockid_t clock,
                                    const struct timespec *restrict until)
{
	struct rp_blame b;
	struct rp_wait w;

	if (rp_likely(!rp_self.armed))
		return rp_real.pthread_mutex_clocklock(m, clock, until);
	rp_blame_mutex(&b, m);
	enter(&w, RP_WAIT_MUTEX, &b);
	return leave(&w, &b, rp_real.pthread_mutex_clocklock(m, clock, until));
}

/* C11's mutex is a pthread mutex inside (libc casts, too). */
static RP_SLOW int seen_mtx_lock(mtx_t *m, const struct timespec *until)
{
	struct rp_blame b;
	struct rp_wait w;
	int ret = try_mutex(&b, (pthread_mutex_t *)(void *)m);

	if (ret == 0)
		return thrd_success;
	enter(&w, RP_WAIT_MUTEX, &b);
	return leave(&w, &b, until ? rp_real.mtx_timedlock(m, until) : rp_real.mtx_lock(m));
}

RP_HOOK int mtx_lock(mtx_t *m)
{
	if (rp_likely(!rp_self.armed))
		return rp_real.mtx_lock(m);
	return seen_mtx_lock(m, NULL);
}

RP_HOOK int mtx_timedlock(mtx_t *restrict m, const struct timespec *restrict until)
{
	if (rp_likely(!rp_self.armed))
		return rp_real.mtx_timedlock(m, until);
	return seen_mtx_lock(m, until);
}

static inline void before_unlock(const pthread_mutex_t *m)
{
	if (rp_unlikely(atomic_load_explicit(&rp_blame_waiting, memory_order_relaxed)))
		rp_blame_released(m);
}

/* Nobody waits to be told who let it go, and no job changes hands by it that anybody looks at. */
static inline bool unlocks_quietly(void)
{
	return !atomic_load_explicit(&rp_blame_waiting, memory_order_relaxed) &&
	       !atomic_load_explicit(&rp_turn_watching, memory_order_relaxed);
}

static RP_SLOW int seen_mutex_unlock(pthread_mutex_t *m)
{
	struct rp_handoff job;

	before_unlock(m);
	bool took = rp_queue_passes(m, &job);
	int ret = rp_real.pthread_mutex_unlock(m);

	rp_fiber_comes();
	if (took)
		rp_current_offer(&job);
	return ret;
}

RP_HOOK int pthread_mutex_unlock(pthread_mutex_t *m)
{
	if (rp_likely(unlocks_quietly()))
		return rp_real.pthread_mutex_unlock(m);
	return seen_mutex_unlock(m);
}

RP_HOOK int mtx_unlock(mtx_t *m)
{
	if (rp_likely(unlocks_quietly()))
		return rp_real.mtx_unlock(m);
	return seen_mutex_unlock((pthread_mutex_t *)(void *)m) ? thrd_error : thrd_success;
}

static RP_SLOW int seen_rdlock(pthread_rwlock_t *l)
{
	struct rp_blame b;
	struct rp_wait w;
	int ret = pthread_rwlock_tryrdlock(l);

	if (ret != EBUSY)
		return ret;
	rp_blame_rwlock(&b, l);
	enter(&w, RP_WAIT_RWLOCK, &b);
	return leave(&w, &b, rp_real.pthread_rwlock_rdlock(l));
}

RP_HOOK int pthread_rwlock_rdlock(pthread_rwlock_t *l)
{
	if (rp_likely(!rp_self.armed))
		return rp_real.pthread_rwlock_rdlock(l);
	return seen_rdlock(l);
}

static RP_SLOW int seen_wrlock(pthread_rwlock_t *l)
{
	struct rp_blame b;
	struct rp_wait w;
	int ret = pthread_rwlock_trywrlock(l);

	if (ret != EBUSY)
		return ret;
	rp_blame_rwlock(&b, l);
	enter(&w, RP_WAIT_RWLOCK, &b);
	return leave(&w, &b, rp_real.pthread_rwlock_wrlock(l));
}

RP_HOOK int pthread_rwlock_wrlock(pthread_rwlock_t *l)
{
	if (rp_likely(!rp_self.armed))
		return rp_real.pthread_rwlock_wrlock(l);
	return seen_wrlock(l);
}

/* The timed ones are not tried first: libc refuses a bad time even where the lock is free. */
RP_HOOK int pthread_rwlock_timedrdlock(pthread_rwlock_t *restrict l,
                                       const struct timespec *restrict until)
{
	struct rp_blame b;
	struct rp_wait w;

	if (rp_likely(!rp_self.armed))
		return rp_real.pthread_rwlock_timedrdlock(l, until);
	rp_blame_rwlock(&b, l);
	enter(&w, RP_WAIT_RWLOCK, &b);
	return leave(&w, &b, rp_real.pthread_rwlock_timedrdlock(l, until));
}

RP_HOOK int pthread_rwlock_timedwrlock(pthread_rwlock_t *restrict l,
                                       const struct timespec *restrict until)
{
	struct rp_blame b;
	struct rp_wait w;

	if (rp_likely(!rp_self.armed))
		return rp_real.pthread_rwlock_timedwrlock(l, until);
	rp_blame_rwlock(&b, l);
	enter(&w, RP_WAIT_RWLOCK, &b);
	return leave(&w, &b, rp_real.pthread_rwlock_timedwrlock(l, until));
}

RP_HOOK int pthread_rwlock_unlock(pthread_rwlock_t *l)
{
	if (rp_unlikely(atomic_load_explicit(&rp_blame_waiting, memory_order_relaxed)))
		rp_blame_released_rwlock(l);
	return rp_real.pthread_rwlock_unlock(l);
}
