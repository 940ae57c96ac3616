/* queue.h - queues between threads, replayed: whose job it is that a thread takes.
 *
 * Room: hot.  A mutex under which threads wait on a condition may guard a queue: who never waits
 * there puts one thing in whenever he lets it go, who does takes one out, and the k-th taken is
 * the k-th put.  Whoever waits finds the queue empty: if not as much was taken as was put, it is
 * no such queue, and is never asked again.  The host's mutex guards what is counted here.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_QUEUE_H
#define RP_HOT_QUEUE_H

#include <stdbool.h>
#include <stdint.h>
#include "preload/hot/current.h"

/* The caller holds MUTEX, and is about to wait for a condition under it; it has been woken, or its
 * time was over. */
void rp_queue_waits(const void *mutex);
void rp_queue_woke(const void *mutex, bool timed_out);

/* The caller holds MUTEX and lets it go.  True: it has taken something out, *JOB (serial 0:
 * nobody's, or not known), which is to be offered to it when the mutex has been let go. */
bool rp_queue_passes(const void *mutex, struct rp_handoff *job);

/* In a forked child. */
void rp_queue_forked(void);

#endif
