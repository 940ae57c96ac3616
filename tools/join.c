/* join.c - functions, chains and threads numbered once each; see join.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/join.h"

#include <string.h>

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static uint64_t hash_text(uint64_t seed, const char *text)
{
	return text ? rp_memory_hash(seed, text, strlen(text)) : seed;
}

static bool same_function(const void *owner, uint32_t number, const void *key)
{
	const struct rp_function *a = &((const struct rp_profile *)owner)->functions[number];
	const struct rp_function *b = key;

	return a->line == b->line && a->pseudo == b->pseudo && same_text(a->name, b->name) &&
	       same_text(a->file, b->file) && same_text(a->module, b->module);
}

uint32_t rp_join_function(struct rp_profile *p, const struct rp_function *function)
{
	uint64_t hash = hash_text(function->line, function->name);
	bool fresh;

	hash = hash_text(hash_text(hash, function->file), function->module);
	uint32_t number =
	        rp_index_of(&p->join->functions, hash, same_function, p, function, &fresh);

	if (fresh) {
		p->functions = rp_memory_grow(p->functions, p->n_functions, sizeof(*p->functions));
		p->functions[p->n_functions++] = *function;
	}
	return number;
}

uint32_t rp_join_pseudo(struct rp_profile *p, const char *name)
{
	return rp_join_function(p,
	                        &(struct rp_function){.name = name, .module = "", .pseudo = true});
}

static bool same_chain(const void *owner, uint32_t number, const void *key)
{
	const struct rp_chain *a = &((const struct rp_profile *)owner)->chains[number];
	const struct rp_chain *b = key;

	return a->n == b->n && memcmp(a->functions, b->functions, a->n * sizeof(uint32_t)) == 0;
}

uint32_t rp_join_chain(struct rp_profile *p, const uint32_t *functions, uint32_t n)
{
	struct rp_chain key = {functions, n};
	bool fresh;
	uint32_t number =
	        rp_index_of(&p->join->chains, rp_memory_hash(n, functions, n * sizeof(uint32_t)),
	                    same_chain, p, &key, &fresh);

	if (fresh) {
		uint32_t *copy = rp_heap_take(&p->join->heap, n * sizeof(uint32_t));

		memcpy(copy, functions, n * sizeof(uint32_t));
		p->chains = rp_memory_grow(p->chains, p->n_chains, sizeof(*p->chains));
		p->chains[p->n_chains++] = (struct rp_chain){copy, n};
	}
	return number;
}

static bool same_spot(const void *owner, uint32_t number, const void *key)
{
	const struct rp_spot *a = &((const struct rp_profile *)owner)->spots[number];
	const struct rp_spot *b = key;

	return a->caller == b->caller && a->function == b->function && a->line == b->line &&
	       a->module == b->module && a->vaddr == b->vaddr && a->inlined == b->inlined;
}

uint32_t rp_join_spot(struct rp_profile *p, const struct rp_spot *spot)
{
	const uint64_t what[] = {spot->caller, spot->function, spot->vaddr};
	bool fresh;
	uint32_t number =
	        rp_index_of(&p->join->spots, rp_memory_hash(spot->line, what, sizeof(what)),
	                    same_spot, p, spot, &fresh);

	if (fresh) {
		p->spots = rp_memory_grow(p->spots, p->n_spots, sizeof(*p->spots));
		p->spots[p->n_spots++] = *spot;
	}
	return number;
}

static bool same_worker(const void *owner, uint32_t number, const void *key)
{
	const struct rp_worker *a = &((const struct rp_profile *)owner)->workers[number];
	const struct rp_worker *b = key;

	return a->pid == b->pid && a->tid == b->tid;
}

uint32_t rp_join_worker(struct rp_profile *p, uint32_t pid, uint32_t tid, const char *name)
{
	struct rp_worker key = {pid, tid, name};
	bool fresh;
	uint32_t number = rp_index_of(&p->join->workers, rp_memory_hash(pid, &tid, sizeof(tid)),
	                              same_worker, p, &key, &fresh);

	if (fresh) {
		p->workers = rp_memory_grow(p->workers, p->n_workers, sizeof(*p->workers));
		p->workers[p->n_workers++] = key;
	}
	return number;
}
