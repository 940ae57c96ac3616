/* lanes.c - see lanes.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/lanes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tools/memory.h"

static int by_lane_and_time(const void *a, const void *b)
{
	const struct rp_point *x = *(const struct rp_point *const *)a;
	const struct rp_point *y = *(const struct rp_point *const *)b;

	if (x->thread != y->thread)
		return x->thread < y->thread ? -1 : 1;
	if (x->at_ns != y->at_ns)
		return x->at_ns < y->at_ns ? -1 : 1;
	return x < y ? -1 : x > y;
}

/* The lanes among POINTS, which are those of SESSION. */
static void split(struct rp_lanes *lanes, uint32_t session, const struct rp_point **points,
                  size_t n)
{
	for (size_t at = 0, end; at < n; at = end) {
		for (end = at + 1; end < n && points[end]->thread == points[at]->thread;)
			end++;
		lanes->lanes = rp_memory_grow(lanes->lanes, lanes->n, sizeof(*lanes->lanes));
		lanes->lanes[lanes->n++] =
		        (struct rp_lane){session, points[at]->thread, points + at, end - at};
	}
}

void rp_lanes_make(struct rp_lanes *lanes, const struct rp_profile *p)
{
	*lanes = (struct rp_lanes){.points = rp_memory_zero(p->n_points, sizeof(*lanes->points))};
	for (size_t i = 0; i < p->n_points; i++)
		lanes->points[i] = &p->points[i];
	for (size_t s = 0; s < p->n_sessions; s++) {
		const struct rp_point **points = lanes->points + p->sessions[s].first_point;
		size_t n = p->sessions[s].n_points;

		qsort(points, n, sizeof(*points), by_lane_and_time);
		split(lanes, (uint32_t)s, points, n);
	}
}

void rp_lanes_free(struct rp_lanes *lanes)
{
	free(lanes->lanes);
	free(lanes->points);
	*lanes = (struct rp_lanes){0};
}

char *rp_lanes_name(const struct rp_profile *p, const struct rp_lane *lane)
{
	const struct rp_worker *w = &p->workers[lane->thread];
	const char *id = p->n_sessions > 1 ? p->sessions[lane->session].id : NULL;
	char *name;

	if (asprintf(&name, "%s %u%s%s", w->name, w->tid, id ? ", " : "", id ? id : "") < 0)
		abort();
	return name;
}
