/* times_segments.c - see times_segments.h.  Room: tools.  SPDX-License-Identifier: MIT */
#include "tools/times_segments.h"

#include <stdlib.h>
#include "tools/memory.h"
#include "tools/recording.h"

static int by_thread_and_begin(const void *a, const void *b, void *arg)
{
	const struct rp_rec_segment *segments = arg;
	const struct rp_rec_segment *x = &segments[*(const uint32_t *)a];
	const struct rp_rec_segment *y = &segments[*(const uint32_t *)b];

	if (x->thread != y->thread)
		return x->thread < y->thread ? -1 : 1;
	return x->begin_ns < y->begin_ns ? -1 : x->begin_ns > y->begin_ns;
}

uint32_t *rp_segments_sort(const struct rp_recording *r)
{
	uint32_t *sorted = rp_memory_zero(r->n_segments, sizeof(*sorted));

	for (size_t i = 0; i < r->n_segments; i++)
		sorted[i] = (uint32_t)i;
	qsort_r(sorted, r->n_segments, sizeof(*sorted), by_thread_and_begin, r->segments);
	return sorted;
}

size_t rp_segments_find(const struct rp_recording *r, const uint32_t *sorted, uint32_t thread,
                        uint64_t at_ns, uint32_t edge)
{
	size_t lo = 0, hi = r->n_segments;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		const struct rp_rec_segment *s = &r->segments[sorted[mid]];

		if (s->thread < thread || (s->thread == thread && s->begin_ns <= at_ns))
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo > 0) {
		const struct rp_rec_segment *before = &r->segments[sorted[lo - 1]];

		if (before->thread == thread && (at_ns <= before->end_ns || edge == RP_EDGE_END))
			return sorted[lo - 1];
	}
	if (edge == RP_EDGE_BEGIN && lo < r->n_segments && r->segments[sorted[lo]].thread == thread)
		return sorted[lo];
	return RP_SEGMENT_NONE;
}
