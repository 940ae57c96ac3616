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

/* Quantile Q of values that are sorted, or their mean. */
static double statistic(const double *sorted, size_t n, double q)
{
	return q < 0 ? mean_of(sorted, n) : rp_spread_quantile(sorted, n, q);
}

void rp_spread_draw(const double *sorted, size_t n, uint64_t *random, uint32_t *times,
                    double *drawn)
{
	size_t at = 0;

	memset(times, 0, n * sizeof(*times));
	for (size_t i = 0; i < n; i++)
		times[rp_random_below(random, (uint32_t)n)]++;
	for (size_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < times[i]; k++)
			drawn[at++] = sorted[i];
}

/* The percentile bootstrap, widened by what N values hide of their own spread. */
static void find_interval(const double *sorted, size_t n, double q, double *low, double *high)
{
	double *rounds = rp_memory_zero(N_ROUNDS, sizeof(*rounds));
	double *drawn = rp_memory_zero(n, sizeof(*drawn));
	uint32_t *times = rp_memory_zero(n, sizeof(*times));
	double value = statistic(sorted, n, q), tail = (1 - RP_SPREAD_LEVEL) / 2;
	double widen = sqrt((double)n / (double)(n - 1));
	uint64_t random = n;

	for (size_t round = 0; round < N_ROUNDS; round++) {
		rp_spread_draw(sorted, n, &random, times, drawn);
		rounds[round] = statistic(drawn, n, q);
	}
	rp_spread_sort(rounds, N_ROUNDS);
	*low = value + widen * (rp_spread_quantile(rounds, N_ROUNDS, tail) - value);
	*high = value + widen * (rp_spread_quantile(rounds, N_ROUNDS, 1 - tail) - value);
	*low = sorted[0] >= 0 && *low < 0 ? 0 : *low;
	free(rounds);
	free(drawn);
	free(times);
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
		find_interval(sorted, n, -1, &s.low, &s.high);
	free(sorted);
	return s;
}

double rp_spread_estimate(const double *values, size_t n, double q, double *low, double *high)
{
	double *sorted = sorted_copy(values, n);
	double value = *low = *high = statistic(sorted, n, q);

	if (n > 1 && q != 0 && q != 1)
		find_interval(sorted, n, q, low, high);
	free(sorted);
	return value;
}

double rp_spread_half(const struct rp_spread *s)
{
	double half = fmax(s->high - s->mean, s->mean - s->low);

	return s->mean != 0 ? half / fabs(s->mean) : 0;
}
