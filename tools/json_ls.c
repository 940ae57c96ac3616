/* json_ls.c - lists of sessions and of routes as JSON; see render_ls.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/json.h"
#include "tools/render_ls.h"

static json_t *session(const struct rp_summary *s)
{
	return json_pack("{s:s, s:o, s:I, s:I, s:I, s:I, s:i, s:o, s:o, s:o, s:o, s:b}", "id",
	                 s->entry->id, "path", rp_json_text(s->entry->path), "wall_ns",
	                 (json_int_t)s->entry->wall_ns, "duration_ns", (json_int_t)s->duration_ns,
	                 "cpu_ns", (json_int_t)s->cpu_ns, "waits_ns", (json_int_t)s->waits_ns,
	                 "status", (int)s->status, "method", rp_json_text(s->method), "target",
	                 rp_json_text(s->target), "server", rp_json_text(s->server), "tag",
	                 rp_json_text(s->tag), "complete", (int)s->complete);
}

json_t *rp_json_listing(const struct rp_listing *l, size_t most)
{
	json_t *list = json_array();

	for (size_t i = 0; i < l->n && (!most || i < most); i++)
		json_array_append_new(list, session(&l->rows[i]));
	return json_pack("{s:o}", "sessions", list);
}

static json_t *route(const struct rp_route *r)
{
	return json_pack("{s:o, s:I, s:f, s:f, s:f, s:I, s:s, s:f, s:I}", "route",
	                 rp_json_text(r->name), "count", (json_int_t)r->n, "mean_ns",
	                 r->duration_ns.mean, "median_ns", r->duration_ns.median, "p95_ns",
	                 r->duration_ns.p95, "slowest_ns", (json_int_t)r->slowest->duration_ns,
	                 "slowest", r->slowest->entry->id, "cpu_median_ns", r->cpu_ns.median,
	                 "latest_wall_ns", (json_int_t)r->latest->entry->wall_ns);
}

json_t *rp_json_routes(const struct rp_routes *r, size_t most)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->n && (!most || i < most); i++)
		json_array_append_new(list, route(&r->routes[i]));
	return json_pack("{s:o}", "routes", list);
}
