/* routes.h - a listing by route: how many requests each had, and how long they took.
 *
 * Room: tools.  Pure.  A route is method and path without the query; a part of the path that is a
 * number or a UUID is the same as any other: "GET /users/+/orders" with a star for the plus.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_ROUTES_H
#define RP_ROUTES_H

#include "tools/listing.h"
#include "tools/memory.h"
#include "tools/spread.h"

struct rp_route {
	const char *name;
	const struct rp_summary **rows; /* as they stand in the listing */
	size_t n;
	const struct rp_summary *slowest, *latest;
	struct rp_spread duration_ns, cpu_ns;
	double total_ns; /* of their durations */
};

struct rp_routes {
	struct rp_route *routes;
	size_t n;
	struct rp_heap heap;
};

void rp_routes_make(struct rp_routes *r, const struct rp_listing *l);
void rp_routes_free(struct rp_routes *r);

/* Most first: "count", "median", "p95", "slowest", "total", or newest first: "time".  false: no
 * such key. */
bool rp_routes_sort(struct rp_routes *r, const char *key);

/* The route of METHOD and TARGET, kept in HEAP. */
const char *rp_routes_name(struct rp_heap *heap, const char *method, const char *target);

#endif
