/* session_notes.c - notes of a track become records of a session.
 *
 * Room: cold.  SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <string.h>
#include "preload/cold/comm.h"
#include "preload/cold/delay.h"
#include "preload/cold/session_parts.h"
#include "preload/hot/sys.h"
#include "preload/hot/object.h"
#include "preload/hot/peer.h"
#include "preload/hot/tables.h"
#include "preload/hot/text.h"

static struct rp_slice text_of(const struct rp_text *t)
{
	return (struct rp_slice){t->at, t->n};
}

/* The client, by what a gateway says of it where the peer is one. */
static size_t name_peer(char *text, size_t cap, const struct rp_request *r)
{
	struct sockaddr_storage named;
	socklen_t n = rp_address_socket(&r->client, &named);

	if (r->client.kind == RP_ADDRESS_NONE)
		return rp_object_address(text, cap, (const void *)&r->peer, r->n_peer);
	return rp_object_address(text, cap, (const void *)&named, n);
}

void rp_session_put_request(struct rp_session *s)
{
	static const char *const spelling[] = {[RP_TRIGGER_QUERY] = "query",
	                                       [RP_TRIGGER_HEADER] = "header",
	                                       [RP_TRIGGER_ROUTE] = "route",
	                                       [RP_TRIGGER_SLOW] = "slow",
	                                       [RP_TRIGGER_STATUS] = "status"};
	const struct rp_request *r = s->request;
	struct rp_item item = {.kind = RP_ITEM_REQUEST};
	char peer[RP_OBJECT_BYTES], local[RP_OBJECT_BYTES], comm[32];
	const char *trigger = spelling[r->trigger];

	item.request.method = text_of(&r->method);
	item.request.target = (struct rp_slice){r->target, r->n_target};
	item.request.host = text_of(&r->host);
	item.request.protocol = text_of(&r->protocol);
	item.request.traceparent = text_of(&r->traceparent);
	item.request.tag = text_of(&r->tag);
	item.request.trigger = rp_slice_of(trigger);
	item.request.peer = (struct rp_slice){peer, name_peer(peer, sizeof(peer), r)};
	item.request.local =
	        (struct rp_slice){local, rp_object_address(local, sizeof(local),
	                                                   (const void *)&r->local, r->n_local)};
	item.request.server = (struct rp_slice){comm, rp_comm_read(0, comm, sizeof(comm))};
	item.request.interval_ns = r->interval_ns;
	item.request.pid = (uint32_t)rp_sys(SYS_getpid, 0);
	rp_writer_put(s->writer, &item);
}

/* Its own connection, as the server before this one may have told it, too. */
void rp_session_put_own_link(struct rp_session *s)
{
	const struct rp_request *r = s->request;
	struct rp_item item = {.kind = RP_ITEM_LINK};
	char peer[RP_OBJECT_BYTES], local[RP_OBJECT_BYTES];

	item.link.at_ns = RP_NEVER;
	item.link.pid = r->peer_pid;
	item.link.local =
	        (struct rp_slice){local, rp_object_address(local, sizeof(local),
	                                                   (const void *)&r->local, r->n_local)};
	item.link.remote =
	        (struct rp_slice){peer, rp_object_address(peer, sizeof(peer),
	                                                  (const void *)&r->peer, r->n_peer)};
	rp_writer_put(s->writer, &item);
}

static void put_link(struct rp_session *s, const struct rp_note_link *n)
{
	struct rp_item item = {.kind = RP_ITEM_LINK};

	item.link.asked = 1;
	item.link.at_ns = n->at_ns;
	item.link.local = (struct rp_slice){n->local, n->n_local};
	item.link.remote = (struct rp_slice){n->remote, n->n_remote};
	rp_writer_put(s->writer, &item);
}

uint32_t rp_session_thread(struct rp_session *s, uint32_t tid)
{
	struct rp_item item = {.kind = RP_ITEM_THREAD};
	char comm[32];
	uint32_t i;

	for (i = 0; i < s->n_threads; i++)
		if (s->tids[i] == tid)
			return i;
	if (i == RP_MAX_SESSION_THREADS) {
		rp_request_drop(s->request, RP_DROP_many_threads, 1);
		return RP_NOBODY;
	}
	s->tids[s->n_threads++] = tid;
	item.thread.thread = i;
	item.thread.tid = tid;
	item.thread.name = (struct rp_slice){comm, rp_comm_read(tid, comm, sizeof(comm))};
	rp_writer_put(s->writer, &item);
	return i;
}

/* A stack that was copied is walked now, over the copy. */
static uint32_t copied_stack(struct rp_session *s, const struct rp_note_stack *st,
                             const void *bytes)
{
	static uint64_t pc[RP_MAX_FRAMES];
	static uint8_t exact[RP_MAX_FRAMES];
	struct rp_regs regs = {
	        .pc = st->pc, .sp = st->sp, .bp = st->bp, .bx = st->bx, .exact = st->exact};
	struct rp_window window = {.lo = st->sp_lo,
	                           .hi = st->sp_lo + st->n_copy,
	                           .delta = (int64_t)((uint64_t)(uintptr_t)bytes - st->sp_lo)};
	struct rp_walk walk = {.pc = pc, .exact = exact, .cap = RP_MAX_FRAMES};
	const struct rp_tables *tables = rp_tables_take();

	if (tables && (!rp_tables_fresh(tables) || st->unloads != tables->unloads ||
	               (st->generation && st->subs != tables->subs)))
		tables = NULL; /* another module may stand where one of its frames was */
	uint32_t generation = tables ? tables->generation : 0;

	rp_stack_walk(tables, &regs, &window, &walk);
	rp_tables_give();
	for (uint32_t i = 0; i < walk.n; i++)
		if (exact[i])
			pc[i] |= RP_PC_EXACT;
	if (walk.stop == RP_STOP_BOUNDS)
		walk.stop = RP_STOP_COPY_SHORT;
	return rp_nodes_stack(&s->nodes, s->writer, pc, walk.n, walk.stop, generation);
}

/* Copies of notes are 8-aligned in the ring, and so is what follows their heads. */
static uint32_t stack_of(struct rp_session *s, const struct rp_note_stack *st)
{
	if (!st->n)
		return copied_stack(s, st, st + 1);
	s->by_libunwind += st->walker;
	return rp_nodes_stack(&s->nodes, s->writer, (const uint64_t *)(st + 1), st->n, st->stop,
	                      st->generation);
}

uint32_t rp_session_object(struct rp_session *s, const char *name, uint32_t n)
{
	struct rp_item item = {.kind = RP_ITEM_OBJECT};
	uint32_t i;

	if (!n)
		return 0;
	for (i = 0; i < s->n_objects; i++)
		if (s->objects[i].n == n && memcmp(s->objects[i].name, name, n) == 0)
			return i + 1;
	if (i == RP_MAX_SESSION_OBJECTS) {
		rp_request_drop(s->request, RP_DROP_many_objects, 1);
		return 0;
	}
	s->objects[i].n = (uint16_t)n;
	memcpy(s->objects[i].name, name, n);
	item.object.object = ++s->n_objects;
	item.object.name = (struct rp_slice){name, n};
	rp_writer_put(s->writer, &item);
	return s->n_objects;
}

static void put_sample(struct rp_session *s, struct rp_track *t, const struct rp_note_sample *n)
{
	struct rp_item item = {.kind = RP_ITEM_SAMPLE};
	unsigned open = (unsigned)(t - rp_tracks);

	item.sample.stack = stack_of(s, (const void *)(n + 1));
	item.sample.thread = rp_session_thread(s, t->tid);
	if (item.sample.thread == RP_NOBODY)
		return;
	item.sample.at_ns = n->at_ns;
	item.sample.weight = n->weight;
	item.sample.cpu_ns = n->cpu_ns;
	item.sample.runq_ns = n->runq_ns;
	item.sample.edge = n->edge;
	s->open[open].runq_ns += n->runq_ns;
	rp_delay_sample(t, n->at_ns, n->runq_ns);
	s->open[open].cpu_ns += n->cpu_ns;
	rp_writer_put(s->writer, &item);
}

static void put_wait(struct rp_session *s, struct rp_track *t, const struct rp_note_wait *n)
{
	struct rp_item item = {.kind = RP_ITEM_WAIT};

	item.wait.stack = stack_of(s, (const void *)(n + 1));
	item.wait.object = rp_session_object(s, n->object, n->n_object);
	item.wait.thread = rp_session_thread(s, t->tid);
	if (item.wait.thread == RP_NOBODY)
		return;
	item.wait.kind = n->kind;
	item.wait.at_ns = n->at_ns;
	item.wait.span_ns = n->span_ns;
	item.wait.cpu_ns = n->cpu_ns;
	s->open[t - rp_tracks].cpu_ns += n->cpu_ns;
	rp_writer_put(s->writer, &item);
}

static void put_held(struct rp_session *s, struct rp_track *t, const struct rp_note_held *n)
{
	const struct rp_note_stack *stack = (const void *)(n + 1);
	struct rp_item item = {.kind = RP_ITEM_HELD};
	char id[RP_ID_MAX];

	item.held.thread = rp_session_thread(s, t->tid);
	if (item.held.thread == RP_NOBODY)
		return;
	if (stack->n)
		item.held.stack = stack_of(s, stack);
	if (n->seq)
		item.held.request =
		        (struct rp_slice){id, rp_catalog_id(id, (uint32_t)rp_sys(SYS_getpid, 0),
		                                            n->seq)};
	item.held.at_ns = n->at_ns;
	item.held.how = n->how;
	item.held.tid = n->tid;
	rp_writer_put(s->writer, &item);
}

void rp_session_await(struct rp_session *s, const struct rp_await *a)
{
	struct rp_item item = {.kind = RP_ITEM_AWAIT};

	if (s->failed)
		return;
	item.await.thread = rp_session_thread(s, a->tid);
	if (item.await.thread == RP_NOBODY)
		return;
	if (a->stack.n)
		item.await.stack = rp_nodes_stack(&s->nodes, s->writer, a->pc, a->stack.n,
		                                  a->stack.stop, a->stack.generation);
	item.await.at_ns = a->wait.at_ns;
	item.await.span_ns = a->wait.span_ns;
	item.await.object = (struct rp_slice){a->wait.object, a->wait.n_object};
	rp_writer_put(s->writer, &item);
}

static void put_segment(struct rp_session *s, struct rp_track *t, const struct rp_note_end *n)
{
	struct rp_item item = {.kind = RP_ITEM_SEGMENT};
	unsigned open = (unsigned)(t - rp_tracks);

	item.segment.thread = rp_session_thread(s, t->tid);
	if (item.segment.thread == RP_NOBODY)
		return;
	item.segment.begin_ns = t->begin_ns;
	item.segment.end_ns = n->end_ns;
	item.segment.cpu_ns = n->cpu_ns;
	/* The scheduler knows the delays inside waits, the samples those by the hypervisor. */
	uint64_t delay_ns = rp_delay_of(t, n->switches_life);

	item.segment.runq_ns = delay_ns > s->open[open].runq_ns ? delay_ns : s->open[open].runq_ns;
	item.segment.minor_faults = n->minor_faults;
	item.segment.major_faults = n->major_faults;
	item.segment.switches_voluntary = n->switches_voluntary;
	item.segment.switches_forced = n->switches_forced;
	rp_writer_put(s->writer, &item);
	s->open[open].runq_ns = s->open[open].cpu_ns = 0;
	s->segments++;
}

static void put_end_note(struct rp_session *s, struct rp_track *t, const struct rp_note_end *n)
{
	put_segment(s, t, n);
	s->open[t - rp_tracks].ended = true;
	s->handler_ns += n->handler_ns;
	s->hooks_ns += n->hooks_ns;
	s->ticks += n->ticks;
	s->upstreams += n->upstreams;
	if (n->period_ns > s->request->interval_ns && n->period_ns > s->longest_ns)
		s->longest_ns = n->period_ns;
	for (unsigned i = 0; i < RP_N_WAIT_KINDS; i++) {
		s->calls[i].count += n->calls[i].count;
		s->calls[i].bytes += n->calls[i].bytes;
		s->shorts[i].count += n->shorts[i].count;
		s->shorts[i].span_ns += n->shorts[i].span_ns;
		s->shorts[i].cpu_ns += n->shorts[i].cpu_ns;
	}
}

void rp_session_put_stall(struct rp_session *s, const struct rp_note_stall *n)
{
	struct rp_item item = {.kind = RP_ITEM_STALL};

	item.stall.way = n->way;
	item.stall.begin_ns = n->begin_ns;
	item.stall.span_ns = n->span_ns;
	rp_writer_put(s->writer, &item);
}

static void put_handoff(struct rp_session *s, struct rp_track *t, const struct rp_note_handoff *n)
{
	struct rp_item item = {.kind = RP_ITEM_HANDOFF};

	item.handoff.thread = rp_session_thread(s, t->tid);
	if (item.handoff.thread == RP_NOBODY)
		return;
	item.handoff.from_tid = n->from_tid;
	item.handoff.by = n->by;
	item.handoff.given_ns = n->given_ns;
	item.handoff.taken_ns = t->begin_ns;
	rp_writer_put(s->writer, &item);
}

void rp_session_in_flight(struct rp_session *s, unsigned n)
{
	if (n > s->most_in_flight)
		s->most_in_flight = n;
}

void rp_session_note(struct rp_session *s, struct rp_track *track, const struct rp_note *note)
{
	if (s->failed || s->open[track - rp_tracks].ended)
		return;
	if (note->kind == RP_NOTE_SAMPLE)
		put_sample(s, track, (const void *)(note + 1));
	else if (note->kind == RP_NOTE_WAIT)
		put_wait(s, track, (const void *)(note + 1));
	else if (note->kind == RP_NOTE_HELD)
		put_held(s, track, (const void *)(note + 1));
	else if (note->kind == RP_NOTE_END)
		put_end_note(s, track, (const void *)(note + 1));
	else if (note->kind == RP_NOTE_HANDOFF)
		put_handoff(s, track, (const void *)(note + 1));
	else if (note->kind == RP_NOTE_LINK)
		put_link(s, (const void *)(note + 1));
	else if (note->kind == RP_NOTE_STALL)
		rp_session_put_stall(s, (const void *)(note + 1));
}

void rp_session_left(struct rp_session *s, struct rp_track *track)
{
	unsigned open = (unsigned)(track - rp_tracks);

	s->open[open].ended = false;
	s->open[open].runq_ns = s->open[open].cpu_ns = 0;
}

/* The thread still waits: that much of it is known, but not on which stack. */
static void cut_wait(struct rp_session *s, struct rp_track *track, struct rp_note_end *end)
{
	struct rp_item item = {.kind = RP_ITEM_WAIT};
	uint64_t at_ns = atomic_load(&track->wait_at_ns);

	if (!at_ns || at_ns >= end->end_ns)
		return;
	item.wait.thread = rp_session_thread(s, track->tid);
	if (item.wait.thread == RP_NOBODY)
		return;
	item.wait.kind = atomic_load(&track->wait_kind);
	item.wait.at_ns = at_ns;
	item.wait.span_ns = end->end_ns - at_ns;
	rp_writer_put(s->writer, &item);
	end->cpu_ns = atomic_load(&track->wait_cpu_ns);
}

void rp_session_cut(struct rp_session *s, struct rp_track *track)
{
	struct rp_note_end end = {0};
	unsigned open = (unsigned)(track - rp_tracks);

	if (s->failed || s->open[open].ended)
		return;
	end.end_ns = atomic_load(&s->request->course.last_byte_ns);
	end.cpu_ns = s->open[open].cpu_ns; /* what its samples saw: its own clock is out of reach */
	cut_wait(s, track, &end);
	put_segment(s, track, &end);
}

static void put_sums(struct rp_session *s)
{
	static const char *const drop_names[] = {
#define DROP(name, text) #name,
#include "preload/drops.def"
	};

	for (unsigned i = 0; i < RP_N_WAIT_KINDS; i++) {
		struct rp_item item = {.kind = RP_ITEM_SHORT_WAITS};

		item.short_waits = s->shorts[i];
		item.short_waits.kind = i;
		if (s->shorts[i].count)
			rp_writer_put(s->writer, &item);
	}
	rp_session_put_counters(s);
	/* Taken, not read: each loss is told once. */
	for (unsigned i = 0; i < RP_N_DROPS; i++) {
		uint64_t n = atomic_exchange(&rp_drops[i], 0) + atomic_load(&s->request->drops[i]);

		rp_session_put_number(s, RP_ITEM_DROP, drop_names[i], n);
	}
}

void rp_session_put_end(struct rp_session *s)
{
	struct rp_request *r = s->request;
	struct rp_item item = {.kind = RP_ITEM_PHASES};

	item.phases.accepted_ns = atomic_load(&r->course.accepted_ns);
	item.phases.first_byte_ns = atomic_load(&r->course.first_byte_ns);
	item.phases.head_ns = atomic_load(&r->course.head_ns);
	item.phases.body_ns = atomic_load(&r->course.body_ns);
	item.phases.response_ns = atomic_load(&r->course.response_ns);
	item.phases.last_byte_ns = atomic_load(&r->course.last_byte_ns);
	rp_writer_put(s->writer, &item);
	item = (struct rp_item){.kind = RP_ITEM_RESPONSE};
	item.response.status = atomic_load(&r->course.status);
	item.response.how = atomic_load(&r->course.how);
	item.response.bytes_in = atomic_load(&r->course.bytes_in);
	item.response.bytes_out = atomic_load(&r->course.bytes_out);
	rp_writer_put(s->writer, &item);
	put_sums(s);
}
