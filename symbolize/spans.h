/* spans.h - address ranges with an item each, flattened so that one binary search finds the
 * innermost.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_SPANS_H
#define RP_SYMBOLIZE_SPANS_H

#include <stddef.h>
#include <stdint.h>

struct rp_span {
	uint64_t lo, hi; /* hi is outside */
	void *item;
	uint32_t rank; /* of spans that begin at the same address the highest is innermost */
};

/* All zero is empty. */
struct rp_spans {
	struct rp_span *at;
	size_t n, cap;
	size_t last; /* found: addresses often come in order */
};

/* Adds [LO, HI); an empty range is ignored. */
void rp_spans_add(struct rp_spans *spans, uint64_t lo, uint64_t hi, void *item, uint32_t rank);

/* Sorts and makes disjoint: where spans overlap, the one that begins later wins.  More may be
 * added afterwards, followed by another flatten. */
void rp_spans_flatten(struct rp_spans *spans);

/* The item at ADDR, or NULL.  Flattened spans only. */
void *rp_spans_find(struct rp_spans *spans, uint64_t addr);

void rp_spans_free(struct rp_spans *spans);

#endif
