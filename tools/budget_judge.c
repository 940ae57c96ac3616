/* budget_judge.c - whether sessions keep to a budget; see budget.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "tools/analyses.h"
#include "tools/budget.h"
#include "tools/route.h"
#include "tools/times.h"

static double counter_of(const struct rp_session *s, const char *name)
{
	for (size_t i = 0; i < s->n_counters; i++)
		if (strcmp(s->counters[i].name, name) == 0)
			return (double)s->counters[i].value;
	return 0;
}

/* The points of S whose stack has a function that WORD means: at its end, or anywhere. */
static double time_in(const struct rp_profile *p, const struct rp_session *s, const char *word,
                      bool anywhere, bool cpu, bool *met)
{
	double ns = 0;

	for (size_t i = 0; i < s->n_points; i++) {
		const struct rp_point *point = &p->points[s->first_point + i];
		const struct rp_chain *chain = &p->chains[point->chain];

		for (uint32_t k = anywhere ? 0 : chain->n - 1; k < chain->n; k++) {
			if (!rp_analyses_means(p->functions[chain->functions[k]].name, word))
				continue;
			ns += (double)rp_profile_ns(point, cpu);
			*met = true;
			break;
		}
	}
	return ns;
}

static double self_of(const struct rp_profile *p, const struct rp_session *s, const char *word,
                      bool *met)
{
	return time_in(p, s, word, false, false, met);
}

static double total_of(const struct rp_profile *p, const struct rp_session *s, const char *word,
                       bool *met)
{
	return time_in(p, s, word, true, false, met);
}

static double cpu_of(const struct rp_profile *p, const struct rp_session *s, const char *word,
                     bool *met)
{
	return time_in(p, s, word, false, true, met);
}

/* Waits of the kind WORD, told one by one and summed: their time, or how many. */
static double waits_in(const struct rp_profile *p, const struct rp_session *s, const char *word,
                       bool count, bool *met)
{
	double sum = 0;

	for (size_t i = 0; i < s->n_waits; i++) {
		const struct rp_wait *w = &p->waits[s->first_wait + i];

		if (strcmp(w->kind, word) != 0)
			continue;
		sum += count ? 1 : (double)rp_times_waited(w->span_ns, w->cpu_ns);
		*met = true;
	}
	for (size_t i = 0; i < s->n_shorts; i++) {
		if (strcmp(s->shorts[i].kind, word) != 0)
			continue;
		sum += (double)(count ? s->shorts[i].n : s->shorts[i].waited_ns);
		*met = true;
	}
	return sum;
}

static double wait_of(const struct rp_profile *p, const struct rp_session *s, const char *word,
                      bool *met)
{
	return waits_in(p, s, word, false, met);
}

static double count_of(const struct rp_profile *p, const struct rp_session *s, const char *word,
                       bool *met)
{
	return waits_in(p, s, word, true, met);
}

/* The value of METRIC of S, by its row. */
static double value_of(size_t metric, const struct rp_profile *p, const struct rp_session *s,
                       const char *word, bool *met)
{
	size_t row = 0;

#define COUNTER(name) counter_of(s, name)
#define METRIC(name, unit, value, help)                                                            \
	if (metric == row++)                                                                       \
		return (double)(value);
#define OF(name, unit, function, help)                                                             \
	if (metric == row++)                                                                       \
		return function(p, s, word, met);
#include "tools/metrics.def"
#undef COUNTER
	return 0;
}

static bool keeps(const struct rp_budget *b, double value)
{
	switch (b->order) {
	case RP_BUDGET_LESS:
		return value < b->limit;
	case RP_BUDGET_AT_MOST:
		return value <= b->limit;
	case RP_BUDGET_MORE:
		return value > b->limit;
	case RP_BUDGET_AT_LEAST:
		return value >= b->limit;
	case RP_BUDGET_EQUAL:
		return value == b->limit;
	}
	return false;
}

/* A bound from below is kept by all when the least keeps it. */
static double quantile_of(const struct rp_budget *b)
{
	bool below = b->order == RP_BUDGET_MORE || b->order == RP_BUDGET_AT_LEAST;

	return b->quantile == 1 && below ? 0 : b->quantile;
}

/* How far VALUE is on the wrong side: to tell the worst request. */
static double badness(const struct rp_budget *b, double value)
{
	if (b->order == RP_BUDGET_EQUAL)
		return fabs(value - b->limit);
	return b->order == RP_BUDGET_MORE || b->order == RP_BUDGET_AT_LEAST ? -value : value;
}

/* Every request counts where no statistic is asked for, also with "=". */
static bool all_keep(const struct rp_budget *b, const double *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!keeps(b, values[i]))
			return false;
	return true;
}

struct rp_budget_result rp_budget_judge(const struct rp_budget *b, const struct rp_profile *p)
{
	struct rp_budget_result result = {0};
	double *values = rp_memory_zero(p->n_sessions, sizeof(*values)), worst = 0;
	bool met = false;

	for (size_t i = 0; i < p->n_sessions; i++) {
		const struct rp_session *s = &p->sessions[i];

		if (!rp_route_matches(s->method, s->target, b->route))
			continue;
		double value = value_of(b->metric, p, s, b->argument, &met);

		if (!result.worst || badness(b, value) > worst) {
			worst = badness(b, value);
			result.worst = s;
		}
		values[result.n++] = value;
	}
	result.never = b->argument && !met;
	if (result.n > 0) {
		result.value = rp_spread_estimate(values, result.n, quantile_of(b), &result.low,
		                                  &result.high);
		result.kept =
		        b->quantile == 1 ? all_keep(b, values, result.n) : keeps(b, result.value);
	}
	free(values);
	return result;
}
