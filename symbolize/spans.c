/* spans.c - nested address ranges become disjoint ones, innermost wins.
 *
 * Room: symbolize.  Used for units, functions, inlined copies and symbols alike.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/spans.h"

#include <stdbool.h>
#include <stdlib.h>

void rp_spans_add(struct rp_spans *spans, uint64_t lo, uint64_t hi, void *item, uint32_t rank)
{
	if (lo >= hi)
		return;
	if (spans->n == spans->cap) {
		spans->cap = spans->cap ? spans->cap * 2 : 8;
		spans->at = realloc(spans->at, spans->cap * sizeof(*spans->at));
		if (!spans->at)
			abort(); /* as in pool.c */
	}
	spans->at[spans->n++] = (struct rp_span){lo, hi, item, rank};
}

/* Outer before inner: the flattening below keeps a stack of open spans. */
static int by_start(const void *left, const void *right)
{
	const struct rp_span *a = left, *b = right;

	if (a->lo != b->lo)
		return a->lo < b->lo ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if (a->hi != b->hi)
		return a->hi > b->hi ? -1 : 1;
	return 0;
}

static bool is_sorted(const struct rp_spans *spans)
{
	for (size_t i = 1; i < spans->n; i++)
		if (by_start(&spans->at[i - 1], &spans->at[i]) > 0)
			return false;
	return true;
}

static bool is_disjoint(const struct rp_spans *spans)
{
	for (size_t i = 1; i < spans->n; i++)
		if (spans->at[i - 1].hi > spans->at[i].lo)
			return false;
	return true;
}

/* One open span less, or the same one again: what it covers from AT up to TO goes out. */
static uint64_t emit(struct rp_spans *out, const struct rp_span *open, uint64_t at, uint64_t to)
{
	uint64_t hi = open->hi < to ? open->hi : to;

	if (at >= hi)
		return at;
	rp_spans_add(out, at, hi, open->item, 0);
	return hi;
}

static void make_disjoint(const struct rp_spans *in, struct rp_spans *out)
{
	const struct rp_span **open = malloc(in->n * sizeof(*open));
	size_t n_open = 0;
	uint64_t at = 0;

	if (!open)
		abort(); /* as in pool.c */
	for (size_t i = 0; i <= in->n; i++) {
		uint64_t next_lo = i < in->n ? in->at[i].lo : UINT64_MAX;

		while (n_open) {
			at = emit(out, open[n_open - 1], at, next_lo);
			if (open[n_open - 1]->hi > next_lo)
				break;
			n_open--;
		}
		if (i == in->n)
			break;
		if (at < next_lo)
			at = next_lo;
		open[n_open++] = &in->at[i];
	}
	free(open);
}

void rp_spans_flatten(struct rp_spans *spans)
{
	struct rp_spans flat = {0};

	if (!is_sorted(spans))
		qsort(spans->at, spans->n, sizeof(*spans->at), by_start);
	if (is_disjoint(spans))
		return;
	make_disjoint(spans, &flat);
	free(spans->at);
	*spans = flat;
}

static bool is_at(const struct rp_spans *spans, size_t i, uint64_t addr)
{
	return i < spans->n && addr >= spans->at[i].lo && addr < spans->at[i].hi;
}

void *rp_spans_find(struct rp_spans *spans, uint64_t addr)
{
	size_t lo = 0, n = spans->n;

	if (is_at(spans, spans->last, addr))
		return spans->at[spans->last].item;
	while (n > 1) {
		size_t half = n / 2;

		if (spans->at[lo + half].lo <= addr)
			lo += half;
		n -= half;
	}
	if (!is_at(spans, lo, addr))
		return NULL;
	spans->last = lo;
	return spans->at[lo].item;
}

void rp_spans_free(struct rp_spans *spans)
{
	free(spans->at);
	*spans = (struct rp_spans){0};
}
