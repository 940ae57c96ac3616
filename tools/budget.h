/* budget.h - what requests may cost: lines of a file, and whether sessions keep to them.
 *
 * Room: tools.  Pure.  A line is "GET /api/x: upstream_requests <= 3, wall p95 < 200ms": a route as
 * `ls --route` takes it, a colon, and bounds with commas between them.  "#" begins a comment.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_BUDGET_H
#define RP_BUDGET_H

#include "store/why.h"
#include "tools/memory.h"
#include "tools/profile.h"
#include "tools/spread.h"

enum rp_budget_unit { RP_BUDGET_TIME, RP_BUDGET_COUNT, RP_BUDGET_BYTES };
enum rp_budget_order {
	RP_BUDGET_LESS,
	RP_BUDGET_AT_MOST,
	RP_BUDGET_MORE,
	RP_BUDGET_AT_LEAST,
	RP_BUDGET_EQUAL
};

/* One bound.  Texts are kept by the budgets. */
struct rp_budget {
	unsigned line;        /* of the file, from 1 */
	const char *route;    /* "*": all */
	const char *text;     /* the bound as it was typed */
	size_t metric;        /* row of metrics.def */
	const char *argument; /* what stands in brackets, or NULL */
	double quantile;      /* 0.95; 1: of every request; -1: the mean */
	enum rp_budget_unit unit;
	enum rp_budget_order order;
	double limit; /* ns, count or bytes */
};

struct rp_budgets {
	struct rp_budget *budgets;
	size_t n;
	struct rp_heap heap;
};

/* Reads N bytes of TEXT.  false with WHY, whose AT is the number of the line. */
bool rp_budget_read(struct rp_budgets *b, const char *text, size_t n, struct rp_why *why);
void rp_budget_free(struct rp_budgets *b);

/* What the sessions of a bound's route came to. */
struct rp_budget_result {
	bool kept;        /* false also where there was no request to look at */
	size_t n;         /* requests */
	double value;     /* the quantile or mean that was asked for */
	double low, high; /* of it, 95 % sure (bootstrap); both VALUE for counts of every request */
	const struct rp_session *worst;
	bool never; /* the function or kind in brackets was not met at all */
};

struct rp_budget_result rp_budget_judge(const struct rp_budget *b, const struct rp_profile *p);

#endif
