/* route.h - a session's names in the tools of others: its route, its place in a distributed trace.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#ifndef RP_ROUTE_H
#define RP_ROUTE_H

#include "tools/memory.h"
#include "tools/profile.h"

/* "GET /api/items": the target without its query, kept in HEAP. */
const char *rp_route_of(struct rp_heap *heap, const struct rp_session *s);

/* Whether a request is of the route GLOB: a path or "METHOD path" with wildcards, with or without
 * the query. */
bool rp_route_matches(const char *method, const char *target, const char *glob);

/* The ids of a TRACEPARENT (W3C Trace Context, 2.2: version 00).  false: it holds none. */
bool rp_route_trace(const char *traceparent, char trace_id[33], char span_id[17]);

#endif
