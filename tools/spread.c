/* spread.c - see spread.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/spread.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "tools/memory.h"
#include "tools/random.h"

enum { N_ROUNDS = 2000, LEAST_FOR_FENCE = 8 };

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void rp_spread_sort(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), ascending);
}

double rp_spread_quantile(const double *sorted, size_t n, double q)
{
	double at = q * (double)(n - 1);
	size_t below = (size_t)at;

	if (below + 1 >= n)
		return sorted[n - 1];
	return sorted[below] + (at - (double)below) * (sorted[below + 1] - sorted[below]);
}

double rp_spread_fence(const double *sorted, size_t n)
{
	if (n < LEAST_FOR_FENCE)
		return HUGE_VAL;
	double lower = rp_spread_quantile(sorted, n, 0.25);
	double upper = rp_spread_quantile(sorted, n, 0.75);

	return upper + 3 * (upper - lower);
}

static double mean_of(const double *values, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += values[i];
	return sum / (double)n;
}

/* The percentile bootstrap, widened by what N values hide of their own spread. */
static void find_interval(struct rp_spread *s, const double *values)
{
	double *means = rp_memory_zero(N_ROUNDS, sizeof(*means));
	double widen = sqrt((double)s->n / (double)(s->n - 1));
	uint64_t random = s->n;

	for (size_t round = 0; round < N_ROUNDS; round++) {
		double sum = 0;

		for (size_t i = 0; i < s->n; i++)
			sum += values[rp_random_below(&random, (uint32_t)s->n)];
		means[round] = sum / (double)s->n;
	}
	rp_spread_sort(means, N_ROUNDS);
	double tail = (1 - RP_SPREAD_LEVEL) / 2;

	s->low = s->mean + widen * (rp_spread_quantile(means, N_ROUNDS, tail) - s->mean);
	s->high = s->mean + widen * (rp_spread_quantile(means, N_ROUNDS, 1 - tail) - s->mean);
	s->low = s->least >= 0 && s->low < 0 ? 0 : s->low;
	free(means);
}

static double *sorted_copy(const double *values, size_t n)
{
	double *sorted = rp_memory_zero(n, sizeof(*sorted));

	if (n)
		memcpy(sorted, values, n * sizeof(*sorted));
	rp_spread_sort(sorted, n);
	return sorted;
}

static struct rp_spread plain_of(const double *sorted, size_t n)
{
	struct rp_spread s = {.n = n};

	if (n == 0)
		return s;
	s.mean = s.low = s.high = mean_of(sorted, n);
	s.median = rp_spread_quantile(sorted, n, 0.5);
	s.p95 = rp_spread_quantile(sorted, n, 0.95);
	s.least = sorted[0];
	s.most = sorted[n - 1];
	return s;
}

struct rp_spread rp_spread_plain(const double *values, size_t n)
{
	double *sorted = sorted_copy(values, n);
	struct rp_spread s = plain_of(sorted, n);

	free(sorted);
	return s;
}

struct rp_spread rp_spread_of(const double *values, size_t n)
{
	double *sorted = sorted_copy(values, n);
	struct rp_spread s = plain_of(sorted, n);

	if (n > 1)
		find_interval(&s,
		              sorted); /* sorted: then the order of the values is nothing to it */
	free(sorted);
	return s;
}

double rp_spread_half(const struct rp_spread *s)
{
	double half = fmax(s->high - s->mean, s->mean - s->low);

	return s->mean != 0 ? half / fabs(s->mean) : 0;
}
