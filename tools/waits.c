/* waits.c - see waits.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/waits.h"

#include <stdlib.h>
#include <string.h>
#include "tools/memory.h"
#include "tools/times.h"

/* What is sorted: the profile, and the position of a wait in it. */
struct item {
	const struct rp_profile *p;
	size_t wait;
};

typedef int order(const struct item *a, const struct item *b);

uint32_t rp_waits_stack(const struct rp_profile *p, const struct rp_wait *w,
                        const uint32_t **functions)
{
	*functions = p->chains[w->chain].functions;
	return p->chains[w->chain].n - 1;
}

static const struct rp_wait *wait_of(const struct item *i)
{
	return &i->p->waits[i->wait];
}

static int by_kind(const struct item *a, const struct item *b)
{
	return strcmp(wait_of(a)->kind, wait_of(b)->kind);
}

static int by_object(const struct item *a, const struct item *b)
{
	int diff = by_kind(a, b);

	return diff ? diff : strcmp(wait_of(a)->object, wait_of(b)->object);
}

/* Two waits of one stack may end in different pseudo frames: who held the lock is in the name. */
static int by_stack(const struct item *a, const struct item *b)
{
	const uint32_t *x, *y;
	uint32_t n_x = rp_waits_stack(a->p, wait_of(a), &x);
	uint32_t n_y = rp_waits_stack(b->p, wait_of(b), &y);

	for (uint32_t i = 0; i < n_x && i < n_y; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return (n_x > n_y) - (n_x < n_y);
}

/* One holder may have let go in several places. */
static int by_holder(const struct item *a, const struct item *b)
{
	const struct rp_holder *x = &wait_of(a)->holder, *y = &wait_of(b)->holder;
	int diff = strcmp(x->words ? x->words : "", y->words ? y->words : "");

	return diff ? diff : (x->chain > y->chain) - (x->chain < y->chain);
}

static order *const orders[] = {
        [RP_WAITS_OBJECT] = by_object,
        [RP_WAITS_KIND] = by_kind,
        [RP_WAITS_STACK] = by_stack,
        [RP_WAITS_HOLDER] = by_holder,
};

/* qsort has no place for it; set before each sort. */
static order *sorted_by;

static int in_order(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int diff = sorted_by(x, y);

	return diff ? diff : (x->wait > y->wait) - (x->wait < y->wait);
}

static uint64_t waited_ns(const struct item *i)
{
	return rp_times_waited(wait_of(i)->span_ns, wait_of(i)->cpu_ns);
}

static void add(struct rp_waits_sum *sum, const struct item *i)
{
	uint64_t ns = waited_ns(i);

	if (sum->n == 0 || i->wait < sum->first)
		sum->first = i->wait;
	sum->n++;
	sum->total_ns += ns;
	sum->longest_ns = ns > sum->longest_ns ? ns : sum->longest_ns;
}

static int most_first(const void *a, const void *b)
{
	const struct rp_waits_sum *x = a, *y = b;

	if (x->total_ns != y->total_ns)
		return x->total_ns > y->total_ns ? -1 : 1;
	return (x->first > y->first) - (x->first < y->first);
}

/* The end of the run of alike ITEMS that begins at FROM. */
static size_t run_end(const struct item *items, size_t n, size_t from, order *same)
{
	size_t to = from + 1;

	while (to < n && same(&items[from], &items[to]) == 0)
		to++;
	return to;
}

/* The sums of ITEMS by BY, most time first. */
static struct rp_waits_sum *sums(struct item *items, size_t n, enum rp_waits_by by, size_t *n_sums)
{
	struct rp_waits_sum *all = rp_memory_zero(n, sizeof(*all));

	*n_sums = 0;
	sorted_by = orders[by];
	qsort(items, n, sizeof(*items), in_order);
	for (size_t from = 0, to; from < n; from = to) {
		to = run_end(items, n, from, orders[by]);
		for (size_t i = from; i < to; i++)
			add(&all[*n_sums], &items[i]);
		++*n_sums;
	}
	qsort(all, *n_sums, sizeof(*all), most_first);
	return all;
}

static struct rp_waits_row row_of(struct item *items, size_t n, enum rp_waits_by parts_by)
{
	struct rp_waits_row row = {0};
	size_t n_held = 0;

	for (size_t i = 0; i < n; i++)
		add(&row.sum, &items[i]);
	row.parts = sums(items, n, parts_by, &row.n_parts);
	for (size_t i = 0; i < n; i++)
		if (wait_of(&items[i])->holder.words)
			items[n_held++] = items[i];
	row.holders = sums(items, n_held, RP_WAITS_HOLDER, &row.n_holders);
	return row;
}

void rp_waits_make(struct rp_waits *w, const struct rp_profile *p, enum rp_waits_by by,
                   size_t limit)
{
	struct item *items = rp_memory_zero(p->n_waits, sizeof(*items));

	*w = (struct rp_waits){.by = by,
	                       .parts_by = by == RP_WAITS_STACK ? RP_WAITS_OBJECT : RP_WAITS_STACK};
	if (by == RP_WAITS_KIND)
		w->parts_by = RP_WAITS_OBJECT;
	for (size_t i = 0; i < p->n_waits; i++)
		items[i] = (struct item){p, i};
	sorted_by = orders[by];
	qsort(items, p->n_waits, sizeof(*items), in_order);
	w->rows = rp_memory_zero(p->n_waits, sizeof(*w->rows));
	for (size_t from = 0, to; from < p->n_waits; from = to) {
		to = run_end(items, p->n_waits, from, orders[by]);
		w->rows[w->n_all] = row_of(items + from, to - from, w->parts_by);
		w->whole_ns += w->rows[w->n_all++].sum.total_ns;
	}
	qsort(w->rows, w->n_all, sizeof(*w->rows), most_first); /* sum comes first in a row */
	w->n_rows = limit && limit < w->n_all ? limit : w->n_all;
	free(items);
}

void rp_waits_free(struct rp_waits *w)
{
	for (size_t i = 0; i < w->n_all; i++) {
		free(w->rows[i].parts);
		free(w->rows[i].holders);
	}
	free(w->rows);
}
