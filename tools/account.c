/* account.c - where the time of a request went, part by part; see times.h.
 *
 * Room: tools.  Every part is measured by itself, so that the rest (unexplained) means something.
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include "tools/memory.h"
#include "tools/recording.h"
#include "tools/times.h"

static void widen(uint64_t at_ns, uint64_t *first_ns, uint64_t *last_ns)
{
	if (at_ns < *first_ns)
		*first_ns = at_ns;
	if (at_ns > *last_ns)
		*last_ns = at_ns;
}

/* First and last event that left a trace. */
static void event_span(const struct rp_recording *r, uint64_t *first_ns, uint64_t *last_ns)
{
	*first_ns = RP_NEVER;
	*last_ns = 0;
	for (size_t i = 0; i < r->n_segments; i++) {
		widen(r->segments[i].begin_ns, first_ns, last_ns);
		widen(r->segments[i].end_ns, first_ns, last_ns);
	}
	for (size_t i = 0; i < r->n_samples; i++)
		widen(r->samples[i].at_ns, first_ns, last_ns);
	for (size_t i = 0; i < r->n_waits; i++) {
		widen(r->waits[i].at_ns, first_ns, last_ns);
		widen(r->waits[i].at_ns + r->waits[i].span_ns, first_ns, last_ns);
	}
	if (*first_ns == RP_NEVER)
		*first_ns = *last_ns = r->head.began_mono_ns;
}

void rp_times_span(const struct rp_recording *r, uint64_t *first_ns, uint64_t *last_ns)
{
	const struct rp_rec_phases *p = &r->phases;

	event_span(r, first_ns, last_ns);
	if (p->first_byte_ns != RP_NEVER)
		*first_ns = p->first_byte_ns;
	else if (p->head_ns != RP_NEVER)
		*first_ns = p->head_ns;
	if (p->last_byte_ns != RP_NEVER)
		*last_ns = p->last_byte_ns;
	if (*last_ns < *first_ns)
		*last_ns = *first_ns;
}

/* A thread begins (+1) or ends (-1) to work. */
struct turn {
	uint64_t at_ns;
	int step;
};

static int by_time(const void *a, const void *b)
{
	const struct turn *x = a, *y = b;

	if (x->at_ns != y->at_ns)
		return x->at_ns < y->at_ns ? -1 : 1;
	return x->step - y->step; /* ends first: touching segments do not overlap */
}

/* Time inside [FIRST_NS, LAST_NS) in which at least one thread worked; the most at once. */
static uint64_t covered(const struct rp_recording *r, uint64_t first_ns, uint64_t last_ns,
                        uint32_t *n_most)
{
	struct turn *turns = rp_memory_zero(2 * r->n_segments, sizeof(*turns));
	size_t n = 0;
	uint64_t sum_ns = 0, since_ns = 0;
	uint32_t now = 0;

	*n_most = 0;
	for (size_t i = 0; i < r->n_segments; i++) {
		const struct rp_rec_segment *s = &r->segments[i];
		uint64_t begin = s->begin_ns > first_ns ? s->begin_ns : first_ns;
		uint64_t end = s->end_ns < last_ns ? s->end_ns : last_ns;

		if (begin >= end)
			continue;
		turns[n++] = (struct turn){begin, 1};
		turns[n++] = (struct turn){end, -1};
	}
	qsort(turns, n, sizeof(*turns), by_time);
	for (size_t i = 0; i < n; i++) {
		if (now > 0)
			sum_ns += turns[i].at_ns - since_ns;
		since_ns = turns[i].at_ns;
		now += (uint32_t)turns[i].step;
		if (now > *n_most)
			*n_most = now;
	}
	free(turns);
	return sum_ns;
}

static bool lost_segments(const struct rp_recording *r)
{
	static const char name[] = "no_track";

	for (size_t i = 0; i < r->n_drops; i++)
		if (r->drops[i].name.n == sizeof(name) - 1 &&
		    memcmp(r->drops[i].name.at, name, sizeof(name) - 1) == 0)
			return true;
	return false;
}

void rp_times_account(const struct rp_recording *r, struct rp_account *account)
{
	uint64_t first_ns, last_ns;

	*account = (struct rp_account){0};
	rp_times_span(r, &first_ns, &last_ns);
	account->duration_ns = last_ns - first_ns;
	for (size_t i = 0; i < r->n_segments; i++) {
		account->cpu_ns += r->segments[i].cpu_ns;
		account->not_running_ns += r->segments[i].runq_ns;
		account->lane_ns += r->segments[i].end_ns - r->segments[i].begin_ns;
	}
	for (size_t i = 0; i < r->n_waits; i++)
		account->waits_ns += rp_times_waited(r->waits[i].span_ns, r->waits[i].cpu_ns);
	for (size_t i = 0; i < r->n_short_waits; i++)
		account->waits_ns +=
		        rp_times_waited(r->short_waits[i].span_ns, r->short_waits[i].cpu_ns);
	uint64_t covered_ns = covered(r, first_ns, last_ns, &account->n_parallel);

	account->idle_ns = account->duration_ns - covered_ns;
	uint64_t lane_ns = account->n_parallel > 1 ? account->lane_ns : covered_ns;

	/* A lost segment leaves a gap like a pause does: then no gap can be called idle. */
	if (lost_segments(r)) {
		account->unexplained_ns = (int64_t)account->idle_ns;
		account->idle_ns = 0;
	}
	account->unexplained_ns += (int64_t)lane_ns - (int64_t)account->cpu_ns -
	                           (int64_t)account->waits_ns - (int64_t)account->not_running_ns;
}
