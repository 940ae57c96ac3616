/* export_pprof.c - a gzipped pprof profile: google/pprof, proto/profile.proto.
 *
 * Room: tools.  A location is an address of a module, with the functions inlined there; what is
 * none (a wait, a truncated stack) is a location of its own without an address.
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include "pprof.pb-c.h"
#include "tools/exports.h"
#include "tools/gzip.h"
#include "tools/memory.h"
#include "tools/route.h"
#include "tools/stacks.h"
#include "tools/term.h"

enum { N_VALUES = 4, N_LABELS = 5 };

struct pprof {
	const struct rp_profile *p;
	struct rp_heap heap;
	struct rp_index strings, locations;
	char **text; /* the string table */
	size_t n_text;
	const struct rp_spot **leaf; /* of each location: its innermost spot */
	size_t n_locations;
	uint64_t *path; /* scratch: the locations of one stack */
};

static bool same_text(const void *owner, uint32_t number, const void *key)
{
	return strcmp(((const struct pprof *)owner)->text[number], key) == 0;
}

/* The number of TEXT in the string table, which is UTF-8. */
static int64_t text_of(struct pprof *w, const char *text)
{
	char *safe = rp_term_text_copy(text ? text : "");
	bool fresh;
	uint32_t at = rp_index_of(&w->strings, rp_memory_hash(0, safe, strlen(safe)), same_text, w,
	                          safe, &fresh);

	if (fresh) {
		w->text = rp_memory_grow(w->text, w->n_text, sizeof(*w->text));
		w->text[w->n_text++] = rp_heap_text(&w->heap, safe, strlen(safe));
	}
	free(safe);
	return at;
}

static bool same_location(const void *owner, uint32_t number, const void *key)
{
	const struct rp_spot *a = ((const struct pprof *)owner)->leaf[number], *b = key;

	if (a->module != b->module || a->vaddr != b->vaddr)
		return false;
	return a->module || a->function == b->function;
}

static uint64_t location_of(struct pprof *w, const struct rp_spot *leaf)
{
	uint64_t hash = leaf->module ? leaf->vaddr : leaf->function;
	bool fresh;
	uint32_t at = rp_index_of(&w->locations, rp_memory_hash(leaf->module, &hash, sizeof(hash)),
	                          same_location, w, leaf, &fresh);

	if (fresh) {
		w->leaf = rp_memory_grow(w->leaf, w->n_locations, sizeof(*w->leaf));
		w->leaf[w->n_locations++] = leaf;
	}
	return at + 1;
}

/* The spot behind SPOT and all that is inlined with it; NULL at the root. */
static const struct rp_spot *outer(const struct rp_profile *p, const struct rp_spot *spot)
{
	while (spot->inlined && spot->caller)
		spot = &p->spots[spot->caller - 1];
	return spot->caller ? &p->spots[spot->caller - 1] : NULL;
}

static uint64_t *stack_of(struct pprof *w, uint32_t leaf, size_t *n)
{
	const struct rp_profile *p = w->p;

	*n = 0;
	for (const struct rp_spot *s = leaf ? &p->spots[leaf - 1] : NULL; s; s = outer(p, s))
		w->path[(*n)++] = location_of(w, s);
	uint64_t *ids = rp_heap_take(&w->heap, (*n + 1) * sizeof(*ids));

	memcpy(ids, w->path, *n * sizeof(*ids));
	return ids;
}

static void add_label(struct pprof *w, Pprof__Sample *sample, const char *key, const char *text)
{
	Pprof__Label *label;

	if (!text || !*text)
		return;
	label = rp_heap_take(&w->heap, sizeof(*label));
	pprof__label__init(label);
	label->key = text_of(w, key);
	label->str = text_of(w, text);
	sample->label[sample->n_label++] = label;
}

static void add_labels(struct pprof *w, Pprof__Sample *sample, const struct rp_stack_sum *sum)
{
	const struct rp_session *s = &w->p->sessions[sum->session];
	const struct rp_worker *worker = &w->p->workers[sum->thread];
	char trace_id[33], span_id[17];

	sample->label = rp_heap_take(&w->heap, N_LABELS * sizeof(*sample->label));
	add_label(w, sample, "thread", rp_heap_print(&w->heap, "%s %u", worker->name, worker->tid));
	add_label(w, sample, "route", rp_route_of(&w->heap, s));
	add_label(w, sample, "request_id", s->id);
	if (rp_route_trace(s->traceparent, trace_id, span_id)) {
		add_label(w, sample, "trace_id", trace_id);
		add_label(w, sample, "span_id", span_id);
	}
}

static Pprof__Sample *sample_of(struct pprof *w, const struct rp_stack_sum *sum)
{
	Pprof__Sample *sample = rp_heap_take(&w->heap, sizeof(*sample));
	const uint64_t values[N_VALUES] = {sum->count, sum->wall_ns, sum->cpu_ns, sum->wait_ns};

	pprof__sample__init(sample);
	sample->location_id = stack_of(w, sum->spot, &sample->n_location_id);
	sample->n_value = N_VALUES;
	sample->value = rp_heap_take(&w->heap, N_VALUES * sizeof(*sample->value));
	for (size_t i = 0; i < N_VALUES; i++)
		sample->value[i] = (int64_t)values[i];
	add_labels(w, sample, sum);
	return sample;
}

static Pprof__ValueType *value_type(struct pprof *w, const char *type, const char *unit)
{
	Pprof__ValueType *v = rp_heap_take(&w->heap, sizeof(*v));

	pprof__value_type__init(v);
	v->type = text_of(w, type);
	v->unit = text_of(w, unit);
	return v;
}

static void add_samples(struct pprof *w, Pprof__Profile *out)
{
	struct rp_stacks stacks;

	rp_stacks_make(&stacks, w->p);
	out->sample = rp_heap_take(&w->heap, (stacks.n + 1) * sizeof(*out->sample));
	for (size_t i = 0; i < stacks.n; i++)
		out->sample[out->n_sample++] = sample_of(w, &stacks.sums[i]);
	rp_stacks_free(&stacks);
}

static Pprof__Location *location(struct pprof *w, size_t which)
{
	const struct rp_spot *s = w->leaf[which];
	Pprof__Location *l = rp_heap_take(&w->heap, sizeof(*l));
	size_t n = 1;

	pprof__location__init(l);
	l->id = which + 1;
	l->mapping_id = s->module;
	l->address = s->vaddr;
	for (const struct rp_spot *at = s; at->inlined && at->caller; n++)
		at = &w->p->spots[at->caller - 1];
	l->line = rp_heap_take(&w->heap, n * sizeof(*l->line));
	for (; n > 0; n--) {
		Pprof__Line *line = rp_heap_take(&w->heap, sizeof(*line));

		pprof__line__init(line);
		line->function_id = (uint64_t)s->function + 1;
		line->line = s->line;
		l->line[l->n_line++] = line;
		s = s->caller ? &w->p->spots[s->caller - 1] : s;
	}
	return l;
}

static Pprof__Function *function(struct pprof *w, size_t which)
{
	const struct rp_function *f = &w->p->functions[which];
	Pprof__Function *out = rp_heap_take(&w->heap, sizeof(*out));

	pprof__function__init(out);
	out->id = which + 1;
	out->name = out->system_name = text_of(w, f->name);
	out->filename = text_of(w, f->file ? f->file : f->module);
	out->start_line = f->line;
	return out;
}

/* Addresses are those of the file: each mapping begins at 0. */
static Pprof__Mapping *mapping(struct pprof *w, size_t which)
{
	const struct rp_object_file *o = &w->p->modules[which];
	bool debug = strcmp(o->symbols, "debug") == 0;
	Pprof__Mapping *m = rp_heap_take(&w->heap, sizeof(*m));

	pprof__mapping__init(m);
	m->id = which + 1;
	for (size_t i = 0; i < w->n_locations; i++)
		if (w->leaf[i]->module == which + 1 && w->leaf[i]->vaddr >= m->memory_limit)
			m->memory_limit = w->leaf[i]->vaddr + 1;
	m->filename = text_of(w, o->path);
	m->build_id = text_of(w, o->build_id);
	m->has_functions = true;
	m->has_filenames = m->has_line_numbers = m->has_inline_frames = debug;
	return m;
}

static void add_tables(struct pprof *w, Pprof__Profile *out)
{
	const struct rp_profile *p = w->p;

	out->location = rp_heap_take(&w->heap, (w->n_locations + 1) * sizeof(*out->location));
	for (size_t i = 0; i < w->n_locations; i++)
		out->location[out->n_location++] = location(w, i);
	out->function = rp_heap_take(&w->heap, (p->n_functions + 1) * sizeof(*out->function));
	for (size_t i = 0; i < p->n_functions; i++)
		out->function[out->n_function++] = function(w, i);
	out->mapping = rp_heap_take(&w->heap, (p->n_modules + 1) * sizeof(*out->mapping));
	for (size_t i = 0; i < p->n_modules; i++)
		out->mapping[out->n_mapping++] = mapping(w, i);
}

static void add_head(struct pprof *w, Pprof__Profile *out, bool cpu)
{
	static const char *const types[N_VALUES] = {"samples", "wall", "cpu", "wait"};
	const struct rp_session *s = &w->p->sessions[0];

	text_of(w, ""); /* the table begins with it */
	out->sample_type = rp_heap_take(&w->heap, N_VALUES * sizeof(*out->sample_type));
	for (size_t i = 0; i < N_VALUES; i++)
		out->sample_type[out->n_sample_type++] =
		        value_type(w, types[i], i ? "nanoseconds" : "count");
	out->default_sample_type = text_of(w, cpu ? "cpu" : "wall");
	out->period_type = value_type(w, "wall", "nanoseconds");
	out->period = (int64_t)s->interval_ns;
	out->time_nanos = (int64_t)s->began_wall_ns;
	for (size_t i = 0; i < w->p->n_sessions; i++)
		out->duration_nanos += (int64_t)w->p->sessions[i].account.duration_ns;
}

bool rp_export_pprof(FILE *out, const struct rp_profile *p, bool cpu)
{
	struct pprof w = {.p = p, .path = rp_memory_zero(p->n_spots + 1, sizeof(*w.path))};
	Pprof__Profile profile = PPROF__PROFILE__INIT;

	add_head(&w, &profile, cpu);
	add_samples(&w, &profile);
	add_tables(&w, &profile);
	profile.string_table = w.text;
	profile.n_string_table = w.n_text;
	size_t n = pprof__profile__get_packed_size(&profile);
	uint8_t *bytes = rp_memory_zero(n, 1);

	pprof__profile__pack(&profile, bytes);
	bool ok = rp_gzip_write(out, bytes, n);

	free(bytes);
	free(w.path);
	free(w.text);
	free(w.leaf);
	rp_index_free(&w.strings);
	rp_index_free(&w.locations);
	rp_heap_free(&w.heap);
	return ok;
}
