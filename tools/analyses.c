/* analyses.c - see analyses.h; names and likeness are in analyses_names.c.
 *
 * Room: tools.  All four work on the time by chain: every sample is in one chain only.
 * SPDX-License-Identifier: MIT
 */
#include "tools/analyses.h"

#include <stdlib.h>
#include <string.h>
#include "tools/memory.h"

static uint64_t *time_by_chain(const struct rp_profile *p, const struct rp_query *q,
                               uint64_t *whole_ns)
{
	uint64_t *ns = rp_memory_zero(p->n_chains, sizeof(*ns));
	const struct rp_point *points = p->points + (q->only ? q->only->first_point : 0);
	size_t n = q->only ? q->only->n_points : p->n_points;

	*whole_ns = 0;
	for (size_t i = 0; i < n; i++) {
		ns[points[i].chain] += rp_profile_ns(&points[i], q->cpu);
		*whole_ns += rp_profile_ns(&points[i], q->cpu);
	}
	return ns;
}

/* Per function: 1 when -P lets it through. */
static bool *match_paths(const struct rp_profile *p, const struct rp_query *q)
{
	bool *matches = rp_memory_zero(p->n_functions, sizeof(*matches));

	for (size_t i = 0; i < p->n_functions; i++) {
		const char *path = rp_analyses_path(&p->functions[i]);

		matches[i] = q->n_paths == 0;
		for (size_t k = 0; k < q->n_paths && !matches[i]; k++)
			matches[i] = strstr(path, q->paths[k]) != NULL;
	}
	return matches;
}

static bool *match_name(const struct rp_profile *p, const char *word)
{
	bool *matches = rp_memory_zero(p->n_functions, sizeof(*matches));

	for (size_t i = 0; i < p->n_functions; i++)
		matches[i] = rp_analyses_means(p->functions[i].name, word);
	return matches;
}

/* Rows sort by time, then by name, so that the same session gives the same table. */
static int by_time(const void *a, const void *b, void *profile)
{
	const struct rp_share *x = a, *y = b;
	const struct rp_function *functions = ((const struct rp_profile *)profile)->functions;

	if (x->ns != y->ns)
		return x->ns > y->ns ? -1 : 1;
	for (size_t i = 0; i < x->n_functions && i < y->n_functions; i++) {
		int order =
		        strcmp(functions[x->functions[i]].name, functions[y->functions[i]].name);

		if (order)
			return order;
	}
	return x->n_functions < y->n_functions ? -1 : x->n_functions > y->n_functions;
}

static void finish(struct rp_shares *out, const struct rp_profile *p, const struct rp_query *q)
{
	qsort_r(out->rows, out->n_all, sizeof(*out->rows), by_time, (void *)p);
	out->n_rows = q->limit && q->limit < out->n_all ? q->limit : out->n_all;
}

/* Time by function becomes rows. */
static void rows_of(struct rp_shares *out, const struct rp_profile *p, const struct rp_query *q,
                    const uint64_t *by_function)
{
	bool *matches = match_paths(p, q);

	out->rows = rp_memory_zero(p->n_functions, sizeof(*out->rows));
	out->numbers = rp_memory_zero(p->n_functions, sizeof(*out->numbers));
	for (uint32_t i = 0; i < p->n_functions; i++) {
		out->numbers[i] = i;
		if (matches[i] && by_function[i])
			out->rows[out->n_all++] =
			        (struct rp_share){&out->numbers[i], 1, by_function[i]};
	}
	free(matches);
	finish(out, p, q);
}

static uint32_t leaf_of(const struct rp_chain *chain)
{
	return chain->functions[chain->n - 1];
}

void rp_analyses_flat(struct rp_shares *out, const struct rp_profile *p, const struct rp_query *q)
{
	*out = (struct rp_shares){0};
	uint64_t *by_chain = time_by_chain(p, q, &out->whole_ns);
	uint64_t *by_function = rp_memory_zero(p->n_functions, sizeof(*by_function));

	for (size_t i = 0; i < p->n_chains; i++)
		by_function[leaf_of(&p->chains[i])] += by_chain[i];
	rows_of(out, p, q, by_function);
	free(by_chain);
	free(by_function);
}

/* Outermost place of a function that IS on CHAIN; n when there is none. */
static uint32_t first_on(const struct rp_chain *chain, const bool *is)
{
	uint32_t i = 0;

	while (i < chain->n && !is[chain->functions[i]])
		i++;
	return i;
}

void rp_analyses_callers(struct rp_shares *out, const struct rp_profile *p, const char *function,
                         const struct rp_query *q)
{
	*out = (struct rp_shares){0};
	uint64_t *by_chain = time_by_chain(p, q, &out->whole_ns);
	uint64_t *by_function = rp_memory_zero(p->n_functions, sizeof(*by_function));
	bool *is = match_name(p, function);

	for (size_t i = 0; i < p->n_chains; i++) {
		const struct rp_chain *chain = &p->chains[i];
		uint32_t at = first_on(chain, is);
		bool is_leaf = is[leaf_of(chain)];

		if (at == chain->n)
			continue;
		out->total_ns += by_chain[i];
		out->self_ns += is_leaf ? by_chain[i] : 0;
		/* Under --total a recursion belongs to whoever began it; else the leaf's own
		 * caller. */
		if (!q->total)
			at = is_leaf ? chain->n - 1 : 0;
		if (at > 0)
			by_function[chain->functions[at - 1]] += by_chain[i];
	}
	rows_of(out, p, q, by_function);
	free(by_chain);
	free(by_function);
	free(is);
}

/* What F calls on CHAIN, each once however often it recurs.  SEEN marks by chain number + 1. */
static void add_direct(const struct rp_chain *chain, const bool *is, uint64_t ns,
                       uint64_t *by_function, uint32_t *seen, uint32_t mark)
{
	for (uint32_t i = 0; i + 1 < chain->n; i++) {
		uint32_t callee = chain->functions[i + 1];

		if (!is[chain->functions[i]] || is[callee] || seen[callee] == mark)
			continue;
		seen[callee] = mark;
		by_function[callee] += ns;
	}
}

void rp_analyses_callees(struct rp_shares *out, const struct rp_profile *p, const char *function,
                         const struct rp_query *q)
{
	*out = (struct rp_shares){0};
	uint64_t *by_chain = time_by_chain(p, q, &out->whole_ns);
	uint64_t *by_function = rp_memory_zero(p->n_functions, sizeof(*by_function));
	uint32_t *seen = rp_memory_zero(p->n_functions, sizeof(*seen));
	bool *is = match_name(p, function);

	for (size_t i = 0; i < p->n_chains; i++) {
		const struct rp_chain *chain = &p->chains[i];

		if (first_on(chain, is) == chain->n)
			continue;
		out->total_ns += by_chain[i];
		out->self_ns += is[leaf_of(chain)] ? by_chain[i] : 0;
		if (q->direct)
			add_direct(chain, is, by_chain[i], by_function, seen, (uint32_t)i + 1);
		else if (!is[leaf_of(chain)])
			by_function[leaf_of(chain)] += by_chain[i];
	}
	rows_of(out, p, q, by_function);
	free(by_chain);
	free(by_function);
	free(seen);
	free(is);
}

static bool same_path(const void *owner, uint32_t number, const void *key)
{
	const struct rp_share *a = &((const struct rp_share *)owner)[number], *b = key;

	return a->n_functions == b->n_functions &&
	       memcmp(a->functions, b->functions, a->n_functions * sizeof(uint32_t)) == 0;
}

/* The last DEPTH functions of CHAIN that match, into OUT; how many. */
static size_t matching_end(const struct rp_chain *chain, const bool *matches, size_t depth,
                           uint32_t *out)
{
	size_t n = 0;

	for (uint32_t i = chain->n; i > 0 && n < depth; i--)
		if (matches[chain->functions[i - 1]])
			out[n++] = chain->functions[i - 1];
	for (size_t i = 0; i < n / 2; i++) {
		uint32_t other = out[i];

		out[i] = out[n - 1 - i];
		out[n - 1 - i] = other;
	}
	return n;
}

void rp_analyses_hot_paths(struct rp_shares *out, const struct rp_profile *p,
                           const struct rp_query *q)
{
	*out = (struct rp_shares){0};
	uint64_t *by_chain = time_by_chain(p, q, &out->whole_ns);
	bool *matches = match_paths(p, q);
	struct rp_index index = {0};
	size_t n_numbers = 0;

	for (size_t i = 0; i < p->n_chains; i++)
		n_numbers += p->chains[i].n < q->depth ? p->chains[i].n : q->depth;
	out->numbers = rp_memory_zero(n_numbers, sizeof(*out->numbers));
	out->rows = rp_memory_zero(p->n_chains, sizeof(*out->rows));
	uint32_t *at = out->numbers;

	for (size_t i = 0; i < p->n_chains; i++) {
		struct rp_share key = {.functions = at};
		bool fresh;

		key.n_functions = matching_end(&p->chains[i], matches, q->depth, at);
		if (key.n_functions == 0 || by_chain[i] == 0)
			continue;
		uint64_t hash = rp_memory_hash(0, at, key.n_functions * sizeof(*at));
		uint32_t row = rp_index_of(&index, hash, same_path, out->rows, &key, &fresh);

		if (fresh) {
			out->rows[out->n_all++] = key;
			at += key.n_functions;
		}
		out->rows[row].ns += by_chain[i];
	}
	rp_index_free(&index);
	free(matches);
	free(by_chain);
	finish(out, p, q);
}

void rp_analyses_free(struct rp_shares *shares)
{
	free(shares->rows);
	free(shares->numbers);
	free(shares->spreads);
	*shares = (struct rp_shares){0};
}
