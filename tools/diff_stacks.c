/* diff_stacks.c - which functions of two builds are the same, and stacks with two weights; see
 * diff.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include "tools/analyses.h"
#include "tools/diff.h"

/* The last part of where F is: it stays when a tree moves. */
static const char *base_of(const struct rp_function *f)
{
	const char *path = rp_analyses_path(f), *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static uint64_t hash_of(const struct rp_function *f)
{
	const char *base = base_of(f);

	return rp_memory_hash(rp_memory_hash(0, f->name, strlen(f->name)), base, strlen(base));
}

/* What same_kin compares: kin by number, as members of the profile. */
struct kin {
	const struct rp_profile *p;
	uint32_t *first; /* by number: a function of it */
};

static bool same_kin(const void *owner, uint32_t number, const void *key)
{
	const struct kin *k = owner;
	const struct rp_function *a = &k->p->functions[k->first[number]], *b = key;

	return a->pseudo == b->pseudo && strcmp(a->name, b->name) == 0 &&
	       strcmp(base_of(a), base_of(b)) == 0;
}

uint32_t *rp_diff_kin(const struct rp_profile *p)
{
	uint32_t *kin = rp_memory_zero(p->n_functions, sizeof(*kin));
	struct kin k = {p, rp_memory_zero(p->n_functions, sizeof(*k.first))};
	struct rp_index index = {0};

	for (uint32_t i = 0; i < p->n_functions; i++) {
		const struct rp_function *f = &p->functions[i];
		bool fresh;

		kin[i] = rp_index_of(&index, hash_of(f), same_kin, &k, f, &fresh);
		/* The last one stands for all: it is of the later sessions, if they have it. */
		k.first[kin[i]] = i;
	}
	for (uint32_t i = 0; i < p->n_functions; i++)
		kin[i] = k.first[kin[i]];
	rp_index_free(&index);
	free(k.first);
	return kin;
}

static bool same_path(const void *owner, uint32_t number, const void *key)
{
	const struct rp_diff_stack *a = &((const struct rp_diff_stack *)owner)[number], *b = key;

	return a->n == b->n &&
	       memcmp(a->functions, b->functions, a->n * sizeof(*a->functions)) == 0;
}

/* The number of CHAIN's path among the stacks, new or not. */
static uint32_t stack_of(struct rp_diff_stacks *s, struct rp_index *index, const uint32_t *kin,
                         const struct rp_chain *chain)
{
	uint32_t *path = rp_memory_zero(chain->n, sizeof(*path));
	struct rp_diff_stack key = {.functions = path, .n = chain->n};
	bool fresh;

	for (uint32_t i = 0; i < chain->n; i++)
		path[i] = kin[chain->functions[i]];
	uint64_t hash = rp_memory_hash(0, path, chain->n * sizeof(*path));
	uint32_t number = rp_index_of(index, hash, same_path, s->stacks, &key, &fresh);

	if (fresh) {
		uint32_t *kept = rp_heap_take(&s->heap, chain->n * sizeof(*kept));

		memcpy(kept, path, chain->n * sizeof(*kept));
		s->stacks = rp_memory_grow(s->stacks, s->n, sizeof(*s->stacks));
		s->stacks[s->n++] = (struct rp_diff_stack){.functions = kept, .n = chain->n};
	}
	free(path);
	return number;
}

void rp_diff_stacks_make(struct rp_diff_stacks *s, const struct rp_profile *p, size_t n_before,
                         bool cpu)
{
	uint32_t *kin = rp_diff_kin(p);
	uint32_t *of_chain = rp_memory_zero(p->n_chains, sizeof(*of_chain)); /* + 1 */
	struct rp_index index = {0};

	*s = (struct rp_diff_stacks){0};
	for (size_t i = 0; i < p->n_sessions; i++) {
		const struct rp_session *session = &p->sessions[i];
		bool before = i < n_before;
		double share = 1.0 / (double)(before ? n_before : p->n_sessions - n_before);

		for (size_t k = 0; k < session->n_points; k++) {
			const struct rp_point *point = &p->points[session->first_point + k];
			uint32_t *stack = &of_chain[point->chain];

			if (!*stack)
				*stack = stack_of(s, &index, kin, &p->chains[point->chain]) + 1;
			*(before ? &s->stacks[*stack - 1].before_ns
			         : &s->stacks[*stack - 1].after_ns) +=
			        share * (double)rp_profile_ns(point, cpu);
		}
	}
	rp_index_free(&index);
	free(of_chain);
	free(kin);
}

void rp_diff_stacks_free(struct rp_diff_stacks *s)
{
	free(s->stacks);
	rp_heap_free(&s->heap);
	*s = (struct rp_diff_stacks){0};
}
