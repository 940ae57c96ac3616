/* pairs.h - what a bench says: one line a pair, all arithmetic is left to stats.py.
 *
 * Room: tests.  A pair is the same work with and without the shim, one right after the other; who
 * goes first alternates.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_TESTS_BENCH_PAIRS_H
#define RP_TESTS_BENCH_PAIRS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline double clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static inline double now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

static inline int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts the N VALUES. */
static inline double median_of(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), by_value);
	return values[n / 2];
}

/* What the work costs more than it does without. GOAL as "<=5" or "-". */
static inline void say_more(const char *name, const char *unit, const char *goal, double with,
                            double without)
{
	printf("%s\tmore\t%s\t%s\t%.6g\t%.6g\n", name, unit, goal, with, without);
}

/* A number that has no other half. */
static inline void say_value(const char *name, const char *unit, const char *goal, double value)
{
	printf("%s\tvalue\t%s\t%s\t%.6g\n", name, unit, goal, value);
}

__attribute__((noreturn)) static inline void give_up(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

#endif
