/* change.h - whether a number changed between two groups of requests, and by how much.
 *
 * Room: tools.  Pure; the same values give the same answer.  "Typical" is the mean without so many
 * of the lowest and the highest, so that a few requests that met a bad moment say little.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_CHANGE_H
#define RP_CHANGE_H

#include <stdbool.h>
#include <stddef.h>

#define RP_CHANGE_TAIL 0.1 /* the share that is left out at either end */

struct rp_change {
	double tail;          /* that share */
	double before, after; /* typical */
	double low, high; /* after - before lies in between at the level asked for (bootstrap) */
	double p;         /* how often mere chance makes as much of a difference */
};

/* Compares N_BEFORE with N_AFTER values, leaving out TAIL of them at either end.  LOW and HIGH are
 * both the difference until rp_change_interval is asked.  P is 1 where one side has fewer than two
 * values. */
struct rp_change rp_change_of(const double *before, size_t n_before, const double *after,
                              size_t n_after, double tail);

/* Fills the interval at LEVEL, such as 0.99. */
void rp_change_interval(struct rp_change *c, const double *before, size_t n_before,
                        const double *after, size_t n_after, double level);

/* Holm's step-down: raises the N P-VALUES (pointers) so that with all of them together the chance
 * of a single false alarm is what each one says. */
void rp_change_adjust(double **p, size_t n);

/* The smallest p that groups of these sizes can have at all. */
double rp_change_least_p(size_t n_before, size_t n_after);

#endif
