/* pending.h - the requests of a connection that wait for their response, oldest first.
 *
 * Room: hot.  The reading side pushes, the writing side pops; alike neighbours share a run, so a
 * pipeline of a thousand plain GETs takes one.  A run is left by the popper only when a newer one
 * exists: the pusher may still extend the newest.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_PENDING_H
#define RP_HOT_PENDING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "preload/limits.h"

struct rp_run {
	uint32_t serial;  /* of the followed request, 0: plain */
	uint16_t request; /* its number (request.h) */
	uint8_t asked;    /* RP_ASKED_* */
	uint8_t reserved;
	_Atomic uint16_t total; /* written by the pusher */
	_Atomic uint16_t done;  /* written by the popper */
};

struct rp_pending {
	_Atomic uint8_t first, end; /* runs in use: [first, end), modulo 256 */
	struct rp_run runs[RP_MAX_PENDING];
};

/* False: no room. */
bool rp_pending_push(struct rp_pending *p, uint8_t asked, uint16_t request, uint32_t serial);
/* Room is scarce: only what must have a run of its own shall take one. */
bool rp_pending_is_crowded(struct rp_pending *p);
/* The oldest unanswered, NULL: none.  Changes nothing: any thread may look, and may see it late. */
struct rp_run *rp_pending_front(struct rp_pending *p);
void rp_pending_pop(struct rp_pending *p);

/* The usual case, by which a glance goes on.  One more plain request behind a plain one; false:
 * rp_pending_push must be asked. */
static inline bool rp_pending_more(struct rp_pending *p)
{
	uint8_t first = atomic_load_explicit(&p->first, memory_order_acquire);
	uint8_t end = atomic_load_explicit(&p->end, memory_order_relaxed);
	struct rp_run *last = &p->runs[(uint8_t)(end - 1) % RP_MAX_PENDING];
	uint16_t total = atomic_load_explicit(&last->total, memory_order_relaxed);

	if (end == first || last->serial || last->asked || total == UINT16_MAX)
		return false;
	atomic_store_explicit(&last->total, total + 1, memory_order_release);
	return true;
}

/* The oldest run when it is plain and has something unanswered, else NULL; and one answer to it. */
static inline struct rp_run *rp_pending_plain(struct rp_pending *p)
{
	uint8_t first = atomic_load_explicit(&p->first, memory_order_relaxed);
	struct rp_run *run = &p->runs[first % RP_MAX_PENDING];

	if (first == atomic_load_explicit(&p->end, memory_order_acquire) || run->serial ||
	    run->asked ||
	    atomic_load_explicit(&run->done, memory_order_relaxed) ==
	            atomic_load_explicit(&run->total, memory_order_acquire))
		return NULL;
	return run;
}

static inline void rp_pending_answered(struct rp_run *run)
{
	uint16_t done = atomic_load_explicit(&run->done, memory_order_relaxed);

	atomic_store_explicit(&run->done, done + 1, memory_order_relaxed);
}

/* The only unanswered one, of whatever kind; NULL: there is none, or there are several.  Only the
 * oldest run may be done with: the popper leaves it there for the pusher to extend. */
static inline struct rp_run *rp_pending_single(struct rp_pending *p)
{
	uint8_t first = atomic_load_explicit(&p->first, memory_order_relaxed);
	uint8_t end = atomic_load_explicit(&p->end, memory_order_acquire);
	struct rp_run *old = &p->runs[first % RP_MAX_PENDING];
	struct rp_run *run = &p->runs[(uint8_t)(end - 1) % RP_MAX_PENDING];

	if (first == end || (uint8_t)(end - first) > 2)
		return NULL;
	uint16_t done = atomic_load_explicit(&run->done, memory_order_relaxed);
	uint16_t total = atomic_load_explicit(&run->total, memory_order_acquire);

	if ((uint16_t)(total - done) != 1)
		return NULL;
	return run == old || atomic_load_explicit(&old->done, memory_order_relaxed) ==
	                               atomic_load_explicit(&old->total, memory_order_relaxed)
	               ? run
	               : NULL;
}

#endif
