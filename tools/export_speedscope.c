/* export_speedscope.c - speedscope's file format: a profile a thread, in the order of time.
 *
 * Room: tools.  Schema: https://www.speedscope.app/file-format-schema.json, "sampled" profiles.
 * SPDX-License-Identifier: MIT
 */
#include "tools/commands.h"
#include "tools/exports.h"
#include "tools/json.h"
#include "tools/threads.h"

static void put_frames(FILE *out, const struct rp_profile *p)
{
	fputs("\"shared\":{\"frames\":[", out);
	for (size_t i = 0; i < p->n_functions; i++) {
		const struct rp_function *f = &p->functions[i];

		fputs(i ? ",\n{\"name\":" : "\n{\"name\":", out);
		rp_json_put(out, f->name);
		if (!f->pseudo) {
			fputs(",\"file\":", out);
			rp_json_put(out, f->file ? f->file : f->module);
		}
		if (f->line)
			fprintf(out, ",\"line\":%u", f->line);
		fputc('}', out);
	}
	fputs("]},\n", out);
}

static void put_stack(FILE *out, const struct rp_chain *chain)
{
	for (uint32_t i = 0; i < chain->n; i++)
		fprintf(out, "%c%u", i ? ',' : '[', chain->functions[i]);
	fputc(']', out);
}

static void put_thread(FILE *out, const struct rp_profile *p, const struct rp_thread *thread,
                       const char *name, bool cpu)
{
	unsigned long long sum_ns = 0;

	for (size_t i = 0; i < thread->n; i++)
		sum_ns += rp_profile_ns(thread->points[i], cpu);
	fputs("{\"type\":\"sampled\",\"name\":", out);
	rp_json_put(out, name);
	fprintf(out, ",\"unit\":\"nanoseconds\",\"startValue\":0,\"endValue\":%llu,\"samples\":[",
	        sum_ns);
	for (size_t i = 0; i < thread->n; i++) {
		fputs(i ? ",\n" : "\n", out);
		put_stack(out, &p->chains[thread->points[i]->chain]);
	}
	fputs("],\"weights\":[", out);
	for (size_t i = 0; i < thread->n; i++)
		fprintf(out, i ? ",%llu" : "%llu",
		        (unsigned long long)rp_profile_ns(thread->points[i], cpu));
	fputs("]}", out);
}

bool rp_export_speedscope(FILE *out, const struct rp_profile *p, bool cpu)
{
	struct rp_heap heap = {0};
	struct rp_threads all;

	rp_threads_make(&all, p);
	fputs("{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\n"
	      "\"exporter\":\"reqprof@" RP_VERSION "\",\"name\":",
	      out);
	rp_json_put(out, p->n_sessions ? p->sessions[0].target : "");
	fputs(",\n", out);
	put_frames(out, p);
	fputs("\"profiles\":[", out);
	for (size_t i = 0; i < all.n; i++) {
		fputs(i ? ",\n" : "\n", out);
		put_thread(out, p, &all.each[i], rp_threads_name(&heap, p, &all.each[i]), cpu);
	}
	fputs("]}\n", out);
	rp_threads_free(&all);
	rp_heap_free(&heap);
	return !ferror(out);
}
