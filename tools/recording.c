/* recording.c - see recording.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/recording.h"

#include <stdlib.h>
#include "tools/memory.h"

/* Appends VALUE to ARRAY. */
#define KEEP(array, count, value)                                                                  \
	do {                                                                                       \
		(array) = rp_memory_grow((array), (count), sizeof(*(array)));                      \
		(array)[(count)++] = (value);                                                      \
	} while (0)

/* Items of which all are kept, as they are. */
#define EACH(KIND, array, member)                                                                  \
	case RP_ITEM_##KIND:                                                                       \
		KEEP(r->array, r->n_##array, item->member);                                        \
		break

/* A request that nobody flagged was not measured from its first moment on. */
static void keep_segment(struct rp_recording *r, struct rp_rec_segment s)
{
	bool unwatched = s.cpu_ns == RP_NEVER;
	size_t n = r->n_segments;

	s.cpu_ns = unwatched ? 0 : s.cpu_ns;
	s.runq_ns = s.runq_ns == RP_NEVER ? 0 : s.runq_ns;
	KEEP(r->unwatched, n, unwatched);
	KEEP(r->segments, r->n_segments, s);
}

/* Where it is not known how much of a wait was running, none of it is said to have been. */
static struct rp_rec_wait known_wait(struct rp_rec_wait w)
{
	w.cpu_ns = w.cpu_ns == RP_NEVER ? 0 : w.cpu_ns;
	return w;
}

static void keep(struct rp_recording *r, const struct rp_item *item)
{
	switch (item->kind) {
		EACH(THREAD, threads, thread);
		EACH(MODULE, modules, module);
		EACH(IMAGE, images, image);
		EACH(STACK, stacks, stack);
		EACH(SAMPLE, samples, sample);
		EACH(OBJECT, objects, object);
		EACH(SHORT_WAITS, short_waits, short_waits);
		EACH(STALL, stalls, stall);
		EACH(COUNTER, counters, counter);
		EACH(DROP, drops, counter);
		EACH(AWAIT, awaits, await);
		EACH(HANDOFF, handoffs, handoff);
		EACH(LINK, links, link);
		EACH(HELD, held, held);
		EACH(CODE, code, code);
		EACH(MAPPING, mappings, mapping);
	case RP_ITEM_REQUEST:
		r->request = item->request;
		break;
	case RP_ITEM_RESPONSE:
		r->response = item->response;
		break;
	case RP_ITEM_PHASES:
		r->phases = item->phases;
		break;
	case RP_ITEM_SEGMENT:
		keep_segment(r, item->segment);
		break;
	case RP_ITEM_WAIT:
		KEEP(r->waits, r->n_waits, known_wait(item->wait));
		break;
	case RP_ITEM_END:
	case RP_N_ITEM_KINDS:
		break;
	}
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* The last moment of THREAD that a segment covers; 0: none. */
static uint64_t covered_ns(const struct rp_recording *r, uint32_t thread)
{
	uint64_t end_ns = 0;

	for (size_t i = 0; i < r->n_segments; i++)
		if (r->segments[i].thread == thread)
			end_ns = later(end_ns, r->segments[i].end_ns);
	return end_ns;
}

/* The segment that was open in THREAD when the recording broke off: as far as its samples and
 * waits tell. */
static struct rp_rec_segment open_segment(const struct rp_recording *r, uint32_t thread)
{
	struct rp_rec_segment s = {.thread = thread, .begin_ns = RP_NEVER};
	uint64_t after_ns = covered_ns(r, thread);

	for (size_t i = 0; i < r->n_samples; i++) {
		const struct rp_rec_sample *x = &r->samples[i];

		if (x->thread != thread || x->at_ns <= after_ns)
			continue;
		s.begin_ns = x->at_ns < s.begin_ns ? x->at_ns : s.begin_ns;
		s.end_ns = later(s.end_ns, x->at_ns);
		s.cpu_ns += x->cpu_ns;
		s.runq_ns += x->runq_ns;
	}
	for (size_t i = 0; i < r->n_waits; i++) {
		const struct rp_rec_wait *x = &r->waits[i];

		if (x->thread != thread || x->at_ns <= after_ns)
			continue;
		s.begin_ns = x->at_ns < s.begin_ns ? x->at_ns : s.begin_ns;
		s.end_ns = later(s.end_ns, x->at_ns + x->span_ns);
		s.cpu_ns += x->cpu_ns;
	}
	return s;
}

/* A server that was killed, or still works, told no segment's end: its time is not idle. */
static void close_segments(struct rp_recording *r)
{
	size_t n_threads = r->n_threads;

	for (size_t i = 0; i < n_threads; i++) {
		struct rp_rec_segment s = open_segment(r, r->threads[i].thread);

		if (s.begin_ns < s.end_ns)
			keep_segment(r, s);
	}
}

struct rp_recording *rp_recording_open(const char *path, struct rp_why *why)
{
	struct rp_reader *reader = rp_reader_open(path, why);
	struct rp_item item;

	if (!reader)
		return NULL;
	struct rp_recording *r = rp_memory_zero(1, sizeof(*r));

	r->reader = reader;
	r->head = *rp_reader_head(reader);
	r->phases =
	        (struct rp_rec_phases){RP_NEVER, RP_NEVER, RP_NEVER, RP_NEVER, RP_NEVER, RP_NEVER};
	while (rp_reader_next(reader, &item))
		keep(r, &item);
	r->complete = rp_reader_complete(reader, &r->why);
	if (!r->complete)
		close_segments(r);
	return r;
}

void rp_recording_close(struct rp_recording *r)
{
	if (!r)
		return;
	rp_reader_close(r->reader);
	free(r->threads);
	free(r->segments);
	free(r->unwatched);
	free(r->modules);
	free(r->images);
	free(r->stacks);
	free(r->samples);
	free(r->objects);
	free(r->waits);
	free(r->held);
	free(r->awaits);
	free(r->handoffs);
	free(r->links);
	free(r->short_waits);
	free(r->code);
	free(r->mappings);
	free(r->stalls);
	free(r->counters);
	free(r->drops);
	free(r);
}

const struct rp_rec_thread *rp_recording_thread(const struct rp_recording *r, uint32_t thread)
{
	for (size_t i = 0; i < r->n_threads; i++)
		if (r->threads[i].thread == thread)
			return &r->threads[i];
	return NULL;
}

/* Objects come in no promised order, but almost always as 1, 2, 3...: look there first. */
const struct rp_rec_object *rp_recording_object(const struct rp_recording *r, uint32_t object)
{
	if (object > 0 && object <= r->n_objects && r->objects[object - 1].object == object)
		return &r->objects[object - 1];
	for (size_t i = 0; i < r->n_objects; i++)
		if (r->objects[i].object == object)
			return &r->objects[i];
	return NULL;
}

/* Written right after their waits, in the same order. */
const struct rp_rec_held *rp_recording_held(const struct rp_recording *r, size_t wait, size_t *from)
{
	if (r->waits[wait].kind != RP_WAIT_MUTEX && r->waits[wait].kind != RP_WAIT_RWLOCK)
		return NULL;
	for (size_t i = *from; i < r->n_held; i++)
		if (r->held[i].at_ns == r->waits[wait].at_ns &&
		    r->held[i].thread == r->waits[wait].thread) {
			*from = i + 1;
			return &r->held[i];
		}
	return NULL;
}

/* They ascend, and almost always as 1, 2, 3...: look there first. */
size_t rp_recording_stack(const struct rp_recording *r, uint32_t number)
{
	size_t lo = 0, hi = r->n_stacks;

	if (number > 0 && number <= r->n_stacks && r->stacks[number - 1].stack == number)
		return number - 1;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (r->stacks[mid].stack < number)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < r->n_stacks && r->stacks[lo].stack == number ? lo : r->n_stacks;
}
