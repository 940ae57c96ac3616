/* account_work.c - see account_work.h.
 *
 * Room: tools.  The scheduler tells a segment's whole run delay, the samples that part of it which
 * lay between waits; the rest was inside the waits: over, but without a CPU.
 * SPDX-License-Identifier: MIT
 */
#include "tools/account_work.h"

#include <stdlib.h>
#include "tools/memory.h"
#include "tools/times.h"
#include "tools/times_segments.h"

static double at_least_0(double x)
{
	return x > 0 ? x : 0;
}

/* Run delay between waits, as the samples saw it; waits are taken out of their segments. */
static void gather(struct rp_works *w)
{
	const struct rp_recording *r = w->r;
	uint32_t *sorted = rp_segments_sort(r);

	for (size_t i = 0; i < r->n_samples; i++) {
		const struct rp_rec_sample *s = &r->samples[i];
		size_t at = rp_segments_find(r, sorted, s->thread, s->at_ns, s->edge);

		if (at != RP_SEGMENT_NONE)
			w->works[at].delay_ns += (double)s->runq_ns;
	}
	for (size_t i = 0; i < r->n_waits; i++) {
		const struct rp_rec_wait *x = &r->waits[i];
		size_t at = rp_segments_find(r, sorted, x->thread, x->at_ns, RP_EDGE_TICK);

		w->segment[i] = at;
		if (at == RP_SEGMENT_NONE)
			continue;
		w->works[at].running_ns -= (double)x->span_ns;
		w->works[at].cpu_ns -= (double)x->cpu_ns;
	}
	free(sorted);
}

/* LEFT_NS of each segment goes to its waits in equal shares, since each of them is one awakening;
 * no wait takes more than it waited. */
static void share_delays(struct rp_works *w, double *left_ns)
{
	const struct rp_recording *r = w->r;
	size_t *open = rp_memory_zero(r->n_segments, sizeof(*open));

	for (int round = 0; round < 4; round++) {
		for (size_t i = 0; i < r->n_segments; i++)
			open[i] = 0;
		for (int give = 0; give < 2; give++) {
			for (size_t i = 0; i < r->n_waits; i++) {
				const struct rp_rec_wait *x = &r->waits[i];
				size_t at = w->segment[i];
				double room = (double)rp_times_waited(x->span_ns, x->cpu_ns) -
				              w->delay_ns[i];

				if (at == RP_SEGMENT_NONE || room <= 0 || left_ns[at] <= 0)
					continue;
				if (!give) {
					open[at]++;
					continue;
				}
				double share = left_ns[at] / (double)open[at]--;

				share = share < room ? share : room;
				w->delay_ns[i] += share;
				left_ns[at] -= share;
				w->works[at].wait_delay_ns += share;
			}
		}
	}
	free(open);
}

/* Short waits were summed for the whole request: they lie in what is not yet known. */
static void share_shorts(struct rp_works *w)
{
	const struct rp_recording *r = w->r;
	double short_ns = 0, gaps_ns = 0, running_ns = 0;

	for (size_t i = 0; i < r->n_short_waits; i++)
		short_ns += (double)rp_times_waited(r->short_waits[i].span_ns,
		                                    r->short_waits[i].cpu_ns);
	for (size_t i = 0; i < r->n_segments; i++) {
		const struct rp_work *k = &w->works[i];

		if (k->unwatched)
			continue;
		gaps_ns += at_least_0(k->running_ns - k->cpu_ns - k->delay_ns);
		running_ns += k->running_ns;
	}
	for (size_t i = 0; i < r->n_segments; i++) {
		struct rp_work *k = &w->works[i];

		if (k->unwatched)
			continue;
		if (gaps_ns > 0)
			k->short_ns = short_ns / gaps_ns *
			              at_least_0(k->running_ns - k->cpu_ns - k->delay_ns);
		else if (running_ns > 0)
			k->short_ns = short_ns / running_ns * k->running_ns;
	}
}

void rp_works_make(struct rp_works *w, const struct rp_recording *r)
{
	double *left_ns = rp_memory_zero(r->n_segments, sizeof(*left_ns));

	w->r = r;
	w->works = rp_memory_zero(r->n_segments, sizeof(*w->works));
	w->segment = rp_memory_zero(r->n_waits, sizeof(*w->segment));
	w->delay_ns = rp_memory_zero(r->n_waits, sizeof(*w->delay_ns));
	for (size_t i = 0; i < r->n_segments; i++) {
		w->works[i].running_ns = (double)(r->segments[i].end_ns - r->segments[i].begin_ns);
		w->works[i].cpu_ns = (double)r->segments[i].cpu_ns;
		w->works[i].unwatched = r->unwatched[i];
	}
	gather(w);
	for (size_t i = 0; i < r->n_segments; i++)
		left_ns[i] = at_least_0((double)r->segments[i].runq_ns - w->works[i].delay_ns);
	share_delays(w, left_ns);
	for (size_t i = 0; i < r->n_segments; i++) {
		w->works[i].running_ns = at_least_0(w->works[i].running_ns);
		w->works[i].cpu_ns = at_least_0(w->works[i].cpu_ns);
		w->works[i].delay_ns += left_ns[i];
	}
	share_shorts(w);
	free(left_ns);
}

void rp_works_free(struct rp_works *w)
{
	free(w->works);
	free(w->segment);
	free(w->delay_ns);
}
