/* export_pprof.c - a gzipped pprof profile: google/pprof, proto/profile.proto.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include "pprof.pb-c.h"
#include "tools/dictionary.h"
#include "tools/exports.h"
#include "tools/gzip.h"
#include "tools/route.h"
#include "tools/stacks.h"

enum { N_VALUES = 4, N_LABELS = 5 };

static void add_label(struct rp_dictionary *d, Pprof__Sample *sample, const char *key,
                      const char *text)
{
	Pprof__Label *label;

	if (!text || !*text)
		return;
	label = rp_heap_take(&d->heap, sizeof(*label));
	pprof__label__init(label);
	label->key = rp_dictionary_text(d, key);
	label->str = rp_dictionary_text(d, text);
	sample->label[sample->n_label++] = label;
}

static void add_labels(struct rp_dictionary *d, Pprof__Sample *sample,
                       const struct rp_stack_sum *sum)
{
	const struct rp_session *s = &d->p->sessions[sum->session];
	const struct rp_worker *worker = &d->p->workers[sum->thread];
	char trace_id[33], span_id[17];

	sample->label = rp_heap_take(&d->heap, N_LABELS * sizeof(*sample->label));
	add_label(d, sample, "thread", rp_heap_print(&d->heap, "%s %u", worker->name, worker->tid));
	add_label(d, sample, "route", rp_route_of(&d->heap, s));
	add_label(d, sample, "request_id", s->id);
	if (rp_route_trace(s->traceparent, trace_id, span_id)) {
		add_label(d, sample, "trace_id", trace_id);
		add_label(d, sample, "span_id", span_id);
	}
}

static Pprof__Sample *sample_of(struct rp_dictionary *d, const struct rp_stack_sum *sum, bool cpu)
{
	Pprof__Sample *sample = rp_heap_take(&d->heap, sizeof(*sample));
	/* As the types of add_head. */
	const uint64_t values[N_VALUES] = {sum->count, cpu ? sum->wall_ns : sum->cpu_ns,
	                                   sum->wait_ns, cpu ? sum->cpu_ns : sum->wall_ns};

	pprof__sample__init(sample);
	sample->n_location_id = rp_dictionary_stack(d, sum->spot);
	sample->location_id =
	        rp_heap_take(&d->heap, (sample->n_location_id + 1) * sizeof(uint64_t));
	for (size_t i = 0; i < sample->n_location_id; i++)
		sample->location_id[i] = d->path[i] + 1;
	sample->n_value = N_VALUES;
	sample->value = rp_heap_take(&d->heap, N_VALUES * sizeof(*sample->value));
	for (size_t i = 0; i < N_VALUES; i++)
		sample->value[i] = (int64_t)values[i];
	add_labels(d, sample, sum);
	return sample;
}

static Pprof__ValueType *value_type(struct rp_dictionary *d, const char *type, const char *unit)
{
	Pprof__ValueType *v = rp_heap_take(&d->heap, sizeof(*v));

	pprof__value_type__init(v);
	v->type = rp_dictionary_text(d, type);
	v->unit = rp_dictionary_text(d, unit);
	return v;
}

static void add_samples(struct rp_dictionary *d, Pprof__Profile *out, bool cpu)
{
	struct rp_stacks stacks;

	rp_stacks_make(&stacks, d->p);
	out->sample = rp_heap_take(&d->heap, (stacks.n + 1) * sizeof(*out->sample));
	for (size_t i = 0; i < stacks.n; i++)
		out->sample[out->n_sample++] = sample_of(d, &stacks.sums[i], cpu);
	rp_stacks_free(&stacks);
}

static Pprof__Location *location(struct rp_dictionary *d, size_t which)
{
	const struct rp_spot *leaf = d->locations[which];
	Pprof__Location *l = rp_heap_take(&d->heap, sizeof(*l));
	size_t n = 0;

	pprof__location__init(l);
	l->id = which + 1;
	l->mapping_id = leaf->module;
	l->address = leaf->vaddr;
	for (const struct rp_spot *s = leaf; s; s = rp_dictionary_around(d, s))
		n++;
	l->line = rp_heap_take(&d->heap, n * sizeof(*l->line));
	for (const struct rp_spot *s = leaf; s; s = rp_dictionary_around(d, s)) {
		Pprof__Line *line = rp_heap_take(&d->heap, sizeof(*line));

		pprof__line__init(line);
		line->function_id = (uint64_t)s->function + 1;
		line->line = s->line;
		l->line[l->n_line++] = line;
	}
	return l;
}

static Pprof__Function *function(struct rp_dictionary *d, size_t which)
{
	const struct rp_function *f = &d->p->functions[which];
	Pprof__Function *out = rp_heap_take(&d->heap, sizeof(*out));

	pprof__function__init(out);
	out->id = which + 1;
	out->name = out->system_name = rp_dictionary_text(d, f->name);
	out->filename = rp_dictionary_text(d, f->file ? f->file : f->module);
	out->start_line = f->line;
	return out;
}

/* Addresses are those of the file: each mapping begins at 0. */
static Pprof__Mapping *mapping(struct rp_dictionary *d, size_t which)
{
	const struct rp_object_file *o = &d->p->modules[which];
	bool debug = strcmp(o->symbols, "debug") == 0;
	Pprof__Mapping *m = rp_heap_take(&d->heap, sizeof(*m));

	pprof__mapping__init(m);
	m->id = which + 1;
	m->memory_limit = rp_dictionary_limit(d, which);
	m->filename = rp_dictionary_text(d, o->path);
	m->build_id = rp_dictionary_text(d, o->build_id);
	m->has_functions = true;
	m->has_filenames = m->has_line_numbers = m->has_inline_frames = debug;
	return m;
}

static void add_tables(struct rp_dictionary *d, Pprof__Profile *out)
{
	const struct rp_profile *p = d->p;

	out->location = rp_heap_take(&d->heap, (d->n_locations + 1) * sizeof(*out->location));
	for (size_t i = 0; i < d->n_locations; i++)
		out->location[out->n_location++] = location(d, i);
	out->function = rp_heap_take(&d->heap, (p->n_functions + 1) * sizeof(*out->function));
	for (size_t i = 0; i < p->n_functions; i++)
		out->function[out->n_function++] = function(d, i);
	out->mapping = rp_heap_take(&d->heap, (p->n_modules + 1) * sizeof(*out->mapping));
	/* The first is taken for the program. */
	for (size_t i = 0; i < p->n_modules; i++)
		if (p->modules[i].main)
			out->mapping[out->n_mapping++] = mapping(d, i);
	for (size_t i = 0; i < p->n_modules; i++)
		if (!p->modules[i].main)
			out->mapping[out->n_mapping++] = mapping(d, i);
}

static void add_head(struct rp_dictionary *d, Pprof__Profile *out, bool cpu)
{
	/* What is asked for comes last: readers that do not find the default take that. */
	const char *const types[N_VALUES] = {"samples", cpu ? "wall" : "cpu", "wait",
	                                     cpu ? "cpu" : "wall"};
	const struct rp_session *s = &d->p->sessions[0];

	out->sample_type = rp_heap_take(&d->heap, N_VALUES * sizeof(*out->sample_type));
	for (size_t i = 0; i < N_VALUES; i++)
		out->sample_type[out->n_sample_type++] =
		        value_type(d, types[i], i ? "nanoseconds" : "count");
	out->default_sample_type = rp_dictionary_text(d, cpu ? "cpu" : "wall");
	out->period_type = value_type(d, "wall", "nanoseconds");
	out->period = (int64_t)s->interval_ns;
	out->time_nanos = (int64_t)s->began_wall_ns;
	for (size_t i = 0; i < d->p->n_sessions; i++)
		out->duration_nanos += (int64_t)d->p->sessions[i].account.duration_ns;
}

bool rp_export_pprof(FILE *out, const struct rp_profile *p, bool cpu)
{
	Pprof__Profile profile = PPROF__PROFILE__INIT;
	struct rp_dictionary d;

	rp_dictionary_make(&d, p);
	add_head(&d, &profile, cpu);
	add_samples(&d, &profile, cpu);
	add_tables(&d, &profile);
	profile.string_table = d.texts;
	profile.n_string_table = d.n_texts;
	size_t n = pprof__profile__get_packed_size(&profile);
	uint8_t *bytes = rp_memory_zero(n, 1);

	pprof__profile__pack(&profile, bytes);
	bool ok = rp_gzip_write(out, bytes, n);

	free(bytes);
	rp_dictionary_free(&d);
	return ok;
}
