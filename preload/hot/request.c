/* request.c - see request.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/request.h"

#include <string.h>
#include "preload/hot/clock.h"
#include "preload/hot/drops.h"
#include "preload/hot/flight.h"
#include "preload/hot/sofar.h"
#include "preload/place.h"
#include "preload/settings.h"

struct rp_request rp_requests[RP_MAX_REQUESTS + 1];
_Atomic uint32_t rp_n_requests, rp_n_live, rp_followed;

static _Atomic uint32_t serials;

/* One more of at most MOST? */
static bool reserve(_Atomic uint32_t *count, uint64_t most, enum rp_drop drop)
{
	uint32_t n = atomic_load(count);

	do {
		if (n >= most) {
			rp_drop(drop);
			return false;
		}
	} while (!atomic_compare_exchange_weak(count, &n, n + 1));
	return true;
}

uint32_t rp_request_next(void)
{
	return atomic_fetch_add(&serials, 1) + 1;
}

struct rp_request *rp_request_claim(uint64_t concurrent)
{
	if (!reserve(&rp_n_live, concurrent, RP_DROP_over_concurrent))
		return NULL;
	if (!reserve(&rp_n_requests, RP_MAX_REQUESTS, RP_DROP_no_request)) {
		atomic_fetch_sub(&rp_n_live, 1);
		return NULL;
	}
	for (unsigned i = 0; i < RP_MAX_REQUESTS; i++) {
		struct rp_request *r = &rp_requests[i];
		uint32_t state = RP_REQUEST_FREE;

		if (!atomic_compare_exchange_strong(&r->state, &state, RP_REQUEST_CLAIMED))
			continue;
		atomic_fetch_add(&rp_followed, 1);
		r->seq = rp_request_next();
		r->flight_serial = 0;
		atomic_store(&r->serial, r->seq);
		return r;
	}
	atomic_fetch_sub(&rp_n_live, 1);
	atomic_fetch_sub(&rp_n_requests, 1);
	rp_drop(RP_DROP_no_request);
	return NULL;
}

void rp_request_open(struct rp_request *r, const struct rp_head *head,
                     const struct rp_trigger *trigger, uint64_t first_byte_ns, uint64_t now_ns)
{
	rp_text_keep(&r->method, head->method);
	rp_text_keep(&r->host, head->host);
	rp_text_keep(&r->protocol, head->protocol);
	rp_text_keep(&r->traceparent, head->traceparent);
	rp_text_keep(&r->tag, trigger->tag);
	r->n_target = (uint16_t)rp_trigger_mask_target(r->target, sizeof(r->target), head->target,
	                                               rp_settings.rules.name);
	r->trigger = trigger->kind;
	r->mode = trigger->mode;
	r->force = trigger->force;
	r->claimed_ns = now_ns;
	atomic_store(&r->course.first_byte_ns, first_byte_ns);
	atomic_store(&r->course.head_ns, now_ns);
	atomic_store(&r->course.body_ns, RP_NEVER);
	atomic_store(&r->course.response_ns, RP_NEVER);
	atomic_store(&r->course.last_byte_ns, RP_NEVER);
	atomic_store(&r->course.bytes_in, 0);
	atomic_store(&r->course.bytes_out, 0);
	atomic_store(&r->samples, 0);
	rp_sofar_begin((uint32_t)(r - rp_requests));
	atomic_store(&r->course.status, 0);
	atomic_store(&r->met, false);
	atomic_store(&r->company_ns, now_ns);
	atomic_store(&r->agreed, 0);
	atomic_store(&r->contradicted, 0);
	atomic_store(&r->unsure, 0);
	for (unsigned i = 0; i < RP_N_DROPS; i++)
		atomic_store_explicit(&r->drops[i], 0, memory_order_relaxed);
	atomic_store(&r->course.how, RP_END_LOST);
	atomic_store_explicit(&r->state, RP_REQUEST_LIVE, memory_order_release);
}

void rp_request_joins(struct rp_request *r, unsigned n_others)
{
	for (unsigned i = 0; i < RP_MAX_REQUESTS; i++)
		if (rp_request_company_ns(i) == RP_NEVER)
			atomic_store(&rp_requests[i].company_ns, rp_mono_ns());
	if (r && !n_others)
		atomic_store(&r->company_ns, RP_NEVER);
}

void rp_request_came(const struct rp_request *r)
{
	atomic_thread_fence(memory_order_seq_cst);
	for (unsigned i = 0; i < RP_MAX_REQUESTS; i++)
		if (&rp_requests[i] != r && rp_request_company_ns(i) == RP_NEVER)
			atomic_store(&rp_requests[i].company_ns, rp_mono_ns());
}

bool rp_request_is_alone(uint32_t index)
{
	if (index >= RP_REQUEST_FLIGHTS)
		return rp_flight_is_alone(index);
	return index < RP_MAX_REQUESTS && rp_request_company_ns(index) == RP_NEVER;
}

void rp_request_end(struct rp_request *r, enum rp_end_how how, uint64_t now_ns)
{
	uint64_t never = RP_NEVER;

	if (!atomic_compare_exchange_strong(&r->course.last_byte_ns, &never, now_ns))
		return;
	atomic_store(&r->course.how, how);
	if (r->flight_serial)
		rp_flight_over(r->flight, r->flight_serial, how);
	atomic_store_explicit(&r->state, RP_REQUEST_ENDED, memory_order_release);
	atomic_fetch_sub(&rp_n_live, 1);
}

void rp_request_free(struct rp_request *r)
{
	bool live = atomic_load(&r->state) != RP_REQUEST_ENDED; /* nothing came of it */

	atomic_store(&r->serial, 0);
	atomic_store_explicit(&r->state, RP_REQUEST_FREE, memory_order_release);
	atomic_fetch_sub(&rp_followed, 1);
	atomic_fetch_sub(&rp_n_requests, 1);
	if (live)
		atomic_fetch_sub(&rp_n_live, 1);
}

struct rp_course *rp_request_course(uint32_t number)
{
	return number >= RP_REQUEST_FLIGHTS ? &rp_flight_at(number)->course
	                                    : &rp_requests[number].course;
}

bool rp_request_lives(uint32_t number, uint32_t serial)
{
	if (number >= RP_REQUEST_FLIGHTS)
		return rp_flight_lives(number, serial);
	struct rp_request *r = &rp_requests[number];

	return atomic_load_explicit(&r->serial, memory_order_relaxed) == serial &&
	       atomic_load_explicit(&r->state, memory_order_relaxed) == RP_REQUEST_LIVE;
}

/* Slots that were never used stay untouched: each written page of ours would be a copy in every
 * worker that a server forks. */
RP_EARLY void rp_request_forked(void)
{
	if (atomic_load(&rp_followed))
		atomic_store(&rp_followed, 0);
	if (!atomic_load(&serials))
		return;
	for (unsigned i = 0; i < RP_MAX_REQUESTS; i++) {
		struct rp_request *r = &rp_requests[i];

		if (atomic_load(&r->state) == RP_REQUEST_FREE)
			continue;
		atomic_store(&r->serial, 0);
		atomic_store(&r->state, RP_REQUEST_FREE);
	}
	atomic_store(&rp_n_requests, 0);
	atomic_store(&rp_n_live, 0);
}

uint64_t rp_request_over_ns(uint32_t number, uint32_t serial)
{
	if (number >= RP_REQUEST_FLIGHTS)
		return rp_flight_over_ns(number, serial);
	struct rp_request *r = &rp_requests[number];
	uint64_t over_ns = atomic_load(&r->course.last_byte_ns);

	return atomic_load(&r->serial) == serial ? over_ns : RP_NEVER;
}
