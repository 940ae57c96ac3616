/* json.c - see json.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/json.h"

#include <stdlib.h>
#include <string.h>
#include "tools/several.h"
#include "tools/term.h"

json_t *rp_json_text(const char *text)
{
	if (!text)
		return json_null();
	json_t *json = json_string(text);

	if (json)
		return json;
	char *safe = rp_term_text_copy(text);

	json = json_string(safe);
	free(safe);
	return json ? json : json_null();
}

void rp_json_put(FILE *out, const char *text)
{
	json_t *json = rp_json_text(text);

	json_dumpf(json, out, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
	json_decref(json);
}

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

json_t *rp_json_function(const struct rp_function *f)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:b}", "function", rp_json_text(f->name), "file",
	                 rp_json_text(f->file), "line", f->line ? number(f->line) : json_null(),
	                 "module", rp_json_text(f->pseudo ? NULL : f->module), "library",
	                 (int)f->library);
}

static json_t *counts(const struct rp_count *count, size_t n)
{
	json_t *all = json_object();

	for (size_t i = 0; i < n; i++) {
		json_t *name = rp_json_text(count[i].name);
		const char *key = json_string_value(name);

		json_object_set_new(all, key ? key : "", number(count[i].value));
		json_decref(name);
	}
	return all;
}

/* Moments as ns since the first byte of the request; null when they are not known. */
static json_t *moments(const struct rp_session *s)
{
	json_t *all = json_object();

	for (size_t i = 0; i < 6; i++) {
		int64_t since = (int64_t)(s->phases_ns[i] - s->first_ns);

		json_object_set_new(all, rp_profile_phases[i],
		                    s->phases_ns[i] == UINT64_MAX ? json_null()
		                                                  : json_integer(since));
	}
	return all;
}

static json_t *request(const struct rp_session *s)
{
	const struct {
		const char *key, *text;
	} texts[] = {
	        {"method", s->method},     {"target", s->target},
	        {"protocol", s->protocol}, {"host", s->host},
	        {"peer", s->peer},         {"local", s->local},
	        {"server", s->server},     {"trigger", s->trigger},
	        {"tag", s->tag},           {"traceparent", s->traceparent},
	        {"ended", s->ended},
	};
	json_t *all = json_object();

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		json_object_set_new(all, texts[i].key, rp_json_text(texts[i].text));
	json_object_set_new(all, "status", s->status ? number(s->status) : json_null());
	json_object_set_new(all, "pid", number(s->pid));
	json_object_set_new(all, "bytes_in", number(s->bytes_in));
	json_object_set_new(all, "bytes_out", number(s->bytes_out));
	json_object_set_new(all, "began_wall_ns", number(s->began_wall_ns));
	return all;
}

json_t *rp_json_session(const struct rp_session *s)
{
	return json_pack("{s:o, s:o, s:I, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I}", "id",
	                 rp_json_text(s->id), "path", rp_json_text(s->path), "interval_ns",
	                 (json_int_t)s->interval_ns, "complete", s->why == NULL, "incomplete_why",
	                 rp_json_text(s->why), "request", request(s), "phases", moments(s),
	                 "account", rp_json_account(s), "lost", counts(s->lost, s->n_lost),
	                 "counters", counts(s->counters, s->n_counters), "n_samples",
	                 (json_int_t)s->n_samples, "n_waits", (json_int_t)s->n_waits);
}

/* Client waits as {way, at_ns, span_ns}, at since the first byte. */
json_t *rp_json_phases(const struct rp_session *s)
{
	json_t *client = json_array();

	for (size_t i = 0; i < s->n_client; i++)
		json_array_append_new(client,
		                      json_pack("{s:s, s:I, s:I}", "way",
		                                s->client[i].way ? "reads" : "sends", "at_ns",
		                                (json_int_t)(s->client[i].at_ns - s->first_ns),
		                                "span_ns", (json_int_t)s->client[i].span_ns));
	return json_pack("{s:o, s:o, s:I, s:o, s:o, s:o}", "id", rp_json_text(s->id), "request",
	                 request(s), "duration_ns", (json_int_t)s->account.duration_ns, "phases",
	                 moments(s), "counters", counts(s->counters, s->n_counters), "client",
	                 client);
}

json_t *rp_json_sessions(const struct rp_profile *p)
{
	json_t *all = json_array();

	for (size_t i = 0; i < p->n_sessions; i++)
		json_array_append_new(all, rp_json_session(&p->sessions[i]));
	return all;
}

json_t *rp_json_spread(const struct rp_spread *s)
{
	return json_pack("{s:I, s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "n", (json_int_t)s->n,
	                 "mean_ns", s->mean, "low_ns", s->low, "high_ns", s->high, "median_ns",
	                 s->median, "p95_ns", s->p95, "least_ns", s->least, "most_ns", s->most);
}

json_t *rp_json_requests(const struct rp_profile *p)
{
	json_t *all = json_object();

	for (size_t i = 0; i < RP_SEVERAL_NUMBERS; i++) {
		struct rp_spread s = rp_several_of(p, &rp_several_numbers[i]);

		json_object_set_new(all, rp_several_numbers[i].key, rp_json_spread(&s));
	}
	return all;
}

static json_t *share(const struct rp_profile *p, const struct rp_shares *shares, size_t i)
{
	const struct rp_share *row = &shares->rows[i];
	double part = shares->whole_ns ? (double)row->ns / (double)shares->whole_ns : 0;
	json_t *json = rp_json_function(&p->functions[row->functions[row->n_functions - 1]]);
	json_t *path = json_array();

	for (size_t k = 0; k < row->n_functions; k++)
		json_array_append_new(path, rp_json_function(&p->functions[row->functions[k]]));
	json_object_set_new(json, "path", path);
	json_object_set_new(json, "time_ns", number(row->ns));
	json_object_set_new(json, "share", json_real(part));
	if (shares->spreads)
		json_object_set_new(json, "requests", rp_json_spread(&shares->spreads[i]));
	return json;
}

json_t *rp_json_shares(const struct rp_profile *p, const struct rp_shares *shares)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < shares->n_rows; i++)
		json_array_append_new(rows, share(p, shares, i));
	return json_pack("{s:i, s:I, s:I, s:I, s:I, s:o}", "version", RP_JSON_VERSION, "whole_ns",
	                 (json_int_t)shares->whole_ns, "function_self_ns",
	                 (json_int_t)shares->self_ns, "function_total_ns",
	                 (json_int_t)shares->total_ns, "of", (json_int_t)shares->n_all, "rows",
	                 rows);
}

static json_t *call(const struct rp_profile *p, const struct rp_calltree *tree, size_t i)
{
	const struct rp_call *c = &tree->calls[i];
	json_t *json =
	        c->kind == RP_CALL_FRAME ? rp_json_function(&p->functions[c->what]) : json_object();

	if (c->kind == RP_CALL_THREAD)
		json_object_set_new(json, "tid", number(p->workers[c->what].tid));
	json_object_set_new(json, "call", number(i));
	json_object_set_new(json, "parent", i ? number(c->parent) : json_null());
	json_object_set_new(json, "total_ns", number(c->total_ns));
	json_object_set_new(json, "self_ns", number(c->self_ns));
	return json;
}

json_t *rp_json_tree(const struct rp_profile *p, const struct rp_calltree *tree)
{
	json_t *calls = json_array();

	for (size_t i = 0; i < tree->n_calls; i++)
		json_array_append_new(calls, call(p, tree, i));
	return json_pack("{s:i, s:o, s:o}", "version", RP_JSON_VERSION, "sessions",
	                 rp_json_sessions(p), "calls", calls);
}

json_t *rp_json_threads(const struct rp_profile *p)
{
	json_t *all = json_array();

	for (size_t i = 0; i < p->n_workers; i++)
		json_array_append_new(all, json_pack("{s:I, s:I, s:o}", "pid",
		                                     (json_int_t)p->workers[i].pid, "tid",
		                                     (json_int_t)p->workers[i].tid, "name",
		                                     rp_json_text(p->workers[i].name)));
	return all;
}

json_t *rp_json_modules(const struct rp_profile *p)
{
	json_t *all = json_array();

	for (size_t i = 0; i < p->n_modules; i++) {
		const struct rp_object_file *o = &p->modules[i];

		json_array_append_new(all, json_pack("{s:o, s:o, s:o, s:o}", "path",
		                                     rp_json_text(o->path), "build_id",
		                                     rp_json_text(o->build_id), "symbols",
		                                     rp_json_text(o->symbols), "symbol_file",
		                                     rp_json_text(o->source)));
	}
	return all;
}

bool rp_json_write(FILE *out, json_t *json)
{
	bool ok = json && json_dumpf(json, out, JSON_ENSURE_ASCII | JSON_INDENT(1)) == 0;

	json_decref(json);
	return ok && fputc('\n', out) != EOF;
}
