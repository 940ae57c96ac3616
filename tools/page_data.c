/* page_data.c - the data of a page: tables as columns of numbers, sessions as other reports have
 * them.  See page.h; what each key means is told in page_parts.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include "tools/commands.h"
#include "tools/diff.h"
#include "tools/json.h"
#include "tools/page_parts.h"

enum { RP_PAGE_VERSION = 1 };

static bool same_text(const void *owner, uint32_t number, const void *key)
{
	return strcmp(((const struct rp_page_parts *)owner)->texts[number], key) == 0;
}

uint32_t rp_page_text(struct rp_page_parts *parts, const char *text)
{
	const char *key = text ? text : "";
	bool fresh;
	uint32_t at = rp_index_of(&parts->text_index, rp_memory_hash(0, key, strlen(key)),
	                          same_text, parts, key, &fresh);

	if (fresh) {
		parts->texts = rp_memory_grow(parts->texts, parts->n_texts, sizeof(*parts->texts));
		parts->texts[parts->n_texts++] = key;
	}
	return at;
}

void rp_page_key(struct rp_page_parts *parts, const char *key, bool first)
{
	fprintf(parts->out, "%s\"%s\":", first ? "" : ",\n", key);
}

void rp_page_column(struct rp_page_parts *parts, const char *key, bool first)
{
	rp_page_key(parts, key, first);
	fputc('[', parts->out);
}

void rp_page_number(struct rp_page_parts *parts, size_t which, int64_t value)
{
	fprintf(parts->out, which ? ",%lld" : "%lld", (long long)value);
}

void rp_page_column_end(struct rp_page_parts *parts)
{
	fputc(']', parts->out);
}

static void put_json(struct rp_page_parts *parts, const char *key, json_t *json)
{
	rp_page_key(parts, key, false);
	json_dumpf(json, parts->out, JSON_ENSURE_ASCII | JSON_COMPACT);
	json_decref(json);
}

static json_t *shorts_of(const struct rp_session *s)
{
	json_t *all = json_array();

	for (size_t i = 0; i < s->n_shorts; i++)
		json_array_append_new(all, json_pack("{s:o, s:I, s:I}", "kind",
		                                     rp_json_text(s->shorts[i].kind), "count",
		                                     (json_int_t)s->shorts[i].n, "waited_ns",
		                                     (json_int_t)s->shorts[i].waited_ns));
	return all;
}

/* As text: a clock has more digits than a number of JavaScript. */
static json_t *digits(uint64_t ns)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)ns);
	return json_string(text);
}

/* A session as `export -f json` has it, and what else a page shows of it. */
static json_t *session_of(const struct rp_session *s)
{
	json_t *all = rp_json_session(s), *phases = rp_json_phases(s);

	json_object_set_new(all, "first_ns", digits(s->first_ns));
	json_object_set_new(json_object_get(all, "request"), "began_wall_ns",
	                    digits(s->began_wall_ns));
	json_object_set(all, "client", json_object_get(phases, "client"));
	json_object_set_new(all, "shorts", shorts_of(s));
	json_object_set_new(all, "n_segments", json_integer((json_int_t)s->n_segments));
	json_object_set_new(all, "n_without_tick", json_integer((json_int_t)s->n_without_tick));
	json_decref(phases);
	return all;
}

static json_t *sessions_of(const struct rp_profile *p)
{
	json_t *all = json_array();

	for (size_t i = 0; i < p->n_sessions; i++)
		json_array_append_new(all, session_of(&p->sessions[i]));
	return all;
}

static json_t *texts_of(const struct rp_page_parts *parts)
{
	json_t *all = json_array();

	for (size_t i = 0; i < parts->n_texts; i++)
		json_array_append_new(all, rp_json_text(parts->texts[i]));
	return all;
}

static void put_functions(struct rp_page_parts *parts)
{
	const struct rp_profile *p = parts->p;
	json_t *names = json_array();

	for (size_t i = 0; i < p->n_functions; i++)
		json_array_append_new(names, rp_json_text(p->functions[i].name));
	rp_page_key(parts, "functions", false);
	fputc('{', parts->out);
	rp_page_column(parts, "file", true);
	for (size_t i = 0; i < p->n_functions; i++)
		rp_page_number(parts, i, rp_page_text(parts, p->functions[i].file));
	rp_page_column_end(parts);
	rp_page_column(parts, "module", false);
	for (size_t i = 0; i < p->n_functions; i++)
		rp_page_number(parts, i, rp_page_text(parts, p->functions[i].module));
	rp_page_column_end(parts);
	rp_page_column(parts, "line", false);
	for (size_t i = 0; i < p->n_functions; i++)
		rp_page_number(parts, i, p->functions[i].line);
	rp_page_column_end(parts);
	rp_page_column(parts, "kind", false);
	for (size_t i = 0; i < p->n_functions; i++)
		rp_page_number(parts, i,
		               p->functions[i].pseudo ? 2 : (int64_t)p->functions[i].library);
	rp_page_column_end(parts);
	rp_page_column(parts, "wait", false);
	for (size_t i = 0; i < p->n_functions; i++)
		rp_page_number(parts, i, parts->wait_of[i]);
	rp_page_column_end(parts);
	put_json(parts, "name", names);
	fputc('}', parts->out);
}

static void put_nodes(struct rp_page_parts *parts)
{
	const struct rp_page_nodes *nodes = &parts->nodes;

	rp_page_key(parts, "nodes", false);
	fputc('{', parts->out);
	rp_page_column(parts, "up", true); /* how far back the caller stands: mostly a digit */
	for (size_t i = 0; i < nodes->n; i++) {
		uint32_t caller = nodes->nodes[i].caller;

		rp_page_number(parts, i, caller ? (int64_t)i - (int64_t)(caller - 1) : 0);
	}
	rp_page_column_end(parts);
	rp_page_column(parts, "frame", false);
	for (size_t i = 0; i < nodes->n; i++)
		rp_page_number(parts, i, nodes->nodes[i].frame);
	rp_page_column_end(parts);
	rp_page_column(parts, "function", false);
	for (size_t i = 0; i < nodes->n_frames; i++)
		rp_page_number(parts, i, nodes->frames[i].function);
	rp_page_column_end(parts);
	rp_page_column(parts, "line", false);
	for (size_t i = 0; i < nodes->n_frames; i++)
		rp_page_number(parts, i, nodes->frames[i].line);
	rp_page_column_end(parts);
	fputc('}', parts->out);
}

/* Which pseudo functions stand for waits: the text of the kind, "client" when it is for him. */
static uint32_t *waits_of(struct rp_page_parts *parts)
{
	const struct rp_profile *p = parts->p;
	uint32_t *all = rp_memory_zero(p->n_functions, sizeof(*all));

	for (size_t i = 0; i < p->n_waits; i++) {
		const struct rp_wait *w = &p->waits[i];
		const struct rp_chain *c = &p->chains[w->chain];
		bool client = strncmp(w->object, "client", 6) == 0;

		all[c->functions[c->n - 1]] = rp_page_text(parts, client ? "client" : w->kind);
	}
	return all;
}

static void put_all(struct rp_page_parts *parts)
{
	const struct rp_profile *p = parts->p;

	fprintf(parts->out, "{\"version\":%d,\"tool\":\"reqprof %s\",\"n_before\":%zu",
	        RP_PAGE_VERSION, RP_VERSION, parts->how->n_before);
	put_json(parts, "sessions", sessions_of(p));
	put_json(parts, "threads", rp_json_threads(p));
	put_functions(parts);
	rp_page_lanes(parts);
	rp_page_stretches(parts);
	rp_page_waits(parts);
	rp_page_handoffs(parts);
	put_nodes(parts); /* after whatever may ask for another one */
	rp_page_sources(parts);
	put_json(parts, "modules", rp_json_modules(p));
	put_json(parts, "texts", texts_of(parts));
	fputs("}\n", parts->out);
}

/* A '<' can only stand inside of a text, where an escape means the same. */
static void copy_safely(FILE *out, const char *json, size_t n)
{
	for (size_t at = 0, run; at < n; at += run) {
		const char *next = memchr(json + at, '<', n - at);

		run = next ? (size_t)(next - json) - at : n - at;
		fwrite(json + at, 1, run, out);
		if (next) {
			fputs("\\u003c", out);
			run++;
		}
	}
}

bool rp_page_data(FILE *out, const struct rp_profile *p, const struct rp_page_how *how)
{
	struct rp_page_parts parts = {.p = p, .how = how};
	char *json = NULL;
	size_t n = 0;

	parts.out = open_memstream(&json, &n);
	if (!parts.out)
		return false;
	rp_page_text(&parts, "");
	uint32_t *wait_of = waits_of(&parts), *kin = how->n_before ? rp_diff_kin(p) : NULL;

	parts.wait_of = wait_of;
	rp_page_nodes_make(&parts.nodes, p, kin);
	put_all(&parts);
	bool ok = !ferror(parts.out);

	ok = fclose(parts.out) == 0 && ok;
	if (ok)
		copy_safely(out, json, n);
	free(json);
	free(wait_of);
	free(kin);
	free(parts.texts);
	rp_index_free(&parts.text_index);
	rp_page_nodes_free(&parts.nodes);
	return ok && !ferror(out);
}
