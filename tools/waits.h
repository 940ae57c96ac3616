/* waits.h - what a request waited for: its waits by object, by kind or by stack.
 *
 * Room: tools.  Pure: the waits of a profile in, rows out.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_WAITS_H
#define RP_WAITS_H

#include "tools/profile.h"

enum rp_waits_by { RP_WAITS_OBJECT, RP_WAITS_KIND, RP_WAITS_STACK, RP_WAITS_HOLDER };

/* Waits that have something in common. */
struct rp_waits_sum {
	size_t first; /* one of them, the earliest in the profile */
	size_t n;
	uint64_t total_ns, longest_ns; /* waited: without the CPU time inside */
};

/* A row and what it is made of, most time first: stacks of an object or kind, objects of a
 * stack; and who held it, where it was a lock. */
struct rp_waits_row {
	struct rp_waits_sum sum;
	struct rp_waits_sum *parts, *holders;
	size_t n_parts, n_holders;
};

struct rp_waits {
	enum rp_waits_by by, parts_by;
	struct rp_waits_row *rows; /* most time first */
	size_t n_rows, n_all;      /* shown, and before the limit */
	uint64_t whole_ns;         /* of all waits that are listed */
};

/* LIMIT 0: all rows. */
void rp_waits_make(struct rp_waits *w, const struct rp_profile *p, enum rp_waits_by by,
                   size_t limit);
void rp_waits_free(struct rp_waits *w);

/* The chain of a wait without its pseudo frame; its length. */
uint32_t rp_waits_stack(const struct rp_profile *p, const struct rp_wait *w,
                        const uint32_t **functions);

#endif
