/* page_lanes.c - the columns with a time in them: points, stretches, waits, hand-offs; see
 * page_parts.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include "tools/json.h"
#include "tools/page_parts.h"
#include "tools/threads.h"

/* More points than this are summed by stack, without their moments: a page shall open at once. */
enum { MOST_POINTS = 100000 };

static const char kinds[] = {
        [RP_POINT_TICK] = 't',
        [RP_POINT_EDGE] = 'e',
        [RP_POINT_WAIT] = 'w',
        [RP_POINT_IN_WAIT] = 'i',
};

/* What stands in a lane: a point, or the sum of several. */
struct item {
	uint32_t node;
	enum rp_point_kind kind;
	int64_t at_ns; /* since the first byte */
	uint64_t wall_ns, cpu_ns;
	size_t count;
};

struct lane {
	uint32_t session, thread;
	struct item *items;
	size_t n;
	struct rp_index index; /* of sums */
};

static bool is_summed(const struct rp_page_parts *parts)
{
	return parts->p->n_points > MOST_POINTS;
}

static void append(struct lane *lane, const struct item *item)
{
	lane->items = rp_memory_grow(lane->items, lane->n, sizeof(*lane->items));
	lane->items[lane->n++] = *item;
}

static bool same_item(const void *owner, uint32_t number, const void *key)
{
	const struct item *a = &((const struct lane *)owner)->items[number], *b = key;

	return a->node == b->node && a->kind == b->kind;
}

static void add_to_sums(struct lane *lane, const struct item *item)
{
	const uint32_t what[] = {item->node, item->kind};
	bool fresh;
	uint32_t at = rp_index_of(&lane->index, rp_memory_hash(0, what, sizeof(what)), same_item,
	                          lane, item, &fresh);

	if (fresh) {
		append(lane, item);
		return;
	}
	lane->items[at].wall_ns += item->wall_ns;
	lane->items[at].cpu_ns += item->cpu_ns;
	lane->items[at].count++;
}

static void add(struct rp_page_parts *parts, struct lane *lane, const struct rp_thread *thread)
{
	uint64_t first_ns = parts->p->sessions[thread->session].first_ns;

	for (size_t i = 0; i < thread->n; i++) {
		const struct rp_point *x = thread->points[i];
		struct item item = {rp_page_node_of(&parts->nodes, x),
		                    x->kind,
		                    (int64_t)(x->at_ns - first_ns),
		                    x->wall_ns,
		                    x->cpu_ns,
		                    1};

		if (is_summed(parts))
			add_to_sums(lane, &item);
		else
			append(lane, &item);
	}
}

/* A lane for each thread of each session; of sums one for each thread and side of the diff. */
static struct lane *make_lanes(struct rp_page_parts *parts, size_t *n)
{
	struct rp_threads all;
	size_t *of = rp_memory_zero(2 * parts->p->n_workers, sizeof(*of)); /* + 1 */

	rp_threads_make(&all, parts->p);
	struct lane *lanes = rp_memory_zero(all.n, sizeof(*lanes));

	*n = 0;
	for (size_t i = 0; i < all.n; i++) {
		const struct rp_thread *t = &all.each[i];
		size_t *at = &of[2 * t->thread + (t->session < parts->how->n_before)];

		if (!*at || !is_summed(parts)) {
			lanes[*n] = (struct lane){.session = t->session, .thread = t->thread};
			*at = ++*n;
		}
		add(parts, &lanes[*at - 1], t);
	}
	rp_threads_free(&all);
	free(of);
	return lanes;
}

static void put_lane(struct rp_page_parts *parts, const struct lane *lane, int64_t interval_ns)
{
	rp_page_column(parts, "node", false);
	for (size_t i = 0; i < lane->n; i++)
		rp_page_number(parts, i, lane->items[i].node);
	rp_page_column_end(parts);
	rp_page_column(parts, "at", false); /* since the one before */
	for (size_t i = 0; i < lane->n; i++)
		rp_page_number(parts, i, lane->items[i].at_ns - (i ? lane->items[i - 1].at_ns : 0));
	rp_page_column_end(parts);
	rp_page_column(parts, "wall", false); /* less the interval: mostly 0 */
	for (size_t i = 0; i < lane->n; i++)
		rp_page_number(parts, i, (int64_t)lane->items[i].wall_ns - interval_ns);
	rp_page_column_end(parts);
	rp_page_column(parts, "cpu", false);
	for (size_t i = 0; i < lane->n; i++)
		rp_page_number(parts, i, (int64_t)lane->items[i].cpu_ns);
	rp_page_column_end(parts);
	if (is_summed(parts)) {
		rp_page_column(parts, "count", false);
		for (size_t i = 0; i < lane->n; i++)
			rp_page_number(parts, i, (int64_t)lane->items[i].count);
		rp_page_column_end(parts);
	}
	rp_page_key(parts, "kinds", false);
	fputc('"', parts->out);
	for (size_t i = 0; i < lane->n; i++)
		fputc(kinds[lane->items[i].kind], parts->out);
	fputc('"', parts->out);
}

void rp_page_lanes(struct rp_page_parts *parts)
{
	size_t n;
	struct lane *lanes = make_lanes(parts, &n);

	rp_page_key(parts, "summed", false);
	fputs(is_summed(parts) ? "true" : "false", parts->out);
	rp_page_column(parts, "lanes", false);
	for (size_t i = 0; i < n; i++) {
		const struct rp_session *s = &parts->p->sessions[lanes[i].session];

		fprintf(parts->out, "%s{\"session\":%u,\"thread\":%u", i ? ",\n" : "\n",
		        lanes[i].session, lanes[i].thread);
		put_lane(parts, &lanes[i], (int64_t)s->interval_ns);
		fputc('}', parts->out);
		rp_index_free(&lanes[i].index);
		free(lanes[i].items);
	}
	rp_page_column_end(parts);
	free(lanes);
}

void rp_page_stretches(struct rp_page_parts *parts)
{
	rp_page_column(parts, "stretches", false);
	for (size_t i = 0; i < parts->p->n_stretches; i++) {
		const struct rp_stretch *s = &parts->p->stretches[i];
		uint64_t first_ns = parts->p->sessions[s->session].first_ns;

		fprintf(parts->out, "%s[%u,%u,%lld,%lld,%llu]", i ? "," : "", s->session, s->thread,
		        (long long)(s->begin_ns - first_ns), (long long)(s->end_ns - first_ns),
		        (unsigned long long)s->cpu_ns);
	}
	rp_page_column_end(parts);
}

static void put_holder(struct rp_page_parts *parts, const struct rp_holder *h)
{
	long long node = -1;

	if (h->chain)
		node = rp_page_node_of_chain(&parts->nodes, h->chain - 1);
	fprintf(parts->out, ",%u,%lld,%u,%u", rp_page_text(parts, h->words), node, h->tid,
	        rp_page_text(parts, h->request));
}

static void put_wait(struct rp_page_parts *parts, const struct rp_wait *w,
                     const struct rp_point *point, uint32_t session)
{
	uint64_t first_ns = parts->p->sessions[session].first_ns;

	fprintf(parts->out, "[%u,%u,%lld,%llu,%llu,%u,%u,%u", session, w->thread,
	        (long long)(w->at_ns - first_ns), (unsigned long long)w->span_ns,
	        (unsigned long long)w->cpu_ns, rp_page_text(parts, w->kind),
	        rp_page_text(parts, w->object), rp_page_node_of(&parts->nodes, point));
	if (w->holder.words)
		put_holder(parts, &w->holder);
	fputc(']', parts->out);
}

/* Waits and the points of that kind are made together, in one order. */
void rp_page_waits(struct rp_page_parts *parts)
{
	const struct rp_profile *p = parts->p;
	size_t at = 0;

	rp_page_column(parts, "waits", false);
	for (size_t s = 0; s < p->n_sessions; s++)
		for (size_t i = 0; i < p->sessions[s].n_points; i++) {
			const struct rp_point *x = &p->points[p->sessions[s].first_point + i];

			if (x->kind != RP_POINT_WAIT || at == p->n_waits)
				continue;
			fputs(at ? ",\n" : "\n", parts->out);
			put_wait(parts, &p->waits[at++], x, (uint32_t)s);
		}
	rp_page_column_end(parts);
}

void rp_page_handoffs(struct rp_page_parts *parts)
{
	const struct rp_profile *p = parts->p;

	rp_page_column(parts, "handoffs", false);
	for (size_t i = 0; i < p->n_passages; i++) {
		const struct rp_passage *h = &p->passages[i];
		uint64_t first_ns = p->sessions[h->session].first_ns;

		fprintf(parts->out, "%s[%u,%u,%u,%u,%lld,%lld]", i ? "," : "", h->session,
		        h->thread, h->from_tid, rp_page_text(parts, h->by),
		        (long long)(h->given_ns - first_ns), (long long)(h->taken_ns - first_ns));
	}
	rp_page_column_end(parts);
}
