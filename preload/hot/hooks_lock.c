/* hooks_lock.c - waiting for other threads: semaphores, mutexes, conditions, joins, barriers.
 *
 * Room: hot.  Mutexes and rwlocks are tried first: only a contended lock is a wait.
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include "preload/hot/hooks.h"

RP_HOOK int sem_wait(sem_t *sem)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_SEM, sem, 0);
	int ret = rp_real.sem_wait(sem);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK int sem_timedwait(sem_t *restrict sem, const struct timespec *restrict until)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_SEM, sem, 0);
	int ret = rp_real.sem_timedwait(sem, until);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK int sem_clockwait(sem_t *restrict sem, clockid_t clock,
                          const struct timespec *restrict until)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_SEM, sem, 0);
	int ret = rp_real.sem_clockwait(sem, clock, until);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK int pthread_mutex_lock(pthread_mutex_t *m)
{
	struct rp_wait w;

	if (rp_likely(!rp_self.armed))
		return rp_real.pthread_mutex_lock(m);
	int ret = pthread_mutex_trylock(m);

	if (ret != EBUSY)
		return ret;
	rp_wait_enter(&w, RP_WAIT_MUTEX, m, 0);
	ret = rp_real.pthread_mutex_lock(m);
	rp_wait_leave(&w);
	return ret;
}

RP_HOOK int pthread_mutex_timedlock(pthread_mutex_t *restrict m,
                                    const struct timespec *restrict until)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_MUTEX, m, 0);
	int ret = rp_real.pthread_mutex_timedlock(m, until);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK int pthread_mutex_clocklock(pthread_mutex_t *restrict m, clockid_t clock,
                                    const struct timespec *restrict until)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_MUTEX, m, 0);
	int ret = rp_real.pthread_mutex_clocklock(m, clock, until);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK int pthread_rwlock_rdlock(pthread_rwlock_t *l)
{
	struct rp_wait w;

	if (rp_likely(!rp_self.armed))
		return rp_real.pthread_rwlock_rdlock(l);
	int ret = pthread_rwlock_tryrdlock(l);

	if (ret != EBUSY)
		return ret;
	rp_wait_enter(&w, RP_WAIT_RWLOCK, l, 0);
	ret = rp_real.pthread_rwlock_rdlock(l);
	rp_wait_leave(&w);
	return ret;
}

RP_HOOK int pthread_rwlock_wrlock(pthread_rwlock_t *l)
{
	struct rp_wait w;

	if (rp_likely(!rp_self.armed))
		return rp_real.pthread_rwlock_wrlock(l);
	int ret = pthread_rwlock_trywrlock(l);

	if (ret != EBUSY)
		return ret;
	rp_wait_enter(&w, RP_WAIT_RWLOCK, l, 0);
	ret = rp_real.pthread_rwlock_wrlock(l);
	rp_wait_leave(&w);
	return ret;
}

RP_HOOK int pthread_rwlock_timedrdlock(pthread_rwlock_t *restrict l,
                                       const struct timespec *restrict until)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_RWLOCK, l, 0);
	int ret = rp_real.pthread_rwlock_timedrdlock(l, until);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK int pthread_rwlock_timedwrlock(pthread_rwlock_t *restrict l,
                                       const struct timespec *restrict until)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_RWLOCK, l, 0);
	int ret = rp_real.pthread_rwlock_timedwrlock(l, until);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK int pthread_cond_wait(pthread_cond_t *restrict c, pthread_mutex_t *restrict m)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_COND, c, 0);
	int ret = rp_real.pthread_cond_wait(c, m);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK int pthread_cond_timedwait(pthread_cond_t *restrict c, pthread_mutex_t *restrict m,
                                   const struct timespec *restrict until)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_COND, c, 0);
	int ret = rp_real.pthread_cond_timedwait(c, m, until);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK int pthread_cond_clockwait(pthread_cond_t *restrict c, pthread_mutex_t *restrict m,
                                   clockid_t clock, const struct timespec *restrict until)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_COND, c, 0);
	int ret = rp_real.pthread_cond_clockwait(c, m, clock, until);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK int pthread_join(pthread_t thread, void **result)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_JOIN, NULL, 0);
	int ret = rp_real.pthread_join(thread, result);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK int pthread_timedjoin_np(pthread_t thread, void **result, const struct timespec *until)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_JOIN, NULL, 0);
	int ret = rp_real.pthread_timedjoin_np(thread, result, until);

	rp_wait_leave(&w);
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

RP_HOOK int mtx_lock(mtx_t *m)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_MUTEX, m, 0);
	int ret = rp_real.mtx_lock(m);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK int mtx_timedlock(mtx_t *restrict m, const struct timespec *restrict until)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_MUTEX, m, 0);
	int ret = rp_real.mtx_timedlock(m, until);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK int cnd_wait(cnd_t *c, mtx_t *m)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_COND, c, 0);
	int ret = rp_real.cnd_wait(c, m);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK int cnd_timedwait(cnd_t *restrict c, mtx_t *restrict m,
                          const struct timespec *restrict until)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_COND, c, 0);
	int ret = rp_real.cnd_timedwait(c, m, until);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK int thrd_join(thrd_t thread, int *result)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_JOIN, NULL, 0);
	int ret = rp_real.thrd_join(thread, result);

	rp_wait_leave(&w);
	return ret;
}
