/* join_points.c - samples and waits of a recording become points on chains; see join.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include "tools/account_work.h"
#include "tools/alike.h"
#include "tools/join.h"
#include "tools/recording.h"
#include "tools/times.h"

/* Chains of one recording, made when they are first asked for. */
struct chains {
	struct rp_profile *p;
	const struct rp_recording *r;
	const struct rp_join_node *nodes;
	const char *id;          /* of the session */
	uint32_t *chain;         /* per node: its chain + 1 */
	uint32_t *path;          /* scratch: nodes from the leaf to the root */
	uint32_t *functions;     /* scratch: the chain */
	size_t cap;              /* of functions */
	uint32_t *workers;       /* per thread record: its worker */
	bool *worked;            /* per thread record */
	bool several, processes; /* other recordings are joined with it; other processes' */
};

/* The functions of the stack at node LEAF (index) into c->functions, with room for one more. */
static uint32_t unroll(struct chains *c, size_t leaf)
{
	uint32_t n_path = 0, n = 0;
	size_t n_wanted = 2;
	bool inner = true;

	for (uint32_t at = (uint32_t)leaf + 1; at; at = c->nodes[at - 1].parent) {
		/* Our own frames are the innermost ones: the handler or the hook. */
		inner = inner && c->nodes[at - 1].shim;
		if (inner)
			continue;
		c->path[n_path++] = at - 1;
		n_wanted += c->nodes[at - 1].n;
	}
	if (n_wanted > c->cap) {
		free(c->functions);
		c->functions = rp_memory_zero(n_wanted * 2, sizeof(*c->functions));
		c->cap = n_wanted * 2;
	}
	while (n_path > 0) {
		const struct rp_join_node *node = &c->nodes[c->path[--n_path]];

		if (node->n)
			memcpy(c->functions + n, node->functions, node->n * sizeof(*c->functions));
		n += node->n;
	}
	return n;
}

/* The chain of the stack numbered STACK; with WAIT, ending in that pseudo frame. */
static uint32_t chain_of(struct chains *c, uint32_t stack, const char *wait)
{
	size_t leaf = rp_recording_stack(c->r, stack);
	uint32_t n = 0;

	if (!wait && leaf < c->r->n_stacks && c->chain[leaf])
		return c->chain[leaf] - 1;
	if (leaf < c->r->n_stacks)
		n = unroll(c, leaf);
	else if (c->cap == 0)
		c->functions = rp_memory_zero(c->cap = 2, sizeof(*c->functions));
	if (n == 0)
		c->functions[n++] = rp_join_pseudo(c->p, "[no stack]");
	if (wait)
		c->functions[n++] = rp_join_pseudo(c->p, wait);
	uint32_t chain = rp_join_chain(c->p, c->functions, n);

	if (!wait && leaf < c->r->n_stacks)
		c->chain[leaf] = chain + 1;
	return chain;
}

/* The leaf of the same stack among the spots, + 1. */
static uint32_t spot_of(struct chains *c, uint32_t stack, const char *wait)
{
	size_t leaf = rp_recording_stack(c->r, stack);
	uint32_t at = leaf < c->r->n_stacks ? (uint32_t)leaf + 1 : 0;

	while (at && c->nodes[at - 1].shim)
		at = c->nodes[at - 1].parent;
	struct rp_spot spot = {.caller = at ? c->nodes[at - 1].spot : 0};

	if (!wait && spot.caller)
		return spot.caller;
	if (!spot.caller) {
		spot.function = rp_join_pseudo(c->p, "[no stack]");
		spot.caller = rp_join_spot(c->p, &spot) + 1;
	}
	if (!wait)
		return spot.caller;
	spot.function = rp_join_pseudo(c->p, wait);
	return rp_join_spot(c->p, &spot) + 1;
}

static uint32_t worker_of(struct chains *c, uint32_t thread)
{
	const struct rp_rec_thread *record = rp_recording_thread(c->r, thread);
	uint32_t pid = c->r->request.pid ? c->r->request.pid : c->r->head.pid;

	if (!record)
		return rp_join_worker(c->p, pid, 0, "");
	size_t i = (size_t)(record - c->r->threads);

	if (!c->worked[i]) {
		c->worked[i] = true;
		c->workers[i] = rp_join_worker(c->p, pid, record->tid,
		                               rp_heap_text(&c->p->join->heap, record->name.at,
		                                            record->name.n));
	}
	return c->workers[i];
}

static void add_point(struct rp_profile *p, struct rp_point point)
{
	p->points = rp_memory_grow(p->points, p->n_points, sizeof(*p->points));
	p->points[p->n_points++] = point;
}

const char *rp_join_kind(uint32_t kind)
{
	static const char *const words[] = {
#define WAIT(name, text) text,
#include "store/waits.def"
	};

	return kind < RP_N_WAIT_KINDS ? words[kind] : "unknown";
}

/* Of several sessions all that they can have in common. */
static const char *format_of(const struct chains *c, const char *request)
{
	bool this = strcmp(request, c->id) == 0;

	if (!*request)
		return c->several ? "held by a thread" : "held by thread %u";
	if (c->several)
		return this ? "held by a thread (this request)"
		            : "held by a thread (another request)";
	return this ? "held by thread %u (this request)" : "held by thread %u (request %s)";
}

static const char *object_of(const struct chains *c, const char *kind, struct rp_slice name)
{
	struct rp_heap *heap = &c->p->join->heap;
	const char *text = rp_heap_text(heap, name.at, name.n);

	return c->several ? rp_alike_object(heap, kind, text, c->processes) : text;
}

static struct rp_holder holder_of(struct chains *c, const struct rp_rec_held *held)
{
	struct rp_heap *heap = &c->p->join->heap;
	struct rp_holder h = {.request = ""};

	if (!held || held->how >= RP_HELD_NOT_ASKED)
		return h;
	h.request = rp_heap_text(heap, held->request.at, held->request.n);
	if (held->how == RP_HELD_READERS)
		h.words = "held by readers";
	else if (held->how == RP_HELD_UNKNOWN || !held->tid)
		h.words = "held by nobody known";
	else
		h.words = rp_heap_print(heap, format_of(c, h.request), held->tid, h.request);
	h.tid = held->how == RP_HELD_THREAD ? held->tid : 0;
	if (held->stack)
		h.chain = chain_of(c, held->stack, NULL) + 1;
	return h;
}

/* A wait is two points: what was waited, and what the call cost the CPU. */
static void add_wait(struct chains *c, const struct rp_rec_wait *w, const struct rp_rec_held *held,
                     const struct rp_time *cost, double delay_ns)
{
	struct rp_heap *heap = &c->p->join->heap;
	const struct rp_rec_object *object = rp_recording_object(c->r, w->object);
	const char *kind = rp_join_kind(w->kind);
	const char *name = object ? object_of(c, kind, object->name) : "";
	struct rp_holder holder = holder_of(c, held);
	const char *frame =
	        rp_heap_print(heap, "[wait: %s%s%s%s%s]", kind, *name ? " " : "", name,
	                      holder.words ? " " : "", holder.words ? holder.words : "");
	struct rp_point p = {.chain = chain_of(c, w->stack, frame),
	                     .spot = spot_of(c, w->stack, frame),
	                     .thread = worker_of(c, w->thread),
	                     .at_ns = w->at_ns,
	                     .wall_ns = rp_times_waited(w->span_ns, w->cpu_ns),
	                     .delay_ns = (uint64_t)delay_ns,
	                     .kind = RP_POINT_WAIT};

	c->p->waits = rp_memory_grow(c->p->waits, c->p->n_waits, sizeof(*c->p->waits));
	c->p->waits[c->p->n_waits++] = (struct rp_wait){.chain = p.chain,
	                                                .thread = p.thread,
	                                                .kind = kind,
	                                                .object = name,
	                                                .holder = holder,
	                                                .at_ns = w->at_ns,
	                                                .span_ns = w->span_ns,
	                                                .cpu_ns = w->cpu_ns};
	add_point(c->p, p);
	if (cost->wall_ns == 0 && cost->cpu_ns == 0)
		return;
	p.chain = chain_of(c, w->stack, NULL);
	p.spot = spot_of(c, w->stack, NULL);
	p.delay_ns = 0;
	p.wall_ns = cost->wall_ns;
	p.cpu_ns = cost->cpu_ns;
	p.kind = RP_POINT_IN_WAIT;
	add_point(c->p, p);
}

/* Threads that worked for the request meanwhile have their own points: only the rest of it is
 * time of this one. */
static void add_await(struct chains *c, const struct rp_rec_await *a)
{
	struct rp_heap *heap = &c->p->join->heap;
	const char *name = object_of(c, "upstream", a->object);
	const char *frame = rp_heap_print(heap, "[wait: upstream %s]", name);
	struct rp_wait w = {.chain = chain_of(c, a->stack, frame),
	                    .thread = worker_of(c, a->thread),
	                    .kind = "upstream",
	                    .object = name,
	                    .holder = {.request = ""},
	                    .at_ns = a->at_ns,
	                    .span_ns = a->span_ns};

	c->p->waits = rp_memory_grow(c->p->waits, c->p->n_waits, sizeof(*c->p->waits));
	c->p->waits[c->p->n_waits++] = w;
	add_point(c->p, (struct rp_point){.chain = w.chain,
	                                  .spot = spot_of(c, a->stack, frame),
	                                  .thread = w.thread,
	                                  .at_ns = w.at_ns,
	                                  .wall_ns = rp_account_apart(c->r, a),
	                                  .kind = RP_POINT_WAIT});
}

static void add_all(struct chains *c, struct rp_session *session)
{
	struct rp_time *samples = rp_memory_zero(c->r->n_samples, sizeof(*samples));
	struct rp_time *waits = rp_memory_zero(c->r->n_waits, sizeof(*waits));
	struct rp_works works;
	size_t held = 0;

	rp_works_make(&works, c->r);
	session->n_without_tick = rp_times_charge(c->r, samples, waits);
	for (size_t i = 0; i < c->r->n_samples; i++) {
		const struct rp_rec_sample *s = &c->r->samples[i];

		add_point(c->p, (struct rp_point){.chain = chain_of(c, s->stack, NULL),
		                                  .spot = spot_of(c, s->stack, NULL),
		                                  .thread = worker_of(c, s->thread),
		                                  .at_ns = s->at_ns,
		                                  .wall_ns = samples[i].wall_ns,
		                                  .cpu_ns = samples[i].cpu_ns,
		                                  .kind = s->edge == RP_EDGE_TICK ? RP_POINT_TICK
		                                                                  : RP_POINT_EDGE});
	}
	for (size_t i = 0; i < c->r->n_waits; i++)
		add_wait(c, &c->r->waits[i], rp_recording_held(c->r, i, &held), &waits[i],
		         works.delay_ns[i]);
	for (size_t i = 0; i < c->r->n_awaits; i++)
		add_await(c, &c->r->awaits[i]);
	for (size_t i = 0; i < c->r->n_threads; i++)
		session->n_workers += c->worked[i];
	rp_works_free(&works);
	free(samples);
	free(waits);
}

static void add_stretches(struct chains *c, size_t which)
{
	struct rp_profile *p = c->p;

	for (size_t i = 0; i < c->r->n_segments; i++) {
		const struct rp_rec_segment *s = &c->r->segments[i];

		p->stretches = rp_memory_grow(p->stretches, p->n_stretches, sizeof(*p->stretches));
		p->stretches[p->n_stretches++] =
		        (struct rp_stretch){.session = (uint32_t)which,
		                            .thread = worker_of(c, s->thread),
		                            .begin_ns = s->begin_ns,
		                            .end_ns = s->end_ns,
		                            .cpu_ns = s->cpu_ns};
	}
}

static const char *way_of(uint32_t by)
{
	static const char *const texts[] = {
#define HANDOFF(name, number, text) [number] = text,
#include "store/handoffs.def"
	};

	return by < sizeof(texts) / sizeof(texts[0]) ? texts[by] : "?";
}

static void add_passages(struct chains *c, size_t which)
{
	struct rp_profile *p = c->p;

	for (size_t i = 0; i < c->r->n_handoffs; i++) {
		const struct rp_rec_handoff *h = &c->r->handoffs[i];

		p->passages = rp_memory_grow(p->passages, p->n_passages, sizeof(*p->passages));
		p->passages[p->n_passages++] =
		        (struct rp_passage){.session = (uint32_t)which,
		                            .thread = worker_of(c, h->thread),
		                            .from_tid = h->from_tid,
		                            .by = way_of(h->by),
		                            .given_ns = h->given_ns,
		                            .taken_ns = h->taken_ns};
	}
}

static bool of_processes(const struct rp_profile *p)
{
	for (size_t i = 1; i < p->join->n_recordings; i++)
		if (p->join->recordings[i]->head.pid != p->join->recordings[0]->head.pid)
			return true;
	return false;
}

void rp_join_points(struct rp_profile *p, size_t which, const struct rp_join_node *nodes)
{
	const struct rp_recording *r = p->join->recordings[which];
	struct chains c = {.p = p,
	                   .r = r,
	                   .nodes = nodes,
	                   .id = p->sessions[which].id,
	                   .several = p->join->n_recordings > 1 && !p->join->apart,
	                   .processes = of_processes(p)};

	c.chain = rp_memory_zero(r->n_stacks, sizeof(*c.chain));
	c.path = rp_memory_zero(r->n_stacks, sizeof(*c.path));
	c.workers = rp_memory_zero(r->n_threads, sizeof(*c.workers));
	c.worked = rp_memory_zero(r->n_threads, sizeof(*c.worked));
	add_stretches(&c, which);
	add_passages(&c, which);
	p->sessions[which].first_point = p->n_points;
	p->sessions[which].first_wait = p->n_waits;
	add_all(&c, &p->sessions[which]);
	p->sessions[which].n_points = p->n_points - p->sessions[which].first_point;
	free(c.chain);
	free(c.path);
	free(c.functions);
	free(c.workers);
	free(c.worked);
}
