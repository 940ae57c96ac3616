/* profile_links.c - see profile_links.h.  Room: tools.  SPDX-License-Identifier: MIT */
#include "tools/profile_links.h"

#include <stdlib.h>
#include <string.h>
#include "tools/join.h"

/* Where a session goes. */
struct place {
	const struct rp_wait *wait; /* NULL: its parent is not seen to wait for it */
	uint32_t *prefix;           /* functions, root first */
	uint32_t n_prefix, thread;
};

static uint64_t overlap(uint64_t a, uint64_t a_end, uint64_t b, uint64_t b_end)
{
	uint64_t from = a > b ? a : b, to = a_end < b_end ? a_end : b_end;

	return to > from ? to - from : 0;
}

/* The wait of PARENT in which most of CHILD was done, one on what it is known to have asked first.
 */
static const struct rp_wait *wait_for(const struct rp_profile *p, const struct rp_session *parent,
                                      const struct rp_session *child, const char *remote)
{
	uint64_t first_ns = child->first_ns, last_ns = first_ns + child->account.duration_ns;
	const struct rp_wait *best = NULL;
	uint64_t most = 0;
	bool best_named = false;

	for (size_t i = 0; i < parent->n_waits; i++) {
		const struct rp_wait *w = &p->waits[parent->first_wait + i];
		uint64_t ns = overlap(w->at_ns, w->at_ns + w->span_ns, first_ns, last_ns);
		bool named = *remote && strstr(w->object, remote);

		if (!ns || (best_named && !named) || (best_named == named && ns <= most))
			continue;
		best = w;
		most = ns;
		best_named = named;
	}
	return best;
}

static void find_place(struct place *place, struct rp_profile *p, const struct rp_session *parent,
                       const struct rp_session *child, const char *remote)
{
	const char *name = rp_heap_print(&p->join->heap, "[asked: %s %s %s, pid %u]", child->server,
	                                 child->method, child->target, child->pid);

	place->wait = wait_for(p, parent, child, remote);
	const struct rp_chain *chain = place->wait ? &p->chains[place->wait->chain] : NULL;
	uint32_t n = chain ? chain->n : 0;

	place->prefix = rp_memory_zero(n + 1, sizeof(*place->prefix));
	if (n)
		memcpy(place->prefix, chain->functions, n * sizeof(*place->prefix));
	place->prefix[n] = rp_join_pseudo(p, name);
	place->n_prefix = n + 1;
	place->thread = place->wait ? place->wait->thread : p->points[parent->first_point].thread;
}

/* CHAIN with what stands below it. */
static uint32_t graft(struct rp_profile *p, const struct place *place, uint32_t chain)
{
	uint32_t n = place->n_prefix + p->chains[chain].n;
	uint32_t *functions = rp_memory_zero(n, sizeof(*functions));

	memcpy(functions, place->prefix, place->n_prefix * sizeof(*functions));
	memcpy(functions + place->n_prefix, p->chains[chain].functions,
	       p->chains[chain].n * sizeof(*functions));
	uint32_t number = rp_join_chain(p, functions, n);

	free(functions);
	return number;
}

/* What CHILD took is not waited for once more. */
static void shorten(struct rp_profile *p, const struct rp_session *parent,
                    const struct rp_wait *wait, uint64_t ns)
{
	for (size_t i = 0; i < parent->n_points && ns; i++) {
		struct rp_point *point = &p->points[parent->first_point + i];

		if (point->kind != RP_POINT_WAIT || point->at_ns != wait->at_ns ||
		    point->chain != wait->chain)
			continue;
		uint64_t less = point->wall_ns < ns ? point->wall_ns : ns;

		point->wall_ns -= less;
		ns -= less;
	}
}

static uint64_t move_points(struct rp_profile *p, const struct rp_session *child,
                            const struct place *place)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < child->n_points; i++) {
		size_t at = child->first_point + i;

		p->points[at].chain = graft(p, place, p->points[at].chain);
		p->points[at].thread = place->thread;
		p->points[at].spot = 0;
		sum += p->points[at].wall_ns;
	}
	for (size_t i = 0; i < child->n_waits; i++) {
		size_t at = child->first_wait + i;

		p->waits[at].chain = graft(p, place, p->waits[at].chain);
		p->waits[at].thread = place->thread;
	}
	return sum;
}

void rp_profile_graft(struct rp_profile *p, const struct rp_links *links)
{
	for (size_t i = 1; i < links->n; i++) {
		const struct rp_session *parent = &p->sessions[links->sessions[i].parent];
		struct place place;

		find_place(&place, p, parent, &p->sessions[i], links->sessions[i].remote);
		uint64_t sum = move_points(p, &p->sessions[i], &place);

		if (place.wait)
			shorten(p, parent, place.wait, sum);
		free(place.prefix);
	}
}
