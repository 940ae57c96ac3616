/* queue_parts.h - what the files of the queues share: one queue, and what has been proven of it.
 *
 * Room: hot.  Everything but what is atomic is guarded by the host's own mutex, which the calling
 * thread holds.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_QUEUE_PARTS_H
#define RP_HOT_QUEUE_PARTS_H

#include <stdatomic.h>
#include "preload/hot/queue.h"
#include "preload/hot/self.h"

/* So many times the queue must have been found empty when as much was taken as had been put; so
 * many times in a row the order must have shown that could not have been by chance. */
enum {
	RP_QUEUE_TRUSTED = 8,
	RP_QUEUE_ORDERED = 8,
	RP_QUEUE_LEARNT = 16,
	RP_QUEUE_CLIENTS = 32 /* ... where nobody was flagged */
};

/* Who took which job turned out to work for whom: told where the mutex is not held. */
struct rp_shown {
	_Atomic uint32_t state; /* 0 free, 1 being filled, 2 full */
	uint32_t taken, put;    /* the how manieth it was, and how much had been put by then */
	uint32_t request, serial;
};

struct rp_queue {
	_Atomic uintptr_t key;    /* a mutex, or a semaphore that counts; 0: free; set once */
	_Atomic bool off;         /* it is no queue of jobs */
	_Atomic bool unordered;   /* what came first did not go first */
	_Atomic uint32_t ordered; /* times that it did, and what came last was another one's */
	_Atomic uint32_t clients; /* the same, by the connections that were read and answered */
	_Atomic bool apart;       /* they say nothing: who puts has read from others meanwhile */
	const void *waiter;       /* thread that waited: its self */
	bool several;             /* and another one did, too */
	bool woke, timed_out; /* whoever holds the mutex: it has waited; nothing came in its time */
	bool mixed;  /* since it was empty not all was put for one request, or for nobody */
	bool counts; /* BASE is known: the TAKEN-th taken is the (TAKEN + BASE)-th put */
	uint32_t put, taken, base;
	uint32_t kept;     /* puts in a row, up to the last, that are in JOBS */
	uint32_t put_then; /* PUT when it was last empty */
	uint32_t checked;  /* times that as much had been taken as put when it was empty */
	uint32_t asleep;   /* threads that wait under it now */
	uint32_t sleeps_for, sleeps_serial; /* whom the last of them works for */
	uint32_t guess, guessed;            /* what BASE would be, so many times in a row */
	/* Of a mutex: the semaphore that counts what lies under it; of a semaphore: the mutex. */
	_Atomic(struct rp_queue *) semaphore;
	_Atomic uintptr_t mutex;
	bool is_semaphore;
	/* Threads inside of a wait for it; that have passed it and not taken; that have put and not
	 * posted; that post now.  MOVES: whenever one of them changes. */
	_Atomic uint32_t inside, passed, owed, posting, moves;
	_Atomic bool doubt; /* somebody's step was not counted */
	/* How often it was found empty, << 32; of those who let the mutex go since, how many may
	 * not have put anything in (queue_puts.c). */
	_Atomic uint64_t unsure;
	uint64_t agreed; /* a bit for each of these times, the last one lowest: the counts agreed */
	struct rp_shown shown;
	struct rp_handoff jobs[RP_QUEUE_JOBS];
};

static inline bool rp_queue_is_off(const struct rp_queue *q)
{
	return atomic_load_explicit(&q->off, memory_order_relaxed);
}

static inline void rp_queue_switch_off(struct rp_queue *q)
{
	atomic_store_explicit(&q->off, true, memory_order_relaxed);
}

/* Where to begin to look for what is kept of KEY, an address. */
static inline uint32_t rp_queue_hash(uintptr_t key)
{
	return (uint32_t)((key >> 3) * 0x9e3779b97f4a7c15u >> 40);
}

/* JOB is (REQUEST, SERIAL)'s, or both are nobody's. */
static inline bool rp_queue_is_for(const struct rp_handoff *job, uint32_t request, uint32_t serial)
{
	return job->serial == serial && (!serial || job->request == request);
}

/* The queue of a mutex or a semaphore; NULL: there is none, or no room for one. */
struct rp_queue *rp_queue_find(const void *key, bool make);

/* How much lies in Q, where that is known. */
static inline uint32_t rp_queue_length(const struct rp_queue *q)
{
	return q->put - q->taken - q->base;
}

/* S puts something in; it takes something out, and its job, where that is known, is *JOB. */
void rp_queue_put(struct rp_queue *q, struct rp_self *s);
bool rp_queue_take(struct rp_queue *q, struct rp_handoff *job);

/* True: all that was put since it was empty is known to have been put. */
static inline bool rp_queue_is_sure(const struct rp_queue *q)
{
	return !(uint32_t)atomic_load_explicit(&q->unsure, memory_order_relaxed);
}

/* CONDITION is waited for under MUTEX. */
void rp_queue_waits_for(const void *condition, const void *mutex);
/* S, which never waited under MUTEX, lets it go, and WOKE somebody or not. */
void rp_queue_passes_by(struct rp_queue *q, struct rp_self *s, const void *mutex, bool woke);
/* ... and it may have taken something that is not for the request that it works for: unless it
 * wakes somebody next, it works for nobody. */
bool rp_queue_doubts(struct rp_self *s, const void *mutex, bool woke);
/* Q is empty, and the counts AGREED. */
void rp_queue_was_empty(struct rp_queue *q, bool agreed);

/* The word at FROM, read while NEXT_TO is in use: on its page, or by the kernel, for it may be
 * gone.  Does the calling thread hold MUTEX? */
bool rp_queue_read_word(uintptr_t from, const void *next_to, uint64_t *word);
bool rp_queue_holds(const void *mutex, const void *next_to);

/* Is MUTEX one of the last few that FEW remembers? */
bool rp_queue_is_of(const struct rp_mutexes *few, const void *mutex);
void rp_queue_remember(struct rp_mutexes *few, const void *mutex);

/* S, which holds MUTEX, lets it go; a semaphore counts what lies under it (queue_sem.c). */
bool rp_queue_sem_passes(struct rp_queue *q, struct rp_self *s, const void *mutex,
                         struct rp_handoff *job);
/* The semaphore that S has passed before it came here, and whose things may lie under MUTEX; NULL.
 */
struct rp_queue *rp_queue_sem_under(struct rp_self *s, const void *mutex);

/* The calling thread takes the TAKEN-th thing out of Q: NEXT, if it is a queue (NULL: not known
 * which).  TELLING: a stack would have had another one's for it. */
void rp_queue_took(struct rp_queue *q, uint32_t taken, const struct rp_handoff *next, bool telling);
/* ... and is done with it. */
void rp_queue_did(const struct rp_queue *q);

/* JOB, nobody's, is put into Q by the calling thread, which works for nobody: it is for the request
 * that it read last, if that has shown whose all were so far. */
void rp_queue_credit(const struct rp_queue *q, struct rp_handoff *job);

/* What was shown of Q since, where it is not known which is the next to be taken. */
void rp_queue_learn(struct rp_queue *q);

#endif
