/* export_firefox.c - Firefox Profiler's processed format, version 55, for profiler.firefox.com.
 *
 * Room: tools.  CHANGELOG-formats.md of firefox-devtools/profiler: newer readers upgrade older
 * versions; 55 is the last one with all tables in each thread.  A sample for each point, its weight
 * in ms; markers for phases and waits.
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdlib.h>
#include "tools/commands.h"
#include "tools/exports.h"
#include "tools/firefox.h"
#include "tools/json.h"
#include "tools/threads.h"

enum { FORMAT = 55, CATEGORY_OTHER = 2, PHASE_INTERVAL = 1 };

/* A phase of the session, or a wait of the thread. */
struct marker {
	size_t name;
	uint64_t begin_ns, end_ns;
	const struct rp_wait *wait; /* NULL: a phase */
};

struct markers {
	struct marker *at;
	size_t n;
};

/* --- samples: the points of one thread --- */

static void put_stack(struct rp_fox *f, size_t i, const void *with)
{
	uint32_t spot = ((const struct rp_thread *)with)->points[i]->spot;

	if (spot)
		fprintf(f->out, "%u", spot - 1);
	else
		fputs("null", f->out);
}

static void put_time(struct rp_fox *f, size_t i, const void *with)
{
	rp_fox_ms(f, ((const struct rp_thread *)with)->points[i]->at_ns, f->zero_ns);
}

static void put_weight(struct rp_fox *f, size_t i, const void *with)
{
	rp_fox_ms(f, rp_profile_ns(((const struct rp_thread *)with)->points[i], f->cpu), 0);
}

static void put_cpu(struct rp_fox *f, size_t i, const void *with)
{
	fprintf(f->out, "%" PRIu64, ((const struct rp_thread *)with)->points[i]->cpu_ns);
}

static void put_samples(struct rp_fox *f, const struct rp_thread *t)
{
	fprintf(f->out, "\"samples\":{\"length\":%zu,\"weightType\":\"tracing-ms\"", t->n);
	rp_fox_column(f, "stack", t->n, put_stack, t);
	rp_fox_column(f, "time", t->n, put_time, t);
	rp_fox_column(f, "weight", t->n, put_weight, t);
	rp_fox_column(f, "threadCPUDelta", t->n, put_cpu, t);
	fputs("},\n", f->out);
}

/* --- markers --- */

static void add_marker(struct markers *m, struct marker marker)
{
	m->at = rp_memory_grow(m->at, m->n, sizeof(*m->at));
	m->at[m->n++] = marker;
}

static void add_phases(struct markers *m, const struct rp_profile *p, const struct rp_session *s)
{
	size_t from = RP_FOX_PHASES;

	for (size_t i = 0; i < RP_FOX_PHASES; i++) {
		if (s->phases_ns[i] == UINT64_MAX)
			continue;
		if (from < i && s->phases_ns[i] >= s->phases_ns[from])
			add_marker(m, (struct marker){rp_fox_phase_name(p, from),
			                              s->phases_ns[from], s->phases_ns[i], NULL});
		from = i;
	}
}

/* Waits of merged sessions are told apart by their thread alone: a thread serves one at a time. */
static void add_waits(struct markers *m, const struct rp_profile *p, const struct rp_thread *t)
{
	const struct rp_session *s = &p->sessions[t->session];

	for (size_t i = 0; i < p->n_waits; i++) {
		const struct rp_wait *w = &p->waits[i];

		if (w->thread == t->thread && w->at_ns >= s->first_ns &&
		    w->at_ns <= s->first_ns + s->account.duration_ns)
			add_marker(m, (struct marker){rp_fox_phase_name(p, RP_FOX_PHASES), w->at_ns,
			                              w->at_ns + w->span_ns, w});
	}
}

static void put_name(struct rp_fox *f, size_t i, const void *with)
{
	fprintf(f->out, "%zu", ((const struct markers *)with)->at[i].name);
}

static void put_begin(struct rp_fox *f, size_t i, const void *with)
{
	rp_fox_ms(f, ((const struct markers *)with)->at[i].begin_ns, f->zero_ns);
}

static void put_end(struct rp_fox *f, size_t i, const void *with)
{
	rp_fox_ms(f, ((const struct markers *)with)->at[i].end_ns, f->zero_ns);
}

static void put_phase(struct rp_fox *f, size_t i, const void *with)
{
	(void)i, (void)with;
	fprintf(f->out, "%d", PHASE_INTERVAL);
}

static void put_other(struct rp_fox *f, size_t i, const void *with)
{
	(void)i, (void)with;
	fprintf(f->out, "%d", CATEGORY_OTHER);
}

static void put_data(struct rp_fox *f, size_t i, const void *with)
{
	const struct rp_wait *w = ((const struct markers *)with)->at[i].wait;

	if (!w) {
		fputs("{\"type\":\"phase\"}", f->out);
		return;
	}
	fputs("{\"type\":\"wait\",\"kind\":", f->out);
	rp_json_put(f->out, w->kind);
	fputs(",\"object\":", f->out);
	rp_json_put(f->out, w->object);
	fputc('}', f->out);
}

static void put_markers(struct rp_fox *f, const struct rp_thread *t, bool with_phases)
{
	struct markers m = {0};

	if (with_phases)
		add_phases(&m, f->p, &f->p->sessions[t->session]);
	add_waits(&m, f->p, t);
	fprintf(f->out, "\"markers\":{\"length\":%zu", m.n);
	rp_fox_column(f, "name", m.n, put_name, &m);
	rp_fox_column(f, "startTime", m.n, put_begin, &m);
	rp_fox_column(f, "endTime", m.n, put_end, &m);
	rp_fox_column(f, "phase", m.n, put_phase, &m);
	rp_fox_column(f, "category", m.n, put_other, &m);
	rp_fox_column(f, "data", m.n, put_data, &m);
	fputs("},\n", f->out);
	free(m.at);
}

/* --- the document --- */

static void put_meta(struct rp_fox *f)
{
	const struct rp_session *s = &f->p->sessions[0];

	fprintf(f->out, "{\"meta\":{\"version\":29,\"preprocessedProfileVersion\":%d,\"interval\":",
	        FORMAT);
	rp_fox_ms(f, s->interval_ns, 0);
	fputs(",\"startTime\":", f->out);
	rp_fox_ms(f, s->began_wall_ns, 0);
	fputs(",\"processType\":0,\"stackwalk\":1,\"symbolicated\":true,\"product\":", f->out);
	rp_json_put(f->out, s->server);
	fputs(",\"importedFrom\":\"reqprof " RP_VERSION "\",\n\"sampleUnits\":{\"time\":\"ms\","
	      "\"eventDelay\":\"ms\",\"threadCPUDelta\":\"ns\"},\n\"categories\":["
	      "{\"name\":\"Program\",\"color\":\"orange\",\"subcategories\":[\"Other\"]},"
	      "{\"name\":\"Library\",\"color\":\"blue\",\"subcategories\":[\"Other\"]},"
	      "{\"name\":\"Other\",\"color\":\"grey\",\"subcategories\":[\"Other\"]}],\n"
	      "\"markerSchema\":["
	      "{\"name\":\"phase\",\"display\":[\"marker-chart\",\"marker-table\","
	      "\"timeline-overview\"],\"fields\":[]},"
	      "{\"name\":\"wait\",\"tableLabel\":\"{marker.data.kind} {marker.data.object}\","
	      "\"chartLabel\":\"{marker.data.kind} {marker.data.object}\","
	      "\"display\":[\"marker-chart\",\"marker-table\",\"timeline-overview\"],\"fields\":["
	      "{\"key\":\"kind\",\"label\":\"Kind\",\"format\":\"string\"},"
	      "{\"key\":\"object\",\"label\":\"Object\",\"format\":\"string\"}]}]},\n",
	      f->out);
}

static void put_libs(struct rp_fox *f)
{
	fputs("\"libs\":[", f->out);
	for (size_t i = 0; i < f->p->n_modules; i++) {
		const struct rp_object_file *o = &f->p->modules[i];
		const char *const keys[] = {"name", "debugName", "path", "debugPath"};

		fputs(i ? ",\n{\"arch\":\"\"" : "\n{\"arch\":\"\"", f->out);
		for (size_t k = 0; k < 4; k++) {
			fprintf(f->out, ",\"%s\":", keys[k]);
			rp_json_put(f->out, o->path);
		}
		fputs(",\"breakpadId\":\"\",\"codeId\":", f->out);
		rp_json_put(f->out, *o->build_id ? o->build_id : NULL);
		fputc('}', f->out);
	}
	fputs("],\n", f->out);
}

static void put_thread(struct rp_fox *f, const struct rp_thread *t, const char *name, bool is_first)
{
	const struct rp_worker *w = &f->p->workers[t->thread];

	fputs("{\"name\":", f->out);
	rp_json_put(f->out, name);
	fputs(",\"processName\":", f->out);
	rp_json_put(f->out, f->p->sessions[t->session].server);
	fprintf(f->out,
	        ",\"processType\":\"default\",\"pid\":\"%u\",\"tid\":%u,\"isMainThread\":%s,"
	        "\"showMarkersInTimeline\":true,\"processStartupTime\":0,"
	        "\"processShutdownTime\":null,\"registerTime\":0,\"unregisterTime\":null,"
	        "\"pausedRanges\":[],\n",
	        w->pid, w->tid, is_first ? "true" : "false");
	put_samples(f, t);
	put_markers(f, t, is_first);
	rp_fox_tables(f);
	fputc('}', f->out);
}

bool rp_export_firefox(FILE *out, const struct rp_profile *p, bool cpu)
{
	struct rp_fox f = {.out = out, .p = p, .zero_ns = p->sessions[0].first_ns, .cpu = cpu};
	struct rp_heap heap = {0};
	struct rp_threads all;

	rp_threads_make(&all, p);
	put_meta(&f);
	put_libs(&f);
	fputs("\"pages\":[],\"counters\":[],\"threads\":[", out);
	for (size_t i = 0; i < all.n; i++) {
		const struct rp_thread *t = &all.each[i];

		fputs(i ? ",\n" : "\n", out);
		put_thread(&f, t, rp_threads_name(&heap, p, t),
		           i == 0 || t->session != all.each[i - 1].session);
	}
	fputs("]}\n", out);
	rp_threads_free(&all);
	rp_heap_free(&heap);
	return !ferror(out);
}
