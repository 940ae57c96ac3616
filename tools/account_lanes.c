/* account_lanes.c - the request thread by thread, and what the client kept waiting.
 *
 * Room: tools.  Part of account.h.  SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include "tools/account_work.h"
#include "tools/memory.h"
#include "tools/times.h"
#include "tools/times_segments.h"

static struct rp_lane *lane_of(struct rp_lane *lanes, size_t *n, uint32_t thread)
{
	for (size_t i = 0; i < *n; i++)
		if (lanes[i].thread == thread)
			return &lanes[i];
	lanes[*n] = (struct rp_lane){.thread = thread, .first_ns = RP_NEVER};
	return &lanes[(*n)++];
}

static void add_segment(struct rp_lane *lane, const struct rp_rec_segment *s,
                        const struct rp_work *k)
{
	lane->n_segments++;
	lane->first_ns = s->begin_ns < lane->first_ns ? s->begin_ns : lane->first_ns;
	lane->last_ns = s->end_ns > lane->last_ns ? s->end_ns : lane->last_ns;
	lane->span_ns += s->end_ns - s->begin_ns;
	lane->cpu_ns += s->cpu_ns;
	lane->not_running_ns += s->runq_ns;
	lane->waits_ns += (uint64_t)k->short_ns;
	lane->minor_faults += s->minor_faults;
	lane->major_faults += s->major_faults;
	lane->switches_voluntary += s->switches_voluntary;
	lane->switches_forced += s->switches_forced;
}

static int by_first(const void *a, const void *b)
{
	const struct rp_lane *x = a, *y = b;

	if (x->first_ns != y->first_ns)
		return x->first_ns < y->first_ns ? -1 : 1;
	return (x->thread > y->thread) - (x->thread < y->thread);
}

struct rp_lane *rp_account_lanes(const struct rp_recording *r, size_t *n)
{
	struct rp_lane *lanes = rp_memory_zero(r->n_segments, sizeof(*lanes));
	struct rp_works works;

	*n = 0;
	rp_works_make(&works, r);
	for (size_t i = 0; i < r->n_segments; i++)
		add_segment(lane_of(lanes, n, r->segments[i].thread), &r->segments[i],
		            &works.works[i]);
	for (size_t i = 0; i < r->n_waits; i++) {
		double waited_ns = (double)rp_times_waited(r->waits[i].span_ns, r->waits[i].cpu_ns);

		if (works.segment[i] != RP_SEGMENT_NONE)
			lane_of(lanes, n, r->waits[i].thread)->waits_ns +=
			        (uint64_t)(waited_ns - works.delay_ns[i]);
	}
	rp_works_free(&works);
	qsort(lanes, *n, sizeof(*lanes), by_first);
	return lanes;
}

/* For whom a wait waits: 0 and 1, the client (enum rp_stall_way); -1, somebody else. */
int rp_account_client_way(const struct rp_recording *r, const struct rp_rec_wait *x)
{
	static const char client[] = "client";
	const struct rp_rec_object *o = rp_recording_object(r, x->object);

	if (!o || o->name.n < sizeof(client) - 1 ||
	    memcmp(o->name.at, client, sizeof(client) - 1) != 0)
		return -1;
	if (x->kind == RP_WAIT_READ || x->kind == RP_WAIT_RECV)
		return RP_STALL_SENDS;
	if (x->kind == RP_WAIT_WRITE || x->kind == RP_WAIT_SEND || x->kind == RP_WAIT_SENDFILE)
		return RP_STALL_READS;
	return x->at_ns < r->phases.body_ns ? RP_STALL_SENDS : RP_STALL_READS;
}

struct rp_client_wait *rp_account_client(const struct rp_recording *r, size_t *n)
{
	struct rp_client_wait *all = rp_memory_zero(r->n_waits + r->n_stalls, sizeof(*all));

	*n = 0;
	for (size_t i = 0; i < r->n_waits; i++) {
		int way = rp_account_client_way(r, &r->waits[i]);

		if (way >= 0)
			all[(*n)++] = (struct rp_client_wait){(uint32_t)way, r->waits[i].at_ns,
			                                      r->waits[i].span_ns};
	}
	for (size_t i = 0; i < r->n_stalls; i++)
		all[(*n)++] = (struct rp_client_wait){r->stalls[i].way == RP_STALL_READS,
		                                      r->stalls[i].begin_ns, r->stalls[i].span_ns};
	return all;
}
