/* spread.h - what one number is like over several requests, and how sure its mean is.
 *
 * Room: tools.  Pure, and random only in name: the same values give the same answer.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SPREAD_H
#define RP_SPREAD_H

#include <stddef.h>
#include <stdint.h>

#define RP_SPREAD_LEVEL 0.95 /* of the interval around the mean */

struct rp_spread {
	size_t n;
	double mean, low, high; /* low to high holds the true mean at that level (bootstrap) */
	double median, p95, least, most;
};

/* Of N VALUES, in any order.  Of one value, low and high are that value. */
struct rp_spread rp_spread_of(const double *values, size_t n);

/* The same without the interval, for whom a bootstrap of many values takes too long. */
struct rp_spread rp_spread_plain(const double *values, size_t n);

/* Quantile Q of N > 0 VALUES, or their mean when Q is below 0, and the interval that holds the true
 * one; of the least and the most (Q 0 and 1) no interval can be told: LOW and HIGH are the same. */
double rp_spread_estimate(const double *values, size_t n, double q, double *low, double *high);

/* Half the width of the interval as a share of the mean; the wider half. */
double rp_spread_half(const struct rp_spread *s);

/* Where share Q of the N SORTED values is below, between two of them if need be. */
double rp_spread_quantile(const double *sorted, size_t n, double q);

/* The limit above which a value is an outlier: three quartile distances above the upper quartile.
 * HUGE_VAL for fewer than eight values, of which none can be told to be odd. */
double rp_spread_fence(const double *sorted, size_t n);

void rp_spread_sort(double *values, size_t n);

/* A round of a bootstrap: N values drawn from SORTED with replacement, into DRAWN, sorted.  RANDOM:
 * random.h; TIMES has room for N. */
void rp_spread_draw(const double *sorted, size_t n, uint64_t *random, uint32_t *times,
                    double *drawn);

#endif
