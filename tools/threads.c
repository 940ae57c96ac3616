/* threads.c - see threads.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/threads.h"

#include <stdlib.h>

static int by_thread_and_time(const void *a, const void *b)
{
	const struct rp_point *x = *(const struct rp_point *const *)a;
	const struct rp_point *y = *(const struct rp_point *const *)b;

	if (x->thread != y->thread)
		return x->thread < y->thread ? -1 : 1;
	if (x->at_ns != y->at_ns)
		return x->at_ns < y->at_ns ? -1 : 1;
	return x < y ? -1 : x > y;
}

/* As the samples of one thread mostly are; a large session is not sorted for nothing. */
static bool is_sorted(const struct rp_point **points, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (by_thread_and_time(&points[i - 1], &points[i]) > 0)
			return false;
	return true;
}

/* The threads among POINTS, which are those of SESSION. */
static void split(struct rp_threads *all, uint32_t session, const struct rp_point **points,
                  size_t n)
{
	for (size_t at = 0, end; at < n; at = end) {
		for (end = at + 1; end < n && points[end]->thread == points[at]->thread;)
			end++;
		all->each = rp_memory_grow(all->each, all->n, sizeof(*all->each));
		all->each[all->n++] =
		        (struct rp_thread){session, points[at]->thread, points + at, end - at};
	}
}

void rp_threads_make(struct rp_threads *all, const struct rp_profile *p)
{
	*all = (struct rp_threads){.points = rp_memory_zero(p->n_points, sizeof(*all->points))};
	for (size_t i = 0; i < p->n_points; i++)
		all->points[i] = &p->points[i];
	for (size_t s = 0; s < p->n_sessions; s++) {
		const struct rp_point **points = all->points + p->sessions[s].first_point;
		size_t n = p->sessions[s].n_points;

		if (!is_sorted(points, n))
			qsort(points, n, sizeof(*points), by_thread_and_time);
		split(all, (uint32_t)s, points, n);
	}
}

void rp_threads_free(struct rp_threads *all)
{
	free(all->each);
	free(all->points);
	*all = (struct rp_threads){0};
}

const char *rp_threads_name(struct rp_heap *heap, const struct rp_profile *p,
                            const struct rp_thread *thread)
{
	const struct rp_worker *w = &p->workers[thread->thread];
	const char *id = p->n_sessions > 1 ? p->sessions[thread->session].id : "";

	return rp_heap_print(heap, "%s %u%s%s", w->name, w->tid, *id ? ", " : "", id);
}
