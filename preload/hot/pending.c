/* pending.c - see pending.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/pending.h"

bool rp_pending_push(struct rp_pending *p, uint8_t asked, uint16_t request, uint32_t serial)
{
	uint8_t first = atomic_load_explicit(&p->first, memory_order_acquire);
	uint8_t end = atomic_load_explicit(&p->end, memory_order_relaxed);

	if (end != first && !serial) {
		struct rp_run *last = &p->runs[(uint8_t)(end - 1) % RP_MAX_PENDING];
		uint16_t total = atomic_load_explicit(&last->total, memory_order_relaxed);

		if (!last->serial && last->asked == asked && total < UINT16_MAX) {
			atomic_store_explicit(&last->total, total + 1, memory_order_release);
			return true;
		}
	}
	if ((uint8_t)(end - first) >= RP_MAX_PENDING)
		return false;
	struct rp_run *run = &p->runs[end % RP_MAX_PENDING];

	run->serial = serial;
	run->asked = asked;
	run->request = request;
	atomic_store_explicit(&run->done, 0, memory_order_relaxed);
	atomic_store_explicit(&run->total, 1, memory_order_relaxed);
	atomic_store_explicit(&p->end, end + 1, memory_order_release);
	return true;
}

bool rp_pending_is_crowded(struct rp_pending *p)
{
	uint8_t first = atomic_load_explicit(&p->first, memory_order_relaxed);
	uint8_t end = atomic_load_explicit(&p->end, memory_order_relaxed);

	return (uint8_t)(end - first) >= RP_MAX_PENDING / 2;
}

/* The oldest run with something unanswered, its index in *at; NULL when there is none.  Only the
 * oldest run may be done with: the popper leaves it there for the pusher to extend.  The end is
 * read once: a run that is pushed behind one extended since then would come before it. */
static struct rp_run *oldest(struct rp_pending *p, uint8_t *at)
{
	uint8_t first = atomic_load_explicit(&p->first, memory_order_relaxed);
	uint8_t end = atomic_load_explicit(&p->end, memory_order_acquire);

	for (; first != end; first++) {
		struct rp_run *run = &p->runs[first % RP_MAX_PENDING];

		if (atomic_load_explicit(&run->done, memory_order_relaxed) !=
		    atomic_load_explicit(&run->total, memory_order_acquire)) {
			*at = first;
			return run;
		}
	}
	return 0;
}

struct rp_run *rp_pending_front(struct rp_pending *p)
{
	uint8_t at;

	return oldest(p, &at);
}

void rp_pending_pop(struct rp_pending *p)
{
	uint8_t at;
	struct rp_run *run = oldest(p, &at);

	if (!run)
		return;
	uint16_t done = atomic_load_explicit(&run->done, memory_order_relaxed);

	atomic_store_explicit(&run->done, done + 1, memory_order_relaxed);
	atomic_store_explicit(&p->first, at, memory_order_release);
}
