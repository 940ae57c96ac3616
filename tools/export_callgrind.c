/* export_callgrind.c - callgrind's text format, for KCachegrind and callgrind_annotate.
 *
 * Room: tools.  Valgrind manual, "Callgrind Format Specification".  It knows edges, not stacks: who
 * called the caller is lost.
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include "tools/commands.h"
#include "tools/exports.h"
#include "tools/memory.h"
#include "tools/term.h"

enum { N_COSTS = 3 };

/* What was spent in a function itself (callee = itself), or below its call of another. */
struct edge {
	uint32_t caller, callee;
	uint64_t cost[N_COSTS]; /* wall, cpu, wait, in ns */
	uint64_t count;
	bool self;
};

struct edges {
	struct edge *at;
	size_t n;
	struct rp_index index;
	uint32_t *seen; /* per function: the stack that it was last counted for */
};

static bool same_edge(const void *owner, uint32_t number, const void *key)
{
	const struct edge *a = &((const struct edges *)owner)->at[number], *b = key;

	return a->caller == b->caller && a->callee == b->callee && a->self == b->self;
}

static void add(struct edges *e, const struct edge *edge)
{
	const uint32_t what[] = {edge->caller, edge->callee, edge->self};
	bool fresh;
	uint32_t at = rp_index_of(&e->index, rp_memory_hash(0, what, sizeof(what)), same_edge, e,
	                          edge, &fresh);

	if (fresh) {
		e->at = rp_memory_grow(e->at, e->n, sizeof(*e->at));
		e->at[e->n++] = (struct edge){.caller = edge->caller,
		                              .callee = edge->callee,
		                              .self = edge->self};
	}
	for (int i = 0; i < N_COSTS; i++)
		e->at[at].cost[i] += edge->cost[i];
	e->at[at].count++;
}

/* From the leaf to the root: of a function that stands there twice only the inner call counts, so
 * that a reader who sums up self and calls finds each stack once in each function. */
static void add_point(struct edges *e, const struct rp_profile *p, size_t which)
{
	const struct rp_point *point = &p->points[which];
	const struct rp_chain *chain = &p->chains[point->chain];
	uint32_t leaf = chain->functions[chain->n - 1], stack = (uint32_t)which + 1;
	struct edge edge = {leaf, leaf, {point->wall_ns, point->cpu_ns, 0}, 1, true};

	if (point->kind == RP_POINT_WAIT)
		edge.cost[2] = point->wall_ns;
	add(e, &edge);
	edge.self = false;
	e->seen[leaf] = stack;
	for (uint32_t i = chain->n - 1; i-- > 0;) {
		edge.caller = chain->functions[i];
		edge.callee = chain->functions[i + 1];
		if (e->seen[edge.caller] == stack)
			continue;
		e->seen[edge.caller] = stack;
		add(e, &edge);
	}
}

static int by_caller(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	if (x->caller != y->caller)
		return x->caller < y->caller ? -1 : 1;
	if (x->self != y->self)
		return x->self ? -1 : 1;
	return x->callee < y->callee ? -1 : x->callee > y->callee;
}

/* "ob=module", "fl=file", "fn=name", with PREFIX "c" for a callee. */
static void put_position(FILE *out, const struct rp_function *f, const char *prefix)
{
	const char *file = f->file ? f->file : "???";

	fprintf(out, "%sob=", prefix);
	rp_term_text(out, f->module, strlen(f->module), true);
	fprintf(out, "\n%s=", *prefix ? "cfi" : "fl");
	rp_term_text(out, file, strlen(file), true);
	fprintf(out, "\n%sfn=", prefix);
	rp_term_text(out, f->name, strlen(f->name), true);
	fputc('\n', out);
}

static void put_cost(FILE *out, uint32_t line, const struct edge *e)
{
	fprintf(out, "%u", line);
	for (int i = 0; i < N_COSTS; i++)
		fprintf(out, " %llu", (unsigned long long)e->cost[i]);
	fputc('\n', out);
}

static void put_edge(FILE *out, const struct rp_profile *p, const struct edge *e)
{
	const struct rp_function *caller = &p->functions[e->caller],
	                         *callee = &p->functions[e->callee];

	if (!e->self) {
		put_position(out, callee, "c");
		fprintf(out, "calls=%llu %u\n", (unsigned long long)e->count, callee->line);
	}
	put_cost(out, caller->line, e);
}

static void put_head(FILE *out, const struct rp_profile *p)
{
	const struct rp_session *s = &p->sessions[0];
	uint64_t sum[N_COSTS] = {0};

	for (size_t i = 0; i < p->n_points; i++) {
		sum[0] += p->points[i].wall_ns;
		sum[1] += p->points[i].cpu_ns;
		if (p->points[i].kind == RP_POINT_WAIT)
			sum[2] += p->points[i].wall_ns;
	}
	fprintf(out,
	        "# callgrind format\nversion: 1\ncreator: reqprof " RP_VERSION "\npid: %u\ncmd: ",
	        s->pid);
	rp_term_text(out, s->method, strlen(s->method), true);
	fputc(' ', out);
	rp_term_text(out, s->target, strlen(s->target), true);
	fputs("\npart: 1\npositions: line\nevent: Wall : wall time, ns\n"
	      "event: Cpu : CPU time, ns\nevent: Wait : waited, ns\nevents: Wall Cpu Wait\n",
	      out);
	fprintf(out, "summary: %llu %llu %llu\n", (unsigned long long)sum[0],
	        (unsigned long long)sum[1], (unsigned long long)sum[2]);
}

bool rp_export_callgrind(FILE *out, const struct rp_profile *p, bool cpu)
{
	struct edges e = {.seen = rp_memory_zero(p->n_functions + 1, sizeof(*e.seen))};

	(void)cpu; /* all three costs are in it */
	for (size_t i = 0; i < p->n_points; i++)
		add_point(&e, p, i);
	if (e.n)
		qsort(e.at, e.n, sizeof(*e.at), by_caller);
	put_head(out, p);
	for (size_t i = 0; i < e.n; i++) {
		if (i == 0 || e.at[i].caller != e.at[i - 1].caller) {
			fputc('\n', out);
			put_position(out, &p->functions[e.at[i].caller], "");
		}
		put_edge(out, p, &e.at[i]);
	}
	free(e.at);
	free(e.seen);
	rp_index_free(&e.index);
	return !ferror(out);
}
