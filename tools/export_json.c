/* export_json.c - a whole profile as JSON; the keys are in reqprof.1.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/exports.h"
#include "tools/json.h"

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

static json_t *functions(const struct rp_profile *p)
{
	json_t *all = json_array();

	for (size_t i = 0; i < p->n_functions; i++)
		json_array_append_new(all, rp_json_function(&p->functions[i]));
	return all;
}

static json_t *stacks(const struct rp_profile *p)
{
	json_t *all = json_array();

	for (size_t i = 0; i < p->n_chains; i++) {
		json_t *one = json_array();

		for (uint32_t k = 0; k < p->chains[i].n; k++)
			json_array_append_new(one, number(p->chains[i].functions[k]));
		json_array_append_new(all, one);
	}
	return all;
}

static json_t *samples(const struct rp_profile *p, bool cpu)
{
	static const char *const kinds[] = {
	        [RP_POINT_TICK] = "tick",
	        [RP_POINT_EDGE] = "edge",
	        [RP_POINT_IN_WAIT] = "in wait",
	};
	json_t *all = json_array();

	for (size_t i = 0; i < p->n_points; i++) {
		const struct rp_point *x = &p->points[i];

		if (x->kind == RP_POINT_WAIT || (cpu && x->cpu_ns == 0))
			continue;
		json_array_append_new(
		        all,
		        json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "kind", kinds[x->kind],
		                  "thread", (json_int_t)x->thread, "stack", (json_int_t)x->chain,
		                  "at_ns", (json_int_t)x->at_ns, "wall_ns", (json_int_t)x->wall_ns,
		                  "cpu_ns", (json_int_t)x->cpu_ns));
	}
	return all;
}

static json_t *held(const struct rp_holder *h)
{
	if (!h->words)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o}", "words", rp_json_text(h->words), "tid",
	                 h->tid ? number(h->tid) : json_null(), "request",
	                 rp_json_text(*h->request ? h->request : NULL), "stack",
	                 h->chain ? number(h->chain - 1) : json_null());
}

static json_t *waits(const struct rp_profile *p)
{
	json_t *all = json_array();

	for (size_t i = 0; i < p->n_waits; i++) {
		const struct rp_wait *w = &p->waits[i];

		json_array_append_new(
		        all,
		        json_pack("{s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I}", "kind",
		                  rp_json_text(w->kind), "object",
		                  rp_json_text(*w->object ? w->object : NULL), "held",
		                  held(&w->holder), "thread", (json_int_t)w->thread, "stack",
		                  (json_int_t)w->chain, "at_ns", (json_int_t)w->at_ns, "span_ns",
		                  (json_int_t)w->span_ns, "cpu_ns", (json_int_t)w->cpu_ns));
	}
	return all;
}

static json_t *handoffs(const struct rp_profile *p)
{
	json_t *all = json_array();

	for (size_t i = 0; i < p->n_passages; i++) {
		const struct rp_passage *h = &p->passages[i];

		json_array_append_new(all, json_pack("{s:I, s:I, s:s, s:I, s:I}", "thread",
		                                     (json_int_t)h->thread, "from_tid",
		                                     (json_int_t)h->from_tid, "by", h->by,
		                                     "given_ns", (json_int_t)h->given_ns,
		                                     "taken_ns", (json_int_t)h->taken_ns));
	}
	return all;
}

bool rp_export_json(FILE *out, const struct rp_profile *p, bool cpu)
{
	/* One session stands at the top level; several are listed. */
	json_t *all = p->n_sessions == 1 ? rp_json_session(&p->sessions[0]) : json_object();

	if (p->n_sessions > 1)
		json_object_set_new(all, "sessions", rp_json_sessions(p));
	json_object_set_new(all, "version", json_integer(RP_JSON_VERSION));
	json_object_set_new(all, "threads", rp_json_threads(p));
	json_object_set_new(all, "functions", functions(p));
	json_object_set_new(all, "stacks", stacks(p));
	json_object_set_new(all, "samples", samples(p, cpu));
	json_object_set_new(all, "waits", cpu ? json_array() : waits(p));
	json_object_set_new(all, "handoffs", handoffs(p));
	json_object_set_new(all, "modules", rp_json_modules(p));
	return rp_json_write(out, all);
}
