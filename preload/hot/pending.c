/* pending.c - see pending.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/pending.h"

bool rp_pending_push(struct rp_pending *p, uint8_t asked, uint8_t request, uint32_t serial)
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

/* Index of the oldest run with something unanswered; the end when there is none.  Only the oldest
 * run may be done with: the popper leaves it there for the pusher to extend. */
static uint8_t oldest(struct rp_pending *p)
{
	uint8_t first = atomic_load_explicit(&p->first, memory_order_relaxed);
	uint8_t end = atomic_load_explicit(&p->end, memory_order_acquire);

	while (first != end) {
		struct rp_run *run = &p->runs[first % RP_MAX_PENDING];

		if (atomic_load_explicit(&run->done, memory_order_relaxed) !=
		    atomic_load_explicit(&run->total, memory_order_acquire))
			break;
		first++;
	}
	return first;
}

struct rp_run *rp_pending_front(struct rp_pending *p)
{
	uint8_t at = oldest(p);

	return at == atomic_load_explicit(&p->end, memory_order_acquire)
	               ? 0
	               : &p->runs[at % RP_MAX_PENDING];
}

void rp_pending_pop(struct rp_pending *p)
{
	uint8_t at = oldest(p);

	if (at == atomic_load_explicit(&p->end, memory_order_acquire))
		return;
	struct rp_run *run = &p->runs[at % RP_MAX_PENDING];
	uint16_t done = atomic_load_explicit(&run->done, memory_order_relaxed);

	atomic_store_explicit(&run->done, done + 1, memory_order_relaxed);
	atomic_store_explicit(&p->first, at, memory_order_release);
}
