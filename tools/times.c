/* times.c - the time of every sample and wait; see times.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/times.h"

#include <stdlib.h>
#include <string.h>
#include "tools/memory.h"
#include "tools/recording.h"
#include "tools/times_segments.h"

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

/* What is known of one segment while its time is shared out. */
struct share {
	const struct rp_rec_segment *segment;
	uint64_t seen_cpu_ns;             /* as the samples and waits tell it */
	uint64_t wait_cpu_ns;             /* of that, the waits' */
	uint64_t running_ns;              /* sum of running_ns() over its ticks */
	uint64_t waited_ns;               /* spans of the waits inside */
	uint64_t interval_ns, longest_ns; /* periods between ticks: asked for, backed off to */
	uint32_t n_ticks, n_edges, edges_done;
	uint32_t n_prompt; /* ticks that found the thread running */
};

/* The longest period between two ticks: the interval, but where the shim backed off. */
static uint64_t longest_period(const struct rp_recording *r)
{
	static const char name[] = "interval_max_ns";

	for (size_t i = 0; i < r->n_counters; i++)
		if (r->counters[i].name.n == sizeof(name) - 1 &&
		    memcmp(r->counters[i].name.at, name, sizeof(name) - 1) == 0 &&
		    r->counters[i].value > r->request.interval_ns)
			return r->counters[i].value;
	return r->request.interval_ns;
}

/* A thread that was kept from running is told of its tick when it runs again, where it lost the
 * CPU: that is more often in a call that wakes others than by chance. */
static bool is_prompt(const struct rp_rec_sample *s, uint64_t interval_ns)
{
	return s->runq_ns < interval_ns / 8;
}

/* Enough of them to speak for all. */
static bool has_prompt(const struct share *share)
{
	return share->n_prompt * 4 >= share->n_ticks && share->n_prompt;
}

/* How much a tick says "here the thread was running": a whole period, or less when it had hardly
 * run since the tick before (it sat in a call that the shim does not see).  A tick comes at a
 * moment of no choosing, so the count of running ticks is fair to every function; the CPU clock
 * since the last tick is not: it also holds what ran before a wait, elsewhere.  Where the shim
 * backed off, periods differ, and only that clock tells which one it was. */
static uint64_t running_ns(const struct share *share, const struct rp_rec_sample *s)
{
	uint64_t most_ns = share->interval_ns, weighed_ns = s->weight * most_ns;

	if (s->edge != RP_EDGE_TICK || (has_prompt(share) && !is_prompt(s, most_ns)))
		return 0;
	if (s->cpu_ns < most_ns / 2)
		return s->cpu_ns * 2;
	if (weighed_ns > share->longest_ns)
		weighed_ns = share->longest_ns;
	if (weighed_ns > s->cpu_ns)
		weighed_ns = s->cpu_ns;
	return weighed_ns > most_ns ? weighed_ns : most_ns;
}

/* First pass: what each segment holds.  OF_SAMPLE and OF_WAIT remember where everything is. */
static void gather(const struct rp_recording *r, struct share *shares, struct share **of_sample,
                   struct share **of_wait)
{
	uint32_t *sorted = rp_segments_sort(r);

	for (size_t i = 0; i < r->n_samples; i++) {
		const struct rp_rec_sample *s = &r->samples[i];
		size_t segment = rp_segments_find(r, sorted, s->thread, s->at_ns, s->edge);
		struct share *share = segment == RP_SEGMENT_NONE ? NULL : &shares[segment];

		of_sample[i] = share;
		if (!share)
			continue;
		*(s->edge == RP_EDGE_TICK ? &share->n_ticks : &share->n_edges) += 1;
		share->n_prompt += s->edge == RP_EDGE_TICK && is_prompt(s, share->interval_ns);
	}
	for (size_t i = 0; i < r->n_samples; i++) {
		const struct rp_rec_sample *s = &r->samples[i];
		struct share *share = of_sample[i];

		if (!share)
			continue;
		share->seen_cpu_ns += s->cpu_ns;
		share->running_ns += running_ns(share, s);
	}
	for (size_t i = 0; i < r->n_waits; i++) {
		const struct rp_rec_wait *w = &r->waits[i];
		size_t segment = rp_segments_find(r, sorted, w->thread, w->at_ns, RP_EDGE_TICK);
		struct share *share = segment == RP_SEGMENT_NONE ? NULL : &shares[segment];

		of_wait[i] = share;
		if (!share)
			continue;
		share->seen_cpu_ns += w->cpu_ns;
		share->wait_cpu_ns += w->cpu_ns;
		share->waited_ns += w->span_ns;
	}
	free(sorted);
}

/* CPU_NS of a sample or wait on the scale of its segment's exact clock.  A wait's own CPU was
 * read from that clock; it is scaled only where no tick ran and everything must share. */
static uint64_t scaled_cpu(const struct share *share, uint64_t cpu_ns)
{
	if (!share || share->seen_cpu_ns == 0 || share->running_ns > 0)
		return cpu_ns;
	return (uint64_t)((double)cpu_ns * (double)share->segment->cpu_ns /
	                  (double)share->seen_cpu_ns);
}

static uint64_t sample_cpu(const struct share *share, const struct rp_rec_sample *s)
{
	if (!share || share->running_ns == 0)
		return scaled_cpu(share, s->cpu_ns);
	uint64_t cpu_ns = share->segment->cpu_ns;
	uint64_t left_ns = cpu_ns > share->wait_cpu_ns ? cpu_ns - share->wait_cpu_ns : 0;

	return (uint64_t)((double)left_ns * (double)running_ns(share, s) /
	                  (double)share->running_ns);
}

static struct rp_time time_of_sample(const struct rp_recording *r, struct share *share,
                                     const struct rp_rec_sample *s)
{
	struct rp_time t = {s->weight * r->request.interval_ns, sample_cpu(share, s)};

	if (!share || share->n_ticks > 0 || s->edge == RP_EDGE_TICK)
		return t;
	uint64_t span_ns = share->segment->end_ns - share->segment->begin_ns;
	uint64_t left_ns = span_ns > share->waited_ns ? span_ns - share->waited_ns : 0;

	/* n-th part as a difference of two roundings, so that the parts sum up to the whole. */
	t.wall_ns = left_ns * (share->edges_done + 1) / share->n_edges -
	            left_ns * share->edges_done / share->n_edges;
	if (share->seen_cpu_ns == 0)
		t.cpu_ns = share->segment->cpu_ns * (share->edges_done + 1) / share->n_edges -
		           share->segment->cpu_ns * share->edges_done / share->n_edges;
	share->edges_done++;
	return t;
}

size_t rp_times_charge(const struct rp_recording *r, struct rp_time *samples, struct rp_time *waits)
{
	struct share *shares = rp_memory_zero(r->n_segments, sizeof(*shares));
	struct share **of_sample = rp_memory_zero(r->n_samples, sizeof(struct share *));
	struct share **of_wait = rp_memory_zero(r->n_waits, sizeof(struct share *));
	uint64_t longest_ns = longest_period(r);
	size_t n_without_tick = 0;

	for (size_t i = 0; i < r->n_segments; i++)
		shares[i] = (struct share){.segment = &r->segments[i],
		                           .interval_ns = r->request.interval_ns,
		                           .longest_ns = longest_ns};
	gather(r, shares, of_sample, of_wait);
	for (size_t i = 0; i < r->n_samples; i++)
		samples[i] = time_of_sample(r, of_sample[i], &r->samples[i]);
	for (size_t i = 0; i < r->n_waits; i++) {
		uint64_t cpu_ns = r->waits[i].cpu_ns, span_ns = r->waits[i].span_ns;

		waits[i].wall_ns = span_ns - rp_times_waited(span_ns, cpu_ns);
		waits[i].cpu_ns = scaled_cpu(of_wait[i], cpu_ns);
	}
	for (size_t i = 0; i < r->n_segments; i++)
		n_without_tick += shares[i].n_ticks == 0 && shares[i].n_edges > 0;
	free(shares);
	free(of_sample);
	free(of_wait);
	return n_without_tick;
}
