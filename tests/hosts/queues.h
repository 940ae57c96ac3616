/* queues.h - queues between the threads of a host, and the locks that they are made of.
 *
 * Room: tests/hosts.  Who waits for something in them is woken by: signals, broadcasts, semaphores,
 * bytes in a pipe, counts of an eventfd; or the pipe carries the items.  A queue that grows makes a
 * thread where nobody waits, and who waits for long ends.  Locks are pthread's, or (unseen) words
 * for which threads wait in the kernel, as in Rust and GLib: no call tells who holds them.
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_HOSTS_QUEUES_H
#define TEST_HOSTS_QUEUES_H

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 1024 };

static enum { SIGNALS, BROADCASTS, SEMAPHORES, BYTES, COUNTS, ITEMS } waking;
static bool lifo, unseen;

/* U. Drepper, "Futexes Are Tricky" (2011), mutex 2: 0 free, 1 held, 2 waited for. */
static inline void hold(pthread_mutex_t *m)
{
	_Atomic int *word = (void *)m;
	int free = 0;

	if (!unseen)
		pthread_mutex_lock(m);
	else if (!atomic_compare_exchange_strong(word, &free, 1))
		while (atomic_exchange(word, 2))
			syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, 2, NULL);
}

static inline void let_go(pthread_mutex_t *m)
{
	_Atomic int *word = (void *)m;

	if (!unseen)
		pthread_mutex_unlock(m);
	else if (atomic_exchange(word, 0) == 2)
		syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1);
}

static inline void wake(pthread_cond_t *c, bool all)
{
	_Atomic int *word = (void *)c;

	if (!unseen) {
		if (all)
			pthread_cond_broadcast(c);
		else
			pthread_cond_signal(c);
		return;
	}
	atomic_fetch_add(word, 1);
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, all ? ROOM : 1);
}

/* False: not in NS; below 0: for ever. */
static inline bool await_wake(pthread_cond_t *c, pthread_mutex_t *m, long ns)
{
	struct timespec until, in = {0, ns};
	_Atomic int *word = (void *)c;
	int was = atomic_load(word);
	bool in_time;

	if (!unseen && ns < 0)
		return pthread_cond_wait(c, m) == 0;
	if (!unseen) {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += until.tv_nsec + ns >= 1000000000;
		until.tv_nsec = (until.tv_nsec + ns) % 1000000000;
		return pthread_cond_timedwait(c, m, &until) == 0;
	}
	let_go(m);
	in_time = syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, was, ns < 0 ? NULL : &in) == 0 ||
	          errno != ETIMEDOUT;
	hold(m);
	return in_time;
}

/* First in, first out; of pointers. */
struct queue {
	pthread_mutex_t lock;
	pthread_cond_t more;
	sem_t count;
	int read_fd, write_fd;
	void *items[ROOM];
	unsigned first, end, waiting;
	void (*grow)(void); /* NULL: as many threads as there are */
};

#define QUEUE                                                                                      \
	{                                                                                          \
		PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, {{0}}, -1, -1, {0}, 0, 0, 0,  \
		        NULL                                                                       \
	}

static inline void make(struct queue *q)
{
	int fds[2];

	if (sem_init(&q->count, 0, 0) != 0 || pipe(fds) != 0)
		exit(1);
	q->read_fd = waking == COUNTS ? eventfd(0, EFD_SEMAPHORE) : fds[0];
	q->write_fd = waking == COUNTS ? q->read_fd : fds[1];
}

/* Once for each item, behind it. */
static inline void announce(struct queue *q, void *item)
{
	uint64_t one = 1;
	ssize_t n = 0;

	if (waking == SEMAPHORES)
		sem_post(&q->count);
	else if (waking == BYTES)
		n = write(q->write_fd, &one, 1);
	else if (waking == COUNTS)
		n = write(q->write_fd, &one, sizeof(one));
	else if (waking == ITEMS)
		n = write(q->write_fd, &item, sizeof(item));
	if (n < 0)
		perror("announce");
}

static inline void put(struct queue *q, void *item)
{
	if (waking != ITEMS) {
		hold(&q->lock);
		if (q->grow && !q->waiting)
			q->grow();
		q->items[q->end++ % ROOM] = item;
		if (waking == BROADCASTS)
			wake(&q->more, true);
		else if (waking == SIGNALS)
			wake(&q->more, false);
		let_go(&q->lock);
	}
	announce(q, item);
}

static inline void await(struct queue *q, void **item)
{
	uint64_t one;
	ssize_t n = 0;

	if (waking == SEMAPHORES)
		n = sem_wait(&q->count);
	else if (waking == BYTES)
		n = read(q->read_fd, &one, 1);
	else if (waking == COUNTS)
		n = read(q->read_fd, &one, sizeof(one));
	else if (waking == ITEMS)
		n = read(q->read_fd, item, sizeof(*item));
	if (n < 0)
		perror("await");
}

/* False: the thread is one too many. */
static inline bool wait_for_more(struct queue *q)
{
	q->waiting++;
	bool in_time = await_wake(&q->more, &q->lock, q->grow ? 5000000 : -1);
	q->waiting--;
	return in_time || q->first != q->end || q->waiting == 0;
}

static inline void *take(struct queue *q)
{
	void *item = NULL;

	await(q, &item);
	if (waking == ITEMS)
		return item;
	hold(&q->lock);
	while (q->first == q->end)
		if (!wait_for_more(q)) {
			let_go(&q->lock);
			pthread_exit(NULL);
		}
	item = lifo ? q->items[--q->end % ROOM] : q->items[q->first++ % ROOM];
	let_go(&q->lock);
	return item;
}

#endif
