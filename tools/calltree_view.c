/* calltree_view.c - see calltree_view.h.
 *
 * Room: tools.  Passes over the array instead of recursion: callers stand before callees, and a
 * damaged session may be very deep.
 * SPDX-License-Identifier: MIT
 */
#include "tools/calltree_view.h"

#include <stdlib.h>
#include "tools/memory.h"

static void mark_small(struct rp_calltree *tree)
{
	double least = RP_CALLTREE_THRESHOLD * (double)tree->calls[0].total_ns;

	for (size_t i = 1; i < tree->n_calls; i++) {
		struct rp_call *c = &tree->calls[i];

		c->small = tree->calls[c->parent].small || (double)c->total_ns < least;
		tree->n_small += c->small;
	}
}

static bool is_library(const struct rp_call *call, const struct rp_profile *p)
{
	return call->kind == RP_CALL_FRAME && p->functions[call->what].library;
}

/* Runs of library calls: each knows its first one.  A call is shown all the same when it is that
 * first one, when it calls back out of the run, or when it takes over 20 % by itself. */
static void mark_hidden(struct rp_calltree *tree, const struct rp_profile *p)
{
	double much = 0.2 * (double)tree->calls[0].total_ns;

	for (size_t i = 1; i < tree->n_calls; i++) {
		struct rp_call *c = &tree->calls[i];

		if (c->small)
			continue;
		if (is_library(c, p)) {
			uint32_t group = tree->calls[c->parent].group;

			c->group = group ? group : (uint32_t)i;
			c->hidden = group && (double)c->self_ns <= much;
		} else {
			tree->calls[c->parent].hidden = false;
		}
	}
	for (size_t i = 1; i < tree->n_calls; i++)
		if (tree->calls[i].hidden)
			tree->calls[tree->calls[i].group].n_hidden++;
	/* One hidden frame is not worth a line that says so. */
	for (size_t i = 1; i < tree->n_calls; i++)
		if (tree->calls[i].hidden && tree->calls[tree->calls[i].group].n_hidden < 2)
			tree->calls[i].hidden = false;
	for (size_t i = 1; i < tree->n_calls; i++)
		if (tree->calls[i].n_hidden < 2)
			tree->calls[i].n_hidden = 0;
}

struct place {
	uint32_t call, under;
	uint64_t ns; /* 0: keep the order */
};

static int by_place(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->under != y->under)
		return x->under < y->under ? -1 : 1;
	if (x->ns != y->ns)
		return x->ns > y->ns ? -1 : 1;
	return x->call < y->call ? -1 : 1;
}

/* Links every shown call to its nearest shown caller. */
static void link_shown(struct rp_calltree *tree, bool timeline)
{
	struct place *places = rp_memory_zero(tree->n_calls, sizeof(*places));
	uint32_t *under = rp_memory_zero(tree->n_calls, sizeof(*under));
	size_t n = 0;

	for (uint32_t i = 1; i < tree->n_calls; i++) {
		const struct rp_call *c = &tree->calls[i];

		under[i] = tree->calls[c->parent].hidden ? under[c->parent] : c->parent;
		if (!c->small && !c->hidden)
			places[n++] = (struct place){i, under[i], timeline ? 0 : c->total_ns};
	}
	qsort(places, n, sizeof(*places), by_place);
	while (n-- > 0) {
		struct rp_call *caller = &tree->calls[places[n].under];

		tree->calls[places[n].call].next = caller->shown;
		caller->shown = places[n].call;
	}
	free(places);
	free(under);
}

void rp_calltree_choose(struct rp_calltree *tree, const struct rp_profile *p,
                        const struct rp_calltree_how *how)
{
	if (!how->show_all) {
		mark_small(tree);
		mark_hidden(tree, p);
	}
	link_shown(tree, how->timeline);
}
