/* stacks.h - points summed by stack, thread and session: what exports without an order of time
 * write.
 *
 * Room: tools.  Pure: the same profile gives the same sums, in the order of first appearance.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_STACKS_H
#define RP_STACKS_H

#include "tools/profile.h"

/* All times are in nanoseconds; wait_ns is the part of wall_ns that was waited. */
struct rp_stack_sum {
	uint32_t spot; /* the leaf, + 1; 0: there is none */
	uint32_t thread, session;
	uint64_t count, wall_ns, cpu_ns, wait_ns;
};

struct rp_stacks {
	struct rp_stack_sum *sums;
	size_t n;
};

void rp_stacks_make(struct rp_stacks *stacks, const struct rp_profile *p);
void rp_stacks_free(struct rp_stacks *stacks);

#endif
