/* account_wall.c - every moment of the request goes to one part; see account_work.h.
 *
 * Room: tools.  A sweep over all edges of segments, waits and stalls: in between nothing begins
 * or ends, and what a thread did there is its segment's mean, or its wait.
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include "tools/account_work.h"
#include "tools/memory.h"
#include "tools/times_segments.h"

enum mark_kind { MARK_SEGMENT, MARK_WAIT, MARK_STALL, MARK_AWAIT };

struct mark {
	uint64_t at_ns;
	int step;
	enum mark_kind kind;
	size_t which;
};

struct sweep {
	const struct rp_works *w;
	struct mark *marks;
	size_t n_marks;
	size_t *active, n_active; /* segments */
	size_t *waiting;          /* the wait of each segment, plus one */
	unsigned stalls[2];       /* open now, by way */
	unsigned awaits;          /* open now */
	double away_ns;           /* nobody worked, but somebody else was asked */
	double parts[RP_N_PARTS], client[2];
};

static int by_time(const void *a, const void *b)
{
	const struct mark *x = a, *y = b;

	if (x->at_ns != y->at_ns)
		return x->at_ns < y->at_ns ? -1 : 1;
	if (x->step != y->step)
		return x->step - y->step; /* ends first */
	return x->kind == y->kind ? (x->which > y->which) - (x->which < y->which)
	                          : (int)x->kind - (int)y->kind;
}

static void mark(struct sweep *s, enum mark_kind kind, size_t which, uint64_t begin_ns,
                 uint64_t end_ns)
{
	if (end_ns <= begin_ns)
		return;
	s->marks[s->n_marks++] = (struct mark){begin_ns, 1, kind, which};
	s->marks[s->n_marks++] = (struct mark){end_ns, -1, kind, which};
}

static void mark_all(struct sweep *s)
{
	const struct rp_recording *r = s->w->r;

	for (size_t i = 0; i < r->n_segments; i++)
		mark(s, MARK_SEGMENT, i, r->segments[i].begin_ns, r->segments[i].end_ns);
	for (size_t i = 0; i < r->n_waits; i++)
		if (s->w->segment[i] != RP_SEGMENT_NONE)
			mark(s, MARK_WAIT, i, r->waits[i].at_ns,
			     r->waits[i].at_ns + r->waits[i].span_ns);
	for (size_t i = 0; i < r->n_stalls; i++)
		mark(s, MARK_STALL, i, r->stalls[i].begin_ns,
		     r->stalls[i].begin_ns + r->stalls[i].span_ns);
	for (size_t i = 0; i < r->n_awaits; i++)
		mark(s, MARK_AWAIT, i, r->awaits[i].at_ns,
		     r->awaits[i].at_ns + r->awaits[i].span_ns);
	qsort(s->marks, s->n_marks, sizeof(*s->marks), by_time);
}

static void step(struct sweep *s, const struct mark *m)
{
	size_t i = 0;

	if (m->kind == MARK_STALL) {
		s->stalls[s->w->r->stalls[m->which].way == RP_STALL_READS] += (unsigned)m->step;
	} else if (m->kind == MARK_AWAIT) {
		s->awaits += (unsigned)m->step;
	} else if (m->kind == MARK_WAIT) {
		s->waiting[s->w->segment[m->which]] = m->step > 0 ? m->which + 1 : 0;
	} else if (m->step > 0) {
		s->active[s->n_active++] = m->which;
	} else {
		while (i < s->n_active && s->active[i] != m->which)
			i++;
		if (i < s->n_active)
			s->active[i] = s->active[--s->n_active];
	}
}

/* Of what a segment does now, how much is on CPU, from 0 to 1. */
static double busy(const struct sweep *s, size_t segment)
{
	const struct rp_work *k = &s->w->works[segment];

	if (s->waiting[segment]) {
		const struct rp_rec_wait *x = &s->w->r->waits[s->waiting[segment] - 1];

		return x->span_ns ? (double)x->cpu_ns / (double)x->span_ns : 0;
	}
	return k->running_ns > 0 ? k->cpu_ns / k->running_ns : 0;
}

/* The busiest: on CPU most; of those that are not, one that waits for nothing. */
static size_t busiest(const struct sweep *s)
{
	size_t best = s->active[0];
	double best_busy = -1;

	for (size_t i = 0; i < s->n_active; i++) {
		size_t segment = s->active[i];
		double is_busy = busy(s, segment) + (s->waiting[segment] ? 0 : 1e-9);

		if (is_busy > best_busy) {
			best = segment;
			best_busy = is_busy;
		}
	}
	return best;
}

static void add_wait(struct sweep *s, size_t wait, double span_ns)
{
	const struct rp_rec_wait *x = &s->w->r->waits[wait];
	double share = span_ns / (double)x->span_ns, delay_ns = s->w->delay_ns[wait] * share;
	double cpu_ns = (double)x->cpu_ns * share, waited_ns = span_ns - cpu_ns - delay_ns;
	int way = rp_account_client_way(s->w->r, x);

	if (waited_ns < 0)
		waited_ns = 0;
	s->parts[RP_PART_CPU] += cpu_ns;
	s->parts[RP_PART_NOT_RUNNING] += delay_ns;
	s->parts[way < 0 ? RP_PART_WAITS : RP_PART_CLIENT] += waited_ns;
	if (way >= 0)
		s->client[way] += waited_ns;
}

static void add(struct sweep *s, double span_ns)
{
	if (!s->n_active) {
		int way = s->stalls[RP_STALL_READS] ? RP_STALL_READS : RP_STALL_SENDS;
		bool client = s->stalls[way];

		if (client) {
			s->parts[RP_PART_CLIENT] += span_ns;
			s->client[way] += span_ns;
		} else if (s->awaits) {
			s->parts[RP_PART_WAITS] += span_ns;
			s->away_ns += span_ns;
		} else {
			s->parts[RP_PART_IDLE] += span_ns;
		}
		return;
	}
	size_t segment = busiest(s);
	const struct rp_work *k = &s->w->works[segment];

	if (s->waiting[segment]) {
		add_wait(s, s->waiting[segment] - 1, span_ns);
	} else if (k->unwatched) {
		s->parts[RP_PART_UNWATCHED] += span_ns;
	} else if (k->running_ns > 0) {
		double share = span_ns / k->running_ns;

		s->parts[RP_PART_CPU] += k->cpu_ns * share;
		s->parts[RP_PART_NOT_RUNNING] += k->delay_ns * share;
		s->parts[RP_PART_WAITS] += k->short_ns * share;
	}
}

static uint64_t within(uint64_t at_ns, uint64_t first_ns, uint64_t last_ns)
{
	return at_ns < first_ns ? first_ns : at_ns > last_ns ? last_ns : at_ns;
}

void rp_account_wall(struct rp_account *account, const struct rp_works *w, uint64_t first_ns,
                     uint64_t last_ns)
{
	const struct rp_recording *r = w->r;
	struct sweep s = {.w = w};
	uint64_t now_ns = first_ns;

	s.marks = rp_memory_zero(2 * (r->n_segments + r->n_waits + r->n_stalls + r->n_awaits),
	                         sizeof(*s.marks));
	s.active = rp_memory_zero(r->n_segments, sizeof(*s.active));
	s.waiting = rp_memory_zero(r->n_segments, sizeof(*s.waiting));
	mark_all(&s);
	for (size_t i = 0; i < s.n_marks; i++) {
		uint64_t at_ns = within(s.marks[i].at_ns, first_ns, last_ns);

		if (at_ns > now_ns)
			add(&s, (double)(at_ns - now_ns));
		now_ns = at_ns > now_ns ? at_ns : now_ns;
		step(&s, &s.marks[i]);
	}
	if (last_ns > now_ns)
		add(&s, (double)(last_ns - now_ns));
	account->wall.unexplained_ns = (int64_t)account->duration_ns;
	for (unsigned i = 0; i < RP_N_PARTS; i++) {
		account->wall.ns[i] = (uint64_t)(s.parts[i] + 0.5);
		account->wall.unexplained_ns -= (int64_t)account->wall.ns[i];
	}
	account->upstream_ns = (uint64_t)s.away_ns;
	account->client_sends_ns = (uint64_t)s.client[RP_STALL_SENDS];
	account->client_reads_ns = (uint64_t)s.client[RP_STALL_READS];
	free(s.marks);
	free(s.active);
	free(s.waiting);
}
