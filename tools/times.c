/* times.c - the time of every sample and wait; see times.h.  The account is account.c.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/times.h"

#include <stdlib.h>
#include <string.h>
#include "tools/memory.h"
#include "tools/recording.h"

/* What is known of one segment while its time is shared out. */
struct share {
	const struct rp_rec_segment *segment;
	uint64_t seen_cpu_ns;             /* as the samples and waits tell it */
	uint64_t wait_cpu_ns;             /* of that, the waits' */
	uint64_t running_ns;              /* sum of running_ns() over its ticks */
	uint64_t waited_ns;               /* spans of the waits inside */
	uint64_t interval_ns, longest_ns; /* periods between ticks: asked for, backed off to */
	uint32_t n_ticks, n_edges, edges_done;
};

static int by_thread_and_begin(const void *a, const void *b)
{
	const struct rp_rec_segment *x = ((const struct share *)a)->segment;
	const struct rp_rec_segment *y = ((const struct share *)b)->segment;

	if (x->thread != y->thread)
		return x->thread < y->thread ? -1 : 1;
	return x->begin_ns < y->begin_ns ? -1 : x->begin_ns > y->begin_ns;
}

/* The share of THREAD that holds AT_NS.  An edge may lie a moment outside of its segment: the
 * clock is read twice. */
static struct share *find(struct share *shares, size_t n, uint32_t thread, uint64_t at_ns,
                          uint32_t edge)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		const struct rp_rec_segment *s = shares[mid].segment;

		if (s->thread < thread || (s->thread == thread && s->begin_ns <= at_ns))
			lo = mid + 1;
		else
			hi = mid;
	}
	struct share *before =
	        lo > 0 && shares[lo - 1].segment->thread == thread ? &shares[lo - 1] : NULL;

	if (before && (at_ns <= before->segment->end_ns || edge == RP_EDGE_END))
		return before;
	if (edge == RP_EDGE_BEGIN && lo < n && shares[lo].segment->thread == thread)
		return &shares[lo];
	return NULL;
}

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

/* How much a tick says "here the thread was running": a whole period, or less when it had hardly
 * run since the tick before (it sat in a call that the shim does not see).  A tick comes at a
 * moment of no choosing, so the count of running ticks is fair to every function; the CPU clock
 * since the last tick is not: it also holds what ran before a wait, elsewhere.  Where the shim
 * backed off, periods differ, and only that clock tells which one it was. */
static uint64_t running_ns(const struct share *share, const struct rp_rec_sample *s)
{
	uint64_t most_ns = share->interval_ns, weighed_ns = s->weight * most_ns;

	if (s->edge != RP_EDGE_TICK)
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
	for (size_t i = 0; i < r->n_samples; i++) {
		const struct rp_rec_sample *s = &r->samples[i];
		struct share *share = find(shares, r->n_segments, s->thread, s->at_ns, s->edge);

		of_sample[i] = share;
		if (!share)
			continue;
		share->seen_cpu_ns += s->cpu_ns;
		share->running_ns += running_ns(share, s);
		*(s->edge == RP_EDGE_TICK ? &share->n_ticks : &share->n_edges) += 1;
	}
	for (size_t i = 0; i < r->n_waits; i++) {
		const struct rp_rec_wait *w = &r->waits[i];
		struct share *share =
		        find(shares, r->n_segments, w->thread, w->at_ns, RP_EDGE_TICK);

		of_wait[i] = share;
		if (!share)
			continue;
		share->seen_cpu_ns += w->cpu_ns;
		share->wait_cpu_ns += w->cpu_ns;
		share->waited_ns += w->span_ns;
	}
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
	qsort(shares, r->n_segments, sizeof(*shares), by_thread_and_begin);
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
