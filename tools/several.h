/* several.h - the rows of an analysis, request by request: what each of them is like.
 *
 * Room: tools.  Pure.  SPDX-License-Identifier: MIT
 */
#ifndef RP_SEVERAL_H
#define RP_SEVERAL_H

#include "tools/analyses.h"
#include "tools/spread.h"

/* Asks the same question of one session alone, with all its rows; ARG is the caller's. */
typedef void rp_several_ask(struct rp_shares *out, const struct rp_session *only, void *arg);

/* Gives SHARES, made of all sessions of P, a spread of nanoseconds for each row that is shown.
 * A request without the row counts as 0. */
void rp_several_spread(struct rp_shares *shares, const struct rp_profile *p, rp_several_ask *ask,
                       void *arg);

/* A number that every session has: its account line by line, the duration first. */
struct rp_several_number {
	const char *name, *key; /* for people, and in JSON */
	double (*of)(const struct rp_session *s);
};
enum { RP_SEVERAL_NUMBERS = 6 };
extern const struct rp_several_number rp_several_numbers[RP_SEVERAL_NUMBERS];

struct rp_spread rp_several_of(const struct rp_profile *p, const struct rp_several_number *number);

#endif
