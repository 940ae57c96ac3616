/* waits_lock.c - threads that wait for threads; see waits.h.
 *
 * Room: tests/hosts.  SPDX-License-Identifier: MIT
 */
#include "waits.h"

#include <linux/futex.h>
#include <semaphore.h>
#include <sys/syscall.h>

static void post(long sem)
{
	sem_post((sem_t *)sem);
}

static void run_sem_wait(struct result *r)
{
	struct later l;
	sem_t sem;

	sem_init(&sem, 0, 0);
	object_lock(r, &sem);
	later(&l, post, (long)&sem);
	TIMED(r, sem_wait(&sem));
	later_done(&l);
}

static void run_sem_timedwait(struct result *r)
{
	struct timespec end = until(CLOCK_REALTIME, WAIT_MS);
	sem_t sem;

	sem_init(&sem, 0, 0);
	object_lock(r, &sem);
	TIMED(r, sem_timedwait(&sem, &end));
}

static void run_sem_clockwait(struct result *r)
{
	struct timespec end = until(CLOCK_MONOTONIC, WAIT_MS);
	sem_t sem;

	sem_init(&sem, 0, 0);
	object_lock(r, &sem);
	TIMED(r, sem_clockwait(&sem, CLOCK_MONOTONIC, &end));
}

/* A thread that holds a lock for MS, or until it is told, so that whoever asks must wait. */
enum { TOLD = 0 };
struct holder {
	pthread_t thread;
	pthread_mutex_t *mutex;
	pthread_rwlock_t *rwlock;
	sem_t held, told;
	int ms;
};

static void *holder_main(void *arg)
{
	struct holder *h = arg;

	if (h->mutex)
		pthread_mutex_lock(h->mutex);
	else
		pthread_rwlock_wrlock(h->rwlock);
	sem_post(&h->held);
	if (h->ms == TOLD)
		sem_wait(&h->told);
	else
		pause_ms(h->ms);
	if (h->mutex)
		pthread_mutex_unlock(h->mutex);
	else
		pthread_rwlock_unlock(h->rwlock);
	return NULL;
}

static void hold(struct holder *h, pthread_mutex_t *mutex, pthread_rwlock_t *rwlock, int ms)
{
	h->mutex = mutex;
	h->rwlock = rwlock;
	h->ms = ms;
	sem_init(&h->held, 0, 0);
	sem_init(&h->told, 0, 0);
	pthread_create(&h->thread, NULL, holder_main, h);
	sem_wait(&h->held);
}

static void let_go(struct holder *h)
{
	sem_post(&h->told);
	pthread_join(h->thread, NULL);
}

static void run_mutex_lock(struct result *r)
{
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	struct holder h;

	hold(&h, &m, NULL, WAIT_MS);
	object_lock(r, &m);
	TIMED(r, pthread_mutex_lock(&m));
	pthread_mutex_unlock(&m);
	pthread_join(h.thread, NULL);
}

static void run_mutex_recursive(struct result *r)
{
	pthread_mutex_t m = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
	struct holder h;

	hold(&h, &m, NULL, WAIT_MS);
	object_lock(r, &m);
	TIMED(r, pthread_mutex_lock(&m));
	r->bytes = pthread_mutex_lock(&m);
	pthread_mutex_unlock(&m);
	pthread_mutex_unlock(&m);
	pthread_join(h.thread, NULL);
}

/* A second lock by its owner: EDEADLK at once, no wait. */
static void run_mutex_errorcheck(struct result *r)
{
	pthread_mutex_t m = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;

	pthread_mutex_lock(&m);
	TIMED(r, pthread_mutex_lock(&m));
	pthread_mutex_unlock(&m);
}

static void run_mutex_timedlock(struct result *r)
{
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	struct timespec end;
	struct holder h;

	hold(&h, &m, NULL, TOLD);
	object_lock(r, &m);
	end = until(CLOCK_REALTIME, WAIT_MS);
	TIMED(r, pthread_mutex_timedlock(&m, &end));
	let_go(&h);
}

static void run_mutex_clocklock(struct result *r)
{
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	struct timespec end;
	struct holder h;

	hold(&h, &m, NULL, TOLD);
	object_lock(r, &m);
	end = until(CLOCK_MONOTONIC, WAIT_MS);
	TIMED(r, pthread_mutex_clocklock(&m, CLOCK_MONOTONIC, &end));
	let_go(&h);
}

static void run_rwlock(struct result *r, bool write, bool timed)
{
	pthread_rwlock_t l = PTHREAD_RWLOCK_INITIALIZER;
	struct timespec end;
	struct holder h;

	hold(&h, NULL, &l, timed ? TOLD : WAIT_MS);
	object_lock(r, &l);
	end = until(CLOCK_REALTIME, WAIT_MS);
	if (timed)
		TIMED(r, write ? pthread_rwlock_timedwrlock(&l, &end)
		               : pthread_rwlock_timedrdlock(&l, &end));
	else
		TIMED(r, write ? pthread_rwlock_wrlock(&l) : pthread_rwlock_rdlock(&l));
	if (r->ret == 0)
		pthread_rwlock_unlock(&l);
	let_go(&h);
}

static void run_rdlock(struct result *r)
{
	run_rwlock(r, false, false);
}

static void run_wrlock(struct result *r)
{
	run_rwlock(r, true, false);
}

static void run_timedrdlock(struct result *r)
{
	run_rwlock(r, false, true);
}

static void run_timedwrlock(struct result *r)
{
	run_rwlock(r, true, true);
}

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;

static void signal_cond(long cond)
{
	pthread_mutex_lock(&guard);
	pthread_cond_signal((pthread_cond_t *)cond);
	pthread_mutex_unlock(&guard);
}

static void run_cond_wait(struct result *r)
{
	pthread_cond_t c = PTHREAD_COND_INITIALIZER;
	struct later l;

	pthread_mutex_lock(&guard);
	object_lock(r, &c);
	later(&l, signal_cond, (long)&c);
	TIMED(r, pthread_cond_wait(&c, &guard));
	pthread_mutex_unlock(&guard);
	later_done(&l);
}

static void run_cond_timedwait(struct result *r)
{
	pthread_cond_t c = PTHREAD_COND_INITIALIZER;
	struct timespec end;

	pthread_mutex_lock(&guard);
	object_lock(r, &c);
	end = until(CLOCK_REALTIME, WAIT_MS);
	TIMED(r, pthread_cond_timedwait(&c, &guard, &end));
	pthread_mutex_unlock(&guard);
}

static void run_cond_clockwait(struct result *r)
{
	pthread_cond_t c = PTHREAD_COND_INITIALIZER;
	struct timespec end;

	pthread_mutex_lock(&guard);
	object_lock(r, &c);
	end = until(CLOCK_MONOTONIC, WAIT_MS);
	TIMED(r, pthread_cond_clockwait(&c, &guard, CLOCK_MONOTONIC, &end));
	pthread_mutex_unlock(&guard);
}

static void nothing(long unused)
{
	(void)unused;
}

static void run_join(struct result *r)
{
	struct later l;
	void *value = &l;

	later(&l, nothing, 0);
	TIMED(r, pthread_join(l.thread, &value));
	r->bytes = value == NULL;
}

static void run_timedjoin(struct result *r)
{
	struct timespec end = until(CLOCK_REALTIME, WAIT_MS);
	struct later l;

	l = (struct later){.act = nothing, .ms = 3 * WAIT_MS};
	pthread_create(&l.thread, NULL, later_main, &l);
	TIMED(r, pthread_timedjoin_np(l.thread, NULL, &end));
	later_done(&l);
}

static void arrive(long barrier)
{
	pthread_barrier_wait((pthread_barrier_t *)barrier);
}

static void run_barrier(struct result *r)
{
	pthread_barrier_t b;
	struct later l;

	pthread_barrier_init(&b, NULL, 2);
	object_lock(r, &b);
	later(&l, arrive, (long)&b);
	TIMED(r, pthread_barrier_wait(&b));
	r->ret = r->ret == 0 || r->ret == PTHREAD_BARRIER_SERIAL_THREAD;
	later_done(&l);
	pthread_barrier_destroy(&b);
}

static void wake_futex(long word)
{
	__atomic_store_n((int *)word, 1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void run_futex(struct result *r)
{
	struct later l;
	int word = 0;

	object_lock(r, &word);
	later(&l, wake_futex, (long)&word);
	TIMED(r, syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0));
	later_done(&l);
}

static void run_futex_timeout(struct result *r)
{
	struct timespec t = {.tv_nsec = WAIT_MS * 1000000l};
	int word = 0;

	object_lock(r, &word);
	TIMED(r, syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &t, NULL, 0));
}

static const struct row rows[] = {
        {"sem_wait", "sem wait", run_sem_wait},
        {"sem_timedwait", "sem wait", run_sem_timedwait},
        {"sem_clockwait", "sem wait", run_sem_clockwait},
        {"mutex_lock", "mutex", run_mutex_lock},
        {"mutex_recursive", "mutex", run_mutex_recursive},
        {"mutex_errorcheck", "-", run_mutex_errorcheck},
        {"mutex_timedlock", "mutex", run_mutex_timedlock},
        {"mutex_clocklock", "mutex", run_mutex_clocklock},
        {"rwlock_rdlock", "rwlock", run_rdlock},
        {"rwlock_wrlock", "rwlock", run_wrlock},
        {"rwlock_timedrdlock", "rwlock", run_timedrdlock},
        {"rwlock_timedwrlock", "rwlock", run_timedwrlock},
        {"cond_wait", "cond wait", run_cond_wait},
        {"cond_timedwait", "cond wait", run_cond_timedwait},
        {"cond_clockwait", "cond wait", run_cond_clockwait},
        {"join", "join thread", run_join},
        {"timedjoin", "join thread", run_timedjoin},
        {"barrier", "barrier", run_barrier},
        {"futex", "futex (raw)", run_futex},
        {"futex_timeout", "futex (raw)", run_futex_timeout},
        {0},
};

int main(int argc, char **argv)
{
	return waits_main(argc, argv, rows);
}
