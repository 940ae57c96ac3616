/* calltree.c - grows the tree; what is shown of it is calltree_view.c.  See calltree.h.
 *
 * Room: tools.  Points are summed up by chain before the tree is touched: there are far fewer
 * chains than samples, and neighbours share most of their callers.
 * SPDX-License-Identifier: MIT
 */
#include "tools/calltree.h"

#include <stdlib.h>
#include <string.h>
#include "tools/calltree_view.h"
#include "tools/memory.h"

/* Time of one thread on one chain. */
struct load {
	uint32_t chain, thread;
	uint64_t at_ns, ns;
	size_t order; /* ties keep the order of the points */
};

struct grower {
	struct rp_calltree *tree;
	const struct rp_profile *p;
	struct rp_index callees; /* by (caller, kind, what); not used in a timeline */
	uint32_t *path;          /* the calls of the latest chain */
	size_t n_path, cap_path;
	bool timeline, by_thread;
};

static bool same_call(const void *owner, uint32_t number, const void *key)
{
	const struct rp_call *a = &((const struct rp_calltree *)owner)->calls[number + 1];
	const struct rp_call *b = key;

	return a->parent == b->parent && a->kind == b->kind && a->what == b->what;
}

static uint32_t append(struct rp_calltree *tree, const struct rp_call *call)
{
	tree->calls = rp_memory_grow(tree->calls, tree->n_calls, sizeof(*tree->calls));
	tree->calls[tree->n_calls] = *call;
	return (uint32_t)tree->n_calls++;
}

/* The call of WHAT under CALLER. */
static uint32_t callee(struct grower *g, uint32_t caller, enum rp_call_kind kind, uint32_t what)
{
	struct rp_call call = {.kind = kind, .what = what, .parent = caller};
	uint32_t parts[3] = {caller, kind, what};
	bool fresh;

	if (g->timeline)
		return append(g->tree, &call);
	uint32_t number = rp_index_of(&g->callees, rp_memory_hash(0, parts, sizeof(parts)),
	                              same_call, g->tree, &call, &fresh);

	return fresh ? append(g->tree, &call) : number + 1;
}

/* Steps to depth AT of the current path: stays on the call that is there when it fits, and so
 * merges neighbours in a timeline and saves the look-up elsewhere. */
static uint32_t step(struct grower *g, size_t at, uint32_t caller, enum rp_call_kind kind,
                     uint32_t what)
{
	if (at < g->n_path) {
		const struct rp_call *there = &g->tree->calls[g->path[at]];

		if (there->kind == kind && there->what == what)
			return g->path[at];
		g->n_path = at;
	}
	if (at == g->cap_path) {
		g->cap_path = g->cap_path ? 2 * g->cap_path : 256;
		g->path = rp_memory_resize(g->path, g->cap_path, sizeof(*g->path));
	}
	g->path[at] = callee(g, caller, kind, what);
	g->n_path = at + 1;
	return g->path[at];
}

static void add(struct grower *g, const struct load *load)
{
	const struct rp_chain *chain = &g->p->chains[load->chain];
	uint32_t at = 0;
	size_t depth = 0;

	g->tree->calls[0].total_ns += load->ns;
	if (g->by_thread) {
		at = step(g, depth++, at, RP_CALL_THREAD, load->thread);
		g->tree->calls[at].total_ns += load->ns;
	}
	for (uint32_t i = 0; i < chain->n; i++) {
		at = step(g, depth++, at, RP_CALL_FRAME, chain->functions[i]);
		g->tree->calls[at].total_ns += load->ns;
	}
	g->tree->calls[at].self_ns += load->ns;
	/* What lay deeper has ended: in a timeline the next call of it is another one. */
	if (g->timeline)
		g->n_path = depth;
}

static int by_moment(const void *a, const void *b)
{
	const struct load *x = a, *y = b;

	if (x->thread != y->thread)
		return x->thread < y->thread ? -1 : 1;
	if (x->at_ns != y->at_ns)
		return x->at_ns < y->at_ns ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* One load a point, in the order of time. */
static struct load *load_points(const struct grower *g, bool cpu, size_t *n)
{
	struct load *loads = rp_memory_zero(g->p->n_points, sizeof(*loads));

	*n = 0;
	for (size_t i = 0; i < g->p->n_points; i++) {
		const struct rp_point *point = &g->p->points[i];
		uint64_t ns = rp_profile_ns(point, cpu);

		if (ns > 0)
			loads[(*n)++] =
			        (struct load){point->chain, g->by_thread ? point->thread : 0,
			                      point->at_ns, ns, i};
	}
	qsort(loads, *n, sizeof(*loads), by_moment);
	return loads;
}

static bool same_load(const void *owner, uint32_t number, const void *key)
{
	const struct load *a = &((const struct load *)owner)[number], *b = key;

	return a->chain == b->chain && a->thread == b->thread;
}

/* One load for all points of a thread on a chain. */
static struct load *load_chains(const struct grower *g, bool cpu, size_t *n)
{
	struct load *loads = rp_memory_zero(g->p->n_points, sizeof(*loads));
	struct rp_index index = {0};

	*n = 0;
	for (size_t i = 0; i < g->p->n_points; i++) {
		const struct rp_point *point = &g->p->points[i];
		uint64_t ns = rp_profile_ns(point, cpu);
		uint32_t pair[2] = {point->chain, g->by_thread ? point->thread : 0};
		struct load key = {.chain = pair[0], .thread = pair[1]};
		bool fresh;

		if (ns == 0)
			continue;
		uint32_t at = rp_index_of(&index, rp_memory_hash(0, pair, sizeof(pair)), same_load,
		                          loads, &key, &fresh);

		if (fresh)
			loads[(*n)++] = key;
		loads[at].ns += ns;
	}
	rp_index_free(&index);
	return loads;
}

void rp_calltree_make(struct rp_calltree *tree, const struct rp_profile *p,
                      const struct rp_calltree_how *how)
{
	struct grower g = {.tree = tree, .p = p, .timeline = how->timeline};
	struct rp_call whole = {.kind = RP_CALL_ALL};
	size_t n;

	*tree = (struct rp_calltree){0};
	append(tree, &whole);
	for (size_t i = 0; i < p->n_sessions; i++)
		g.by_thread = g.by_thread || p->sessions[i].n_workers > 1;
	struct load *loads =
	        how->timeline ? load_points(&g, how->cpu, &n) : load_chains(&g, how->cpu, &n);

	for (size_t i = 0; i < n; i++)
		add(&g, &loads[i]);
	free(loads);
	free(g.path);
	rp_index_free(&g.callees);
	rp_calltree_choose(tree, p, how);
}

void rp_calltree_free(struct rp_calltree *tree)
{
	free(tree->calls);
	*tree = (struct rp_calltree){0};
}
