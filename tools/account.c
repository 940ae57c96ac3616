/* account.c - the account of a request and of its threads; see account.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/account.h"

#include <stdlib.h>
#include <string.h>
#include "tools/account_work.h"
#include "tools/memory.h"
#include "tools/times.h"

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

static void sum_threads(const struct rp_works *w, struct rp_account *account)
{
	const struct rp_recording *r = w->r;
	double delay_ns = 0;

	for (size_t i = 0; i < r->n_segments; i++) {
		account->cpu_ns += r->segments[i].cpu_ns;
		account->not_running_ns += r->segments[i].runq_ns;
		account->lane_ns += r->segments[i].end_ns - r->segments[i].begin_ns;
		if (w->works[i].unwatched)
			account->unwatched_ns += (uint64_t)w->works[i].running_ns;
		delay_ns += w->works[i].wait_delay_ns;
	}
	for (size_t i = 0; i < r->n_waits; i++)
		account->waits_ns += rp_times_waited(r->waits[i].span_ns, r->waits[i].cpu_ns);
	account->waits_ns -= (uint64_t)delay_ns;
	for (size_t i = 0; i < r->n_short_waits; i++)
		account->waits_ns +=
		        rp_times_waited(r->short_waits[i].span_ns, r->short_waits[i].cpu_ns);
}

/* A lost segment leaves a gap like a pause does: then no gap can be called idle. */
static void disown_gaps(struct rp_account *account)
{
	account->unexplained_ns = (int64_t)account->idle_ns;
	account->idle_ns = 0;
	account->wall.unexplained_ns += (int64_t)account->wall.ns[RP_PART_IDLE];
	account->wall.ns[RP_PART_IDLE] = 0;
}

void rp_account_make(const struct rp_recording *r, struct rp_account *account)
{
	uint64_t first_ns, last_ns;
	struct rp_works works;

	*account = (struct rp_account){0};
	rp_times_span(r, &first_ns, &last_ns);
	account->duration_ns = last_ns - first_ns;
	rp_works_make(&works, r);
	sum_threads(&works, account);
	rp_account_wall(account, &works, first_ns, last_ns);
	rp_works_free(&works);
	uint64_t covered_ns = covered(r, first_ns, last_ns, &account->n_parallel);

	account->idle_ns = account->duration_ns - covered_ns - account->upstream_ns;
	uint64_t lane_ns = account->n_parallel > 1 ? account->lane_ns : covered_ns;

	if (lost_segments(r))
		disown_gaps(account);
	account->unexplained_ns += (int64_t)lane_ns - (int64_t)account->cpu_ns -
	                           (int64_t)account->waits_ns - (int64_t)account->not_running_ns -
	                           (int64_t)account->unwatched_ns;
	account->waits_ns += account->upstream_ns;
}
