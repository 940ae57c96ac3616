/* diff_kin.c - which functions of two builds are the same; see diff.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include "tools/analyses.h"
#include "tools/diff.h"
#include "tools/memory.h"

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
