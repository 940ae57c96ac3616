/* change.c - see change.h.
 *
 * Room: tools.  The test is a permutation test: who came before and who after is dealt anew many
 * times, and the true difference compared with those of chance.  It needs no idea of how times are
 * distributed, which for requests nobody has.
 * SPDX-License-Identifier: MIT
 */
#include "tools/change.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "tools/memory.h"
#include "tools/random.h"
#include "tools/spread.h"

enum {
	N_DEALS = 20000,      /* p is right to 0.00005 */
	ENOUGH_LARGER = 200,  /* that many of them by chance: it is nothing, stop early */
	N_ROUNDS = 2000,      /* of the bootstrap */
	MANY_REQUESTS = 1000, /* from here on the bell curve tells the same, at once */
};

/* One group's typical value, and how far that may be off: the variance of the trimmed mean. */
struct typical {
	double value, variance;
};

/* Yuen's: the mean of the middle; its variance from the values with the tails pulled in. */
static struct typical typical_of(const double *sorted, size_t n, double tail)
{
	size_t cut = (size_t)(tail * (double)n), left = n - 2 * cut;
	double low = sorted[cut], high = sorted[n - 1 - cut], sum = 0, squares = 0;
	struct typical t;

	for (size_t i = cut; i < n - cut; i++)
		sum += sorted[i];
	double pulled = (sum + (double)cut * (low + high)) / (double)n;

	for (size_t i = cut; i < n - cut; i++)
		squares += (sorted[i] - pulled) * (sorted[i] - pulled);
	squares +=
	        (double)cut * ((low - pulled) * (low - pulled) + (high - pulled) * (high - pulled));
	t.value = sum / (double)left;
	t.variance = left > 1 ? squares / ((double)left * (double)(left - 1)) : 0;
	return t;
}

/* The difference in units of its own uncertainty. */
static double distance(const struct typical *before, const struct typical *after)
{
	double difference = fabs(after->value - before->value);

	if (difference == 0)
		return 0;
	return difference / sqrt(before->variance + after->variance + 1e-300);
}

/* All values of both groups, sorted once, so that every deal comes out sorted. */
struct deck {
	double *sorted, *before, *after; /* the last two: a deal */
	double tail;
	size_t n_before, n_after;
};

/* Deals N_AFTER of all at random by walking over them once (selection sampling). */
static void deal(struct deck *d, uint64_t *random)
{
	size_t n = d->n_before + d->n_after, wanted = d->n_after, b = 0, a = 0;

	for (size_t i = 0; i < n; i++) {
		if (rp_random_below(random, (uint32_t)(n - i)) < wanted) {
			d->after[a++] = d->sorted[i];
			wanted--;
		} else {
			d->before[b++] = d->sorted[i];
		}
	}
}

static double chance_of(struct deck *d, double seen)
{
	uint64_t random = d->n_before + d->n_after;
	size_t larger = 0, n = 0;

	while (n < N_DEALS && larger < ENOUGH_LARGER) {
		deal(d, &random);
		struct typical before = typical_of(d->before, d->n_before, d->tail);
		struct typical after = typical_of(d->after, d->n_after, d->tail);

		/* Equal deals must count as equal, whatever their sums were rounded to. */
		larger += distance(&before, &after) >= seen * (1 - 1e-9);
		n++;
	}
	return (double)(larger + 1) / (double)(n + 1);
}

static double *sorted_copy(const double *values, size_t n)
{
	double *copy = rp_memory_zero(n, sizeof(*copy));

	memcpy(copy, values, n * sizeof(*copy));
	rp_spread_sort(copy, n);
	return copy;
}

static double find_p(const double *before, size_t n_before, const double *after, size_t n_after,
                     double tail, double seen)
{
	size_t n = n_before + n_after;

	if (n_before < 2 || n_after < 2 || seen == 0)
		return 1;
	if (n > MANY_REQUESTS)
		return erfc(seen / M_SQRT2);
	struct deck d = {.sorted = rp_memory_zero(n, sizeof(double)),
	                 .before = rp_memory_zero(n_before, sizeof(double)),
	                 .after = rp_memory_zero(n_after, sizeof(double)),
	                 .tail = tail,
	                 .n_before = n_before,
	                 .n_after = n_after};

	memcpy(d.sorted, before, n_before * sizeof(*before));
	memcpy(d.sorted + n_before, after, n_after * sizeof(*after));
	rp_spread_sort(d.sorted, n);
	double p = chance_of(&d, seen);

	free(d.sorted);
	free(d.before);
	free(d.after);
	return p;
}

struct rp_change rp_change_of(const double *before, size_t n_before, const double *after,
                              size_t n_after, double tail)
{
	struct rp_change c = {.tail = tail, .p = 1};

	if (n_before == 0 || n_after == 0)
		return c;
	double *b = sorted_copy(before, n_before), *a = sorted_copy(after, n_after);
	struct typical old = typical_of(b, n_before, tail);
	struct typical new = typical_of(a, n_after, tail);

	c.before = old.value;
	c.after = new.value;
	c.low = c.high = new.value - old.value;
	c.p = find_p(b, n_before, a, n_after, tail, distance(&old, &new));
	free(b);
	free(a);
	return c;
}

/* The typical value of N values drawn with replacement from SORTED; TIMES and DRAWN have room. */
static double draw_typical(const double *sorted, size_t n, double tail, uint32_t *times,
                           double *drawn, uint64_t *random)
{
	rp_spread_draw(sorted, n, random, times, drawn);
	return typical_of(drawn, n, tail).value;
}

void rp_change_interval(struct rp_change *c, const double *before, size_t n_before,
                        const double *after, size_t n_after, double level)
{
	size_t n = n_before > n_after ? n_before : n_after;
	uint64_t random = n_before + n_after;

	if (n_before < 2 || n_after < 2)
		return;
	double *b = sorted_copy(before, n_before), *a = sorted_copy(after, n_after);
	double *drawn = rp_memory_zero(n, sizeof(*drawn));
	double *differences = rp_memory_zero(N_ROUNDS, sizeof(*differences));
	uint32_t *times = rp_memory_zero(n, sizeof(*times));

	for (size_t i = 0; i < N_ROUNDS; i++) {
		double old = draw_typical(b, n_before, c->tail, times, drawn, &random);

		differences[i] = draw_typical(a, n_after, c->tail, times, drawn, &random) - old;
	}
	rp_spread_sort(differences, N_ROUNDS);
	c->low = rp_spread_quantile(differences, N_ROUNDS, (1 - level) / 2);
	c->high = rp_spread_quantile(differences, N_ROUNDS, 1 - (1 - level) / 2);
	free(b);
	free(a);
	free(drawn);
	free(differences);
	free(times);
}

static int by_p(const void *a, const void *b)
{
	double x = **(double *const *)a, y = **(double *const *)b;

	return (x > y) - (x < y);
}

void rp_change_adjust(double **p, size_t n)
{
	double most = 0;

	if (n)
		qsort(p, n, sizeof(*p), by_p);
	for (size_t i = 0; i < n; i++) {
		double raised = *p[i] * (double)(n - i);

		most = raised > most ? raised : most;
		*p[i] = most < 1 ? most : 1;
	}
}

double rp_change_least_p(size_t n_before, size_t n_after)
{
	double ways = lgamma((double)(n_before + n_after) + 1) - lgamma((double)n_before + 1) -
	              lgamma((double)n_after + 1);
	double least = 2 * exp(-ways);

	if (n_before < 2 || n_after < 2)
		return 1;
	return least > 1.0 / (N_DEALS + 1) ? least : 1.0 / (N_DEALS + 1);
}
