/* export_otlp.c - OTLP profiles, protobuf: experimental, as the format is (see otlp.proto).
 *
 * Room: tools.  A profile for each of wall, cpu and wait: the format has one type of sample a
 * profile.  Zero values are left out of cpu and wait.
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include "otlp.pb-c.h"
#include "tools/commands.h"
#include "tools/dictionary.h"
#include "tools/exports.h"
#include "tools/route.h"
#include "tools/stacks.h"

enum { N_TYPES = 3, N_ATTRIBUTES = 3 };

struct pair;

struct otlp {
	struct rp_dictionary d;
	struct rp_stacks stacks;
	Otlp__ProfilesDictionary tables;
	struct rp_index attributes;
	struct pair *pairs; /* of each attribute */
};

/* Numbers of texts. */
struct pair {
	uint32_t key, value;
};

static bool same_pair(const void *owner, uint32_t number, const void *key)
{
	const struct pair *a = &((const struct otlp *)owner)->pairs[number], *b = key;

	return a->key == b->key && a->value == b->value;
}

/* N pointers to messages of SIZE bytes, all zero but for what INIT does. */
static void *messages(struct otlp *o, size_t n, size_t size, void (*init)(void *))
{
	void **at = rp_heap_take(&o->d.heap, (n + 1) * sizeof(*at));

	for (size_t i = 0; i < n; i++) {
		at[i] = rp_heap_take(&o->d.heap, size);
		init(at[i]);
	}
	return at;
}
#define MESSAGES(o, n, type, name)                                                                 \
	((type **)messages(o, n, sizeof(type), (void (*)(void *))otlp__##name##__init))

static int32_t text_of(struct otlp *o, const char *text)
{
	return (int32_t)rp_dictionary_text(&o->d, text);
}

static void add_pair(struct otlp *o, const struct pair *pair, Otlp__KeyValueAndUnit *a)
{
	Otlp__ProfilesDictionary *t = &o->tables;

	o->pairs = rp_memory_grow(o->pairs, t->n_attribute_table, sizeof(*o->pairs));
	o->pairs[t->n_attribute_table] = *pair;
	t->attribute_table = rp_memory_grow(t->attribute_table, t->n_attribute_table,
	                                    sizeof(*t->attribute_table));
	t->attribute_table[t->n_attribute_table++] = a;
}

/* The number of the attribute KEY = TEXT; 0 when there is no text. */
static int32_t attribute(struct otlp *o, const char *key, const char *text)
{
	struct pair pair = {rp_dictionary_text(&o->d, key), rp_dictionary_text(&o->d, text)};
	bool fresh;

	if (pair.value == 0)
		return 0;
	uint32_t at = rp_index_of(&o->attributes, rp_memory_hash(0, &pair, sizeof(pair)), same_pair,
	                          o, &pair, &fresh);

	if (!fresh)
		return (int32_t)at;
	Otlp__KeyValueAndUnit *a = *MESSAGES(o, 1, Otlp__KeyValueAndUnit, key_value_and_unit);

	a->key_strindex = (int32_t)pair.key;
	a->value = *MESSAGES(o, 1, Otlp__AnyValue, any_value);
	a->value->value_case = OTLP__ANY_VALUE__VALUE_STRING_VALUE;
	a->value->string_value = o->d.texts[pair.value];
	add_pair(o, &pair, a);
	return (int32_t)at;
}

static void add_attribute(int32_t *list, size_t *n, int32_t attribute)
{
	if (attribute)
		list[(*n)++] = attribute;
}

/* Sums of stacks: each is a stack of its own, since thread and session are attributes of it. */
static void add_stacks(struct otlp *o)
{
	Otlp__ProfilesDictionary *t = &o->tables;

	t->n_stack_table = o->stacks.n + 1;
	t->stack_table = MESSAGES(o, t->n_stack_table, Otlp__Stack, stack);
	for (size_t i = 0; i < o->stacks.n; i++) {
		Otlp__Stack *s = t->stack_table[i + 1];

		s->n_location_indices = rp_dictionary_stack(&o->d, o->stacks.sums[i].spot);
		s->location_indices =
		        rp_heap_take(&o->d.heap, (s->n_location_indices + 1) * sizeof(int32_t));
		for (size_t k = 0; k < s->n_location_indices; k++)
			s->location_indices[k] = (int32_t)o->d.path[k] + 1;
	}
}

static void add_locations(struct otlp *o)
{
	Otlp__ProfilesDictionary *t = &o->tables;

	t->n_location_table = o->d.n_locations + 1;
	t->location_table = MESSAGES(o, t->n_location_table, Otlp__Location, location);
	for (size_t i = 0; i < o->d.n_locations; i++) {
		const struct rp_spot *leaf = o->d.locations[i];
		Otlp__Location *l = t->location_table[i + 1];
		size_t n = 0;

		l->mapping_index = (int32_t)leaf->module;
		l->address = leaf->vaddr;
		for (const struct rp_spot *s = leaf; s; s = rp_dictionary_around(&o->d, s))
			n++;
		l->lines = MESSAGES(o, n, Otlp__Line, line);
		for (const struct rp_spot *s = leaf; s; s = rp_dictionary_around(&o->d, s)) {
			l->lines[l->n_lines]->function_index = (int32_t)s->function + 1;
			l->lines[l->n_lines++]->line = s->line;
		}
	}
}

static void add_functions(struct otlp *o)
{
	Otlp__ProfilesDictionary *t = &o->tables;

	t->n_function_table = o->d.p->n_functions + 1;
	t->function_table = MESSAGES(o, t->n_function_table, Otlp__Function, function);
	for (size_t i = 0; i < o->d.p->n_functions; i++) {
		const struct rp_function *f = &o->d.p->functions[i];
		Otlp__Function *out = t->function_table[i + 1];

		out->name_strindex = out->system_name_strindex = text_of(o, f->name);
		out->filename_strindex = text_of(o, f->file ? f->file : f->module);
		out->start_line = f->line;
	}
}

static void add_mappings(struct otlp *o)
{
	Otlp__ProfilesDictionary *t = &o->tables;

	t->n_mapping_table = o->d.p->n_modules + 1;
	t->mapping_table = MESSAGES(o, t->n_mapping_table, Otlp__Mapping, mapping);
	for (size_t i = 0; i < o->d.p->n_modules; i++) {
		Otlp__Mapping *m = t->mapping_table[i + 1];

		m->memory_limit = rp_dictionary_limit(&o->d, i);
		m->filename_strindex = text_of(o, o->d.p->modules[i].path);
		m->attribute_indices = rp_heap_take(&o->d.heap, sizeof(int32_t));
		add_attribute(m->attribute_indices, &m->n_attribute_indices,
		              attribute(o, "process.executable.build_id.gnu",
		                        o->d.p->modules[i].build_id));
	}
}

static uint8_t digit(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static ProtobufCBinaryData from_hex(struct otlp *o, const char *hex)
{
	ProtobufCBinaryData out = {.len = strlen(hex) / 2};

	out.data = rp_heap_take(&o->d.heap, out.len);
	for (size_t i = 0; i < out.len; i++)
		out.data[i] = (uint8_t)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
	return out;
}

/* A link a session, number + 1; without a trace it stays the zero value. */
static void add_links(struct otlp *o)
{
	Otlp__ProfilesDictionary *t = &o->tables;
	char trace_id[33], span_id[17];

	t->n_link_table = o->d.p->n_sessions + 1;
	t->link_table = MESSAGES(o, t->n_link_table, Otlp__Link, link);
	for (size_t i = 0; i < o->d.p->n_sessions; i++) {
		if (!rp_route_trace(o->d.p->sessions[i].traceparent, trace_id, span_id))
			continue;
		t->link_table[i + 1]->trace_id = from_hex(o, trace_id);
		t->link_table[i + 1]->span_id = from_hex(o, span_id);
	}
}

static uint64_t value_of(const struct rp_stack_sum *sum, int type)
{
	return type == 0 ? sum->wall_ns : type == 1 ? sum->cpu_ns : sum->wait_ns;
}

/* The attributes of each sum, the same for all types. */
static void describe(struct otlp *o, Otlp__Sample *sample, const struct rp_stack_sum *sum)
{
	const struct rp_session *s = &o->d.p->sessions[sum->session];
	const struct rp_worker *w = &o->d.p->workers[sum->thread];
	int32_t *list = rp_heap_take(&o->d.heap, N_ATTRIBUTES * sizeof(*list));
	size_t n = 0;

	add_attribute(list, &n,
	              attribute(o, "thread.name",
	                        rp_heap_print(&o->d.heap, "%s %u", w->name, w->tid)));
	add_attribute(list, &n, attribute(o, "http.route", rp_route_of(&o->d.heap, s)));
	add_attribute(list, &n, attribute(o, "reqprof.session.id", s->id));
	sample->attribute_indices = list;
	sample->n_attribute_indices = n;
	sample->link_index = s->traceparent && *s->traceparent ? (int32_t)sum->session + 1 : 0;
}

static Otlp__ValueType *value_type(struct otlp *o, const char *type)
{
	Otlp__ValueType *v = *MESSAGES(o, 1, Otlp__ValueType, value_type);

	v->type_strindex = text_of(o, type);
	v->unit_strindex = text_of(o, "nanoseconds");
	return v;
}

static Otlp__Profile *profile_of(struct otlp *o, int type, Otlp__Sample *const *described)
{
	static const char *const names[N_TYPES] = {"wall", "cpu", "wait"};
	const struct rp_session *s = &o->d.p->sessions[0];
	Otlp__Profile *out = *MESSAGES(o, 1, Otlp__Profile, profile);

	out->sample_type = value_type(o, names[type]);
	out->period_type = value_type(o, "wall");
	out->period = (int64_t)s->interval_ns;
	out->time_unix_nano = s->began_wall_ns;
	out->duration_nano = s->account.duration_ns;
	out->samples = MESSAGES(o, o->stacks.n, Otlp__Sample, sample);
	for (size_t i = 0; i < o->stacks.n; i++) {
		uint64_t value = value_of(&o->stacks.sums[i], type);

		if (value == 0 && type > 0)
			continue;
		Otlp__Sample *sample = out->samples[out->n_samples++];

		*sample = *described[i];
		sample->stack_index = (int32_t)i + 1;
		sample->values = rp_heap_take(&o->d.heap, sizeof(*sample->values));
		sample->values[0] = (int64_t)value;
		sample->n_values = 1;
	}
	return out;
}

static Otlp__ResourceProfiles *resource(struct otlp *o)
{
	Otlp__ResourceProfiles *r = *MESSAGES(o, 1, Otlp__ResourceProfiles, resource_profiles);
	Otlp__Sample **described = MESSAGES(o, o->stacks.n, Otlp__Sample, sample);

	r->resource = *MESSAGES(o, 1, Otlp__Resource, resource);
	r->resource->n_attributes = 1;
	r->resource->attributes = MESSAGES(o, 1, Otlp__KeyValue, key_value);
	r->resource->attributes[0]->key = (char *)"service.name";
	r->resource->attributes[0]->value = *MESSAGES(o, 1, Otlp__AnyValue, any_value);
	r->resource->attributes[0]->value->value_case = OTLP__ANY_VALUE__VALUE_STRING_VALUE;
	r->resource->attributes[0]->value->string_value =
	        o->d.texts[rp_dictionary_text(&o->d, o->d.p->sessions[0].server)];
	r->n_scope_profiles = 1;
	r->scope_profiles = MESSAGES(o, 1, Otlp__ScopeProfiles, scope_profiles);
	Otlp__ScopeProfiles *scope = r->scope_profiles[0];

	scope->scope = *MESSAGES(o, 1, Otlp__InstrumentationScope, instrumentation_scope);
	scope->scope->name = (char *)"reqprof";
	scope->scope->version = (char *)RP_VERSION;
	for (size_t i = 0; i < o->stacks.n; i++)
		describe(o, described[i], &o->stacks.sums[i]);
	scope->profiles = rp_heap_take(&o->d.heap, N_TYPES * sizeof(*scope->profiles));
	for (int type = 0; type < N_TYPES; type++)
		scope->profiles[scope->n_profiles++] = profile_of(o, type, described);
	return r;
}

static bool write_packed(FILE *out, const Otlp__ProfilesData *data)
{
	size_t n = otlp__profiles_data__get_packed_size(data);
	uint8_t *bytes = rp_memory_zero(n, 1);

	otlp__profiles_data__pack(data, bytes);
	fwrite(bytes, 1, n, out);
	free(bytes);
	return !ferror(out);
}

/* Number 0 of the table. */
static void add_zero_attribute(struct otlp *o)
{
	struct pair none = {0, 0};
	bool fresh;

	rp_index_of(&o->attributes, rp_memory_hash(0, &none, sizeof(none)), same_pair, o, &none,
	            &fresh);
	add_pair(o, &none, *MESSAGES(o, 1, Otlp__KeyValueAndUnit, key_value_and_unit));
}

bool rp_export_otlp(FILE *out, const struct rp_profile *p, bool cpu)
{
	struct otlp o = {.tables = OTLP__PROFILES_DICTIONARY__INIT};
	Otlp__ProfilesData data = OTLP__PROFILES_DATA__INIT;

	(void)cpu; /* all three are in it */
	rp_dictionary_make(&o.d, p);
	rp_stacks_make(&o.stacks, p);
	add_zero_attribute(&o);
	add_stacks(&o);
	add_locations(&o);
	add_functions(&o);
	add_mappings(&o);
	add_links(&o);
	Otlp__ResourceProfiles *only = resource(&o);

	data.n_resource_profiles = 1;
	data.resource_profiles = &only;
	o.tables.string_table = o.d.texts;
	o.tables.n_string_table = o.d.n_texts;
	data.dictionary = &o.tables;
	bool ok = write_packed(out, &data);

	free(o.tables.attribute_table);
	free(o.pairs);
	rp_index_free(&o.attributes);
	rp_stacks_free(&o.stacks);
	rp_dictionary_free(&o.d);
	return ok;
}
