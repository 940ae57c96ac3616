/* wants.h - addresses of one unit that wait for their function and line.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_WANTS_H
#define RP_SYMBOLIZE_WANTS_H

#include <stddef.h>
#include <stdint.h>

struct rp_function;

enum { RP_WANT_NO_FILE = -1 };

struct rp_want {
	uint64_t addr;
	struct rp_function *function; /* the innermost so far */
	uint64_t function_lo;         /* where that one's range begins */
	uint64_t row_lo;              /* where its row of the line table begins */
	uint32_t file, line;          /* RP_WANT_NO_FILE, 0: unknown */
	size_t slot;                  /* the owner's */
};

/* Sorted by address. */
struct rp_wants {
	struct rp_want *at;
	size_t n;
};

/* The first want of [FROM, TO) at or behind ADDR, or TO. */
static inline size_t rp_wants_from(const struct rp_wants *wants, size_t from, size_t to,
                                   uint64_t addr)
{
	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (wants->at[middle].addr < addr)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

#endif
