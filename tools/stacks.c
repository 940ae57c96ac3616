/* stacks.c - see stacks.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/stacks.h"

#include <stdlib.h>
#include "tools/memory.h"

static bool same_sum(const void *owner, uint32_t number, const void *key)
{
	const struct rp_stack_sum *a = &((const struct rp_stacks *)owner)->sums[number];
	const struct rp_stack_sum *b = key;

	return a->spot == b->spot && a->thread == b->thread && a->session == b->session;
}

static void add(struct rp_stacks *stacks, struct rp_index *index, const struct rp_point *point,
                uint32_t session)
{
	struct rp_stack_sum key = {.spot = point->spot,
	                           .thread = point->thread,
	                           .session = session};
	const uint32_t what[] = {key.spot, key.thread, key.session};
	bool fresh;
	uint32_t at = rp_index_of(index, rp_memory_hash(0, what, sizeof(what)), same_sum, stacks,
	                          &key, &fresh);

	if (fresh) {
		stacks->sums = rp_memory_grow(stacks->sums, stacks->n, sizeof(*stacks->sums));
		stacks->sums[stacks->n++] = key;
	}
	struct rp_stack_sum *sum = &stacks->sums[at];

	sum->count++;
	sum->wall_ns += point->wall_ns;
	sum->cpu_ns += point->cpu_ns;
	if (point->kind == RP_POINT_WAIT)
		sum->wait_ns += point->wall_ns;
}

void rp_stacks_make(struct rp_stacks *stacks, const struct rp_profile *p)
{
	struct rp_index index = {0};

	*stacks = (struct rp_stacks){0};
	for (size_t s = 0; s < p->n_sessions; s++)
		for (size_t i = 0; i < p->sessions[s].n_points; i++)
			add(stacks, &index, &p->points[p->sessions[s].first_point + i],
			    (uint32_t)s);
	rp_index_free(&index);
}

void rp_stacks_free(struct rp_stacks *stacks)
{
	free(stacks->sums);
	*stacks = (struct rp_stacks){0};
}
