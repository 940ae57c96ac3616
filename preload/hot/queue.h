/* queue.h - queues between threads, replayed: whose job it is that a thread takes.
 *
 * Room: hot.  A mutex under which threads wait on a condition may guard a queue: who never waits
 * there puts one thing in whenever he lets it go, who does takes one out, and the k-th taken is
 * the k-th put, where the order was shown (queue_order.c); where all that lies in it is for one
 * request no order matters.  Whoever waits finds the queue empty: if not as much was taken as was
 * put, it is no such queue, and is never asked again.  The host's mutex guards what is counted.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_QUEUE_H
#define RP_HOT_QUEUE_H

#include <stdbool.h>
#include <stdint.h>
#include "preload/hot/current.h"

/* The caller holds MUTEX, and is about to wait for CONDITION under it; it has been woken, or its
 * time was over. */
void rp_queue_waits(const void *condition, const void *mutex);
void rp_queue_woke(const void *mutex, bool timed_out);

/* The caller is about to wake who waits for CONDITION, one or all. */
void rp_queue_wakes(const void *condition);

/* A semaphore was made that begins with VALUE: one that begins with nothing may count jobs. */
void rp_queue_sem_made(const void *sem, unsigned value);
/* The caller is about to wait for SEM: true, it is COUNTED; it has done so, and has or has not
 * PASSED.  It is about to post it: true, and it has, is to be told as well. */
bool rp_queue_sem_waits(const void *sem);
void rp_queue_sem_waited(const void *sem, bool counted, bool passed);
bool rp_queue_sem_posts(const void *sem);
void rp_queue_sem_posted(const void *sem);

/* The caller holds MUTEX and lets it go.  True: it has taken something out, *JOB (serial 0:
 * nobody's, or not known), which is to be offered to it when the mutex has been let go. */
bool rp_queue_passes(const void *mutex, struct rp_handoff *job);

/* The calling thread makes one for its request: under what it has let go lately, and lets go from
 * here on, that one may find what is for another request. */
void rp_queue_makes_thread(void);

/* The calling thread works for (REQUEST, SERIAL), or (serial 0) for a request that is not flagged:
 * it writes to its client, by connection CLIENT - 1, or wakes it (0).  So that is whose the job was
 * that it took. */
void rp_queue_shows(uint32_t request, uint32_t serial, uint32_t client);

/* In a forked child. */
void rp_queue_forked(void);

#endif
