/* json_waits.c - what was waited for as JSON; see render_waits.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/render_waits.h"

static json_t *path(const struct rp_profile *p, const uint32_t *functions, uint32_t n)
{
	json_t *all = json_array();

	for (uint32_t i = 0; i < n; i++)
		json_array_append_new(all, rp_json_function(&p->functions[functions[i]]));
	return all;
}

static json_t *text_or_null(const char *text)
{
	return rp_json_text(*text ? text : NULL);
}

/* SUM with what all its waits have in common. */
static json_t *sum(const struct rp_profile *p, const struct rp_waits_sum *s, enum rp_waits_by by)
{
	const struct rp_wait *w = &p->waits[s->first];
	json_t *json = json_pack("{s:I, s:I, s:I, s:I}", "count", (json_int_t)s->n, "total_ns",
	                         (json_int_t)s->total_ns, "longest_ns", (json_int_t)s->longest_ns,
	                         "mean_ns", (json_int_t)(s->total_ns / s->n));
	const uint32_t *functions;
	uint32_t n = rp_waits_stack(p, w, &functions);

	if (by == RP_WAITS_STACK)
		json_object_set_new(json, "stack", path(p, functions, n));
	if (by == RP_WAITS_OBJECT || by == RP_WAITS_KIND)
		json_object_set_new(json, "kind", rp_json_text(w->kind));
	if (by == RP_WAITS_OBJECT)
		json_object_set_new(json, "object", text_or_null(w->object));
	return json;
}

static json_t *holder(const struct rp_profile *p, const struct rp_waits_sum *s)
{
	const struct rp_holder *h = &p->waits[s->first].holder;
	json_t *json = sum(p, s, RP_WAITS_HOLDER);

	json_object_set_new(json, "held", rp_json_text(h->words));
	json_object_set_new(json, "tid", h->tid ? json_integer(h->tid) : json_null());
	json_object_set_new(json, "request", text_or_null(h->request));
	json_object_set_new(json, "let_go",
	                    h->chain ? path(p, p->chains[h->chain - 1].functions,
	                                    p->chains[h->chain - 1].n)
	                             : json_null());
	return json;
}

static json_t *row(const struct rp_profile *p, const struct rp_waits *w,
                   const struct rp_waits_row *r)
{
	json_t *json = sum(p, &r->sum, w->by), *parts = json_array(), *holders = json_array();

	for (size_t i = 0; i < r->n_parts; i++)
		json_array_append_new(parts, sum(p, &r->parts[i], w->parts_by));
	for (size_t i = 0; i < r->n_holders; i++)
		json_array_append_new(holders, holder(p, &r->holders[i]));
	json_object_set_new(json, w->parts_by == RP_WAITS_STACK ? "stacks" : "objects", parts);
	json_object_set_new(json, "holders", holders);
	return json;
}

static json_t *shorts(const struct rp_profile *p)
{
	json_t *all = json_array();

	for (size_t i = 0; i < p->n_sessions; i++)
		for (size_t k = 0; k < p->sessions[i].n_shorts; k++) {
			const struct rp_short *s = &p->sessions[i].shorts[k];

			json_array_append_new(all, json_pack("{s:o, s:o, s:I, s:I}", "session",
			                                     rp_json_text(p->sessions[i].id),
			                                     "kind", rp_json_text(s->kind), "count",
			                                     (json_int_t)s->n, "total_ns",
			                                     (json_int_t)s->waited_ns));
		}
	return all;
}

json_t *rp_json_waits(const struct rp_profile *p, const struct rp_waits *w)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < w->n_rows; i++)
		json_array_append_new(rows, row(p, w, &w->rows[i]));
	return json_pack("{s:i, s:I, s:I, s:o, s:o}", "version", RP_JSON_VERSION, "whole_ns",
	                 (json_int_t)w->whole_ns, "of", (json_int_t)w->n_all, "rows", rows, "short",
	                 shorts(p));
}
