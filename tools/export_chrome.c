/* export_chrome.c - Chrome's Trace Event Format: phases, stretches of work and waits as spans.
 *
 * Room: tools.  "Trace Event Format" (complete events, ph X; times in us).  For Perfetto and
 * chrome://tracing; stacks are in the waits only.
 * SPDX-License-Identifier: MIT
 */
#include "tools/exports.h"
#include "tools/json.h"

struct trace {
	FILE *out;
	const struct rp_profile *p;
	bool any;
};

static void begin_event(struct trace *t, const char *phase, uint32_t pid, uint32_t tid)
{
	fprintf(t->out, "%s{\"ph\":\"%s\",\"pid\":%u,\"tid\":%u,\"name\":", t->any ? ",\n" : "\n",
	        phase, pid, tid);
	t->any = true;
}

static void put_us(FILE *out, const char *key, uint64_t ns)
{
	fprintf(out, ",\"%s\":%llu.%03u", key, (unsigned long long)(ns / 1000),
	        (unsigned)(ns % 1000));
}

static void put_meta(struct trace *t, const char *what, uint32_t pid, uint32_t tid,
                     const char *name)
{
	begin_event(t, "M", pid, tid);
	rp_json_put(t->out, what);
	fputs(",\"args\":{\"name\":", t->out);
	rp_json_put(t->out, name);
	fputs("}}", t->out);
}

/* The request as a row of its own, a thread of its number among the sessions: a span from each
 * known phase to the next, but those that took no time at all, which some readers cannot nest. */
static void put_phases(struct trace *t, uint32_t which)
{
	const struct rp_session *s = &t->p->sessions[which];
	uint64_t from_ns = UINT64_MAX;
	int from = 0;

	put_meta(t, "process_name", s->pid, 0, s->server);
	put_meta(t, "thread_name", s->pid, which, s->target);
	for (int i = 0; i < 6; i++) {
		if (s->phases_ns[i] == UINT64_MAX)
			continue;
		if (from_ns != UINT64_MAX && s->phases_ns[i] > from_ns) {
			begin_event(t, "X", s->pid, which);
			rp_json_put(t->out, rp_profile_phases[from]);
			put_us(t->out, "ts", from_ns);
			put_us(t->out, "dur", s->phases_ns[i] - from_ns);
			fputs(",\"cat\":\"phase\"}", t->out);
		}
		from_ns = s->phases_ns[i];
		from = i;
	}
}

static void put_stretches(struct trace *t)
{
	for (size_t i = 0; i < t->p->n_stretches; i++) {
		const struct rp_stretch *s = &t->p->stretches[i];
		const struct rp_worker *w = &t->p->workers[s->thread];

		begin_event(t, "X", w->pid, w->tid);
		rp_json_put(t->out, t->p->sessions[s->session].target);
		put_us(t->out, "ts", s->begin_ns);
		put_us(t->out, "dur", s->end_ns - s->begin_ns);
		fprintf(t->out, ",\"cat\":\"work\",\"args\":{\"cpu_ns\":%llu}}",
		        (unsigned long long)s->cpu_ns);
	}
}

static void put_waits(struct trace *t)
{
	for (size_t i = 0; i < t->p->n_waits; i++) {
		const struct rp_wait *wait = &t->p->waits[i];
		const struct rp_worker *w = &t->p->workers[wait->thread];
		const struct rp_chain *chain = &t->p->chains[wait->chain];

		begin_event(t, "X", w->pid, w->tid);
		rp_json_put(t->out, t->p->functions[chain->functions[chain->n - 1]].name);
		put_us(t->out, "ts", wait->at_ns);
		put_us(t->out, "dur", wait->span_ns);
		fputs(",\"cat\":\"wait\",\"args\":{\"stack\":[", t->out);
		for (uint32_t k = 0; k + 1 < chain->n; k++) {
			fputs(k ? "," : "", t->out);
			rp_json_put(t->out, t->p->functions[chain->functions[k]].name);
		}
		fputs("]}}", t->out);
	}
}

bool rp_export_chrome(FILE *out, const struct rp_profile *p, bool cpu)
{
	struct trace t = {.out = out, .p = p};

	(void)cpu; /* spans are of wall time */
	fputs("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[", out);
	for (uint32_t i = 0; i < p->n_sessions; i++)
		put_phases(&t, i);
	for (size_t i = 0; i < p->n_workers; i++)
		put_meta(&t, "thread_name", p->workers[i].pid, p->workers[i].tid,
		         p->workers[i].name);
	put_stretches(&t);
	put_waits(&t);
	fputs("]}\n", out);
	return !ferror(out);
}
