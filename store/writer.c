/* writer.c - see writer.h.  Items become payloads, payloads become records, records go to the
 * descriptor in an order in which nothing refers to what comes later (FORMAT.md section 5).
 *
 * Room: store, also linked into the shim: no malloc, no stdio, no clock.
 * SPDX-License-Identifier: MIT
 */
#include "store/writer.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "store/crc32c.h"
#include "store/cursor.h"
#include "store/fields.h"
#include "store/format.h"
#include "store/outlet.h"

enum {
	N_SAMPLE_BATCHES = 8,
	N_RESTS = 1024,
	OBJECTS_BYTES = 12 << 10, /* one longest name always fits an empty batch */
	SCRATCH_BYTES = 62 << 10, /* ten longest strings of a request */
	SMALL_ENTRY = 64,         /* no stack, sample or wait takes more */
};

/* Who may still use the last bytes below max_bytes: bulk stops early, so that the records that
 * explain a session find room. */
enum room { ROOM_BULK, ROOM_NOTES, ROOM_LAST };
static const uint32_t kept_free[] = {
        [ROOM_BULK] = 16 << 10, [ROOM_NOTES] = 1 << 10, [ROOM_LAST] = 64, /* END */
};

/* A record in the making: head, payload so far; empty when n is 0. */
struct gather {
	uint8_t *buffer;
	uint32_t n, cap; /* cap leaves room for the checksum */
	uint8_t kind;
};

struct samples {
	struct gather g;
	uint32_t thread;
	uint64_t last_us, opened; /* opened: to find the oldest */
};

/* What truncation to whole microseconds left over, so that sums do not shrink. */
struct rest {
	uint16_t cpu_ns, runq_ns;
};

struct rp_writer {
	uint64_t pending, max_bytes, records, n_opened;
	uint8_t closed; /* rooms below this one are full */
	uint32_t salt;  /* checksum of the session id */
	uint32_t last_stack;
	uint64_t last_wait_ns;
	struct gather stacks, objects, waits;
	struct samples samples[N_SAMPLE_BATCHES];
	struct rest rests[N_RESTS]; /* by thread; threads a multiple apart share */
	uint8_t stacks_buffer[8 << 10], objects_buffer[OBJECTS_BYTES], waits_buffer[4 << 10];
	uint8_t samples_buffer[N_SAMPLE_BATCHES][4 << 10];
	uint8_t scratch[SCRATCH_BYTES];
	struct rp_outlet out; /* of whole records */
};
static_assert(sizeof(struct rp_writer) <= RP_WRITER_BYTES, "writer.h promises this size");

static bool refuse(struct rp_writer *w, int error)
{
	return rp_outlet_refuse(&w->out, error);
}

static void fill_head(uint8_t *buffer, uint8_t kind, uint64_t payload_bytes)
{
	struct rp_cursor_out o = {buffer, buffer + RP_RECORD_HEAD_BYTES, false};

	rp_cursor_put_fixed(&o, payload_bytes, 4);
	rp_cursor_put_fixed(&o, kind, 1);
	rp_cursor_put_fixed(&o, RP_RECORD_VERSION, 1);
	rp_cursor_put_fixed(&o, 0, 2);
}

/* BUFFER holds space for a head and N - head bytes of payload; a checksum fits behind. */
static bool send_record(struct rp_writer *w, uint8_t *buffer, uint32_t n, uint8_t kind)
{
	struct rp_cursor_out o = {buffer + n, buffer + n + RP_RECORD_CRC_BYTES, false};

	fill_head(buffer, kind, n - RP_RECORD_HEAD_BYTES);
	rp_cursor_put_fixed(&o, rp_crc32c(w->salt, buffer, n), 4);
	if (!rp_outlet_put(&w->out, buffer, n + RP_RECORD_CRC_BYTES))
		return false;
	w->records++;
	return true;
}

static bool send_gathered(struct rp_writer *w, struct gather *g)
{
	uint32_t n = g->n;

	if (!n)
		return !w->out.dead;
	g->n = 0;
	w->pending -= n + RP_RECORD_CRC_BYTES;
	return send_record(w, g->buffer, n, g->kind);
}

static bool send_samples(struct rp_writer *w, struct samples *s)
{
	return send_gathered(w, &w->stacks) && send_gathered(w, &s->g);
}

static bool send_waits(struct rp_writer *w)
{
	return send_gathered(w, &w->stacks) && send_gathered(w, &w->objects) &&
	       send_gathered(w, &w->waits);
}

static struct rp_cursor_out out_of(struct gather *g)
{
	uint32_t n = g->n ? g->n : RP_RECORD_HEAD_BYTES;

	return (struct rp_cursor_out){g->buffer + n, g->buffer + g->cap, false};
}

/* What O wrote into G now counts. */
static void keep_gathered(struct rp_writer *w, struct gather *g, const struct rp_cursor_out *o)
{
	uint32_t n = (uint32_t)(o->at - g->buffer);

	w->pending += n - g->n + (g->n ? 0 : RP_RECORD_CRC_BYTES);
	g->n = n;
}

static bool lacks_room(const struct gather *g, size_t n)
{
	return g->n + n > g->cap;
}

/* Whether N bytes more fit below max_bytes; one no closes the room, since what comes later may
 * refer to what was refused. */
static bool affords(struct rp_writer *w, enum room room, uint64_t n)
{
	uint64_t limit = w->max_bytes > kept_free[room] ? w->max_bytes - kept_free[room] : 0;

	if (w->closed > room)
		return false;
	if (rp_outlet_bytes(&w->out) + w->pending + n <= limit)
		return true;
	w->closed = (uint8_t)(room + 1);
	return refuse(w, EFBIG);
}

static bool put_stack(struct rp_writer *w, const struct rp_rec_stack *s)
{
	if (s->stack <= w->last_stack || s->parent >= s->stack) {
		w->closed = w->closed > ROOM_BULK ? w->closed : ROOM_BULK + 1;
		return refuse(w, EINVAL);
	}
	if (lacks_room(&w->stacks, SMALL_ENTRY) && !send_gathered(w, &w->stacks))
		return false;

	struct rp_cursor_out o = out_of(&w->stacks);
	uint32_t last = w->stacks.n ? w->last_stack : 0;

	rp_cursor_put_varint(&o, s->stack - last);
	rp_cursor_put_varint(&o, s->parent ? s->stack - s->parent : 0);
	rp_cursor_put_varint(&o, (uint64_t)s->module << 1 | !!s->exact);
	rp_cursor_put_varint(&o, s->pc_rel);
	keep_gathered(w, &w->stacks, &o);
	w->last_stack = s->stack;
	return true;
}

/* The thread's batch, else an empty one, else the oldest, written and emptied. */
static struct samples *samples_of(struct rp_writer *w, uint32_t thread)
{
	struct samples *best = &w->samples[0];

	for (unsigned i = 0; i < N_SAMPLE_BATCHES; i++) {
		struct samples *s = &w->samples[i];

		if (s->g.n && s->thread == thread) {
			best = s;
			break;
		}
		if (best->g.n && (!s->g.n || s->opened < best->opened))
			best = s;
	}
	if (best->g.n && (best->thread != thread || lacks_room(&best->g, SMALL_ENTRY)) &&
	    !send_samples(w, best))
		return NULL;
	return best;
}

static uint64_t whole_us(uint16_t *rest_ns, uint64_t ns)
{
	uint64_t sum_ns = (ns == RP_NEVER ? 0 : ns) + *rest_ns;

	*rest_ns = (uint16_t)(sum_ns % 1000);
	return sum_ns / 1000;
}

static bool put_sample(struct rp_writer *w, const struct rp_rec_sample *s)
{
	struct samples *batch = samples_of(w, s->thread);

	if (!batch)
		return false;

	struct rp_cursor_out o = out_of(&batch->g);
	struct rest *rest = &w->rests[s->thread % N_RESTS];
	uint64_t at_us = s->at_ns / 1000;
	uint64_t cpu_us = whole_us(&rest->cpu_ns, s->cpu_ns);
	uint64_t runq_us = whole_us(&rest->runq_ns, s->runq_ns);

	if (!batch->g.n) {
		batch->thread = s->thread;
		batch->opened = ++w->n_opened;
		batch->last_us = at_us;
		rp_cursor_put_varint(&o, s->thread);
		rp_cursor_put_varint(&o, at_us);
	}
	rp_cursor_put_varint(&o, s->weight << RP_SAMPLE_WEIGHT_SHIFT |
	                                 (runq_us ? RP_SAMPLE_HAS_RUNQ : 0) |
	                                 (s->edge & RP_SAMPLE_EDGE_MASK));
	rp_cursor_put_varint(&o, s->stack);
	rp_cursor_put_delta(&o, at_us - batch->last_us);
	rp_cursor_put_varint(&o, cpu_us);
	if (runq_us)
		rp_cursor_put_varint(&o, runq_us);
	batch->last_us = at_us;
	keep_gathered(w, &batch->g, &o);
	return true;
}

static size_t cut_bytes(struct rp_slice string)
{
	return string.n < RP_STRING_MAX ? string.n : RP_STRING_MAX;
}

static bool put_object(struct rp_writer *w, const struct rp_rec_object *object)
{
	if (lacks_room(&w->objects, SMALL_ENTRY + cut_bytes(object->name)) &&
	    !send_gathered(w, &w->objects))
		return false;

	struct rp_cursor_out o = out_of(&w->objects);

	rp_cursor_put_varint(&o, object->object);
	rp_cursor_put_slice(&o, object->name, RP_STRING_MAX);
	keep_gathered(w, &w->objects, &o);
	return true;
}

static bool put_wait(struct rp_writer *w, const struct rp_rec_wait *wait)
{
	if (lacks_room(&w->waits, SMALL_ENTRY) && !send_waits(w))
		return false;

	struct rp_cursor_out o = out_of(&w->waits);
	uint64_t last_ns = w->waits.n ? w->last_wait_ns : 0;

	rp_cursor_put_varint(&o, wait->thread);
	rp_cursor_put_varint(&o, wait->stack);
	rp_cursor_put_varint(&o, wait->kind);
	rp_cursor_put_varint(&o, wait->object);
	rp_cursor_put_delta(&o, wait->at_ns - last_ns);
	rp_cursor_put_varint(&o, wait->span_ns + 1);
	rp_cursor_put_varint(&o, wait->cpu_ns + 1);
	w->last_wait_ns = wait->at_ns;
	keep_gathered(w, &w->waits, &o);
	return true;
}

static void encode_field(struct rp_cursor_out *o, enum rp_field_type type, const uint8_t *at)
{
	struct rp_slice string;
	uint64_t u64;
	uint32_t u32;

	switch (type) {
	case RP_FIELD_STRING:
		memcpy(&string, at, sizeof(string));
		rp_cursor_put_slice(o, string, RP_STRING_MAX);
		break;
	case RP_FIELD_U32:
		memcpy(&u32, at, sizeof(u32));
		rp_cursor_put_varint(o, u32);
		break;
	case RP_FIELD_U64:
	case RP_FIELD_MOMENT:
		memcpy(&u64, at, sizeof(u64));
		rp_cursor_put_varint(o, u64 + (type == RP_FIELD_MOMENT));
	}
}

static void encode(struct rp_cursor_out *o, const struct rp_item *item)
{
	for (unsigned i = 0; i < RP_N_FIELDS; i++)
		if (rp_fields[i].kind == (unsigned)item->kind)
			encode_field(o, rp_fields[i].type, (const uint8_t *)item + rp_fields[i].at);
}

static struct rp_cursor_out scratch(struct rp_writer *w)
{
	return (struct rp_cursor_out){w->scratch + RP_RECORD_HEAD_BYTES,
	                              w->scratch + SCRATCH_BYTES - RP_RECORD_CRC_BYTES, false};
}

/* A record of its own, ahead of all that is gathered: it refers to nothing that is still gathered.
 */
static bool put_direct(struct rp_writer *w, const struct rp_item *item, enum room room)
{
	struct rp_cursor_out o = scratch(w);

	encode(&o, item);

	uint32_t n = (uint32_t)(o.at - w->scratch);

	return affords(w, room, n + RP_RECORD_CRC_BYTES) &&
	       send_record(w, w->scratch, n, (uint8_t)item->kind);
}

/* Images go from the caller's memory: they may be larger than ours. */
static bool put_image(struct rp_writer *w, const struct rp_rec_image *image)
{
	struct rp_cursor_out o = scratch(w);
	uint8_t tail[RP_RECORD_CRC_BYTES];
	struct rp_cursor_out t = {tail, tail + sizeof(tail), false};
	const uint8_t *bytes = (const uint8_t *)image->bytes.at;
	size_t n = image->bytes.n;

	rp_cursor_put_varint(&o, image->module);
	rp_cursor_put_varint(&o, n);

	size_t n_lead = (size_t)(o.at - w->scratch);
	uint64_t payload_bytes = n_lead - RP_RECORD_HEAD_BYTES + (uint64_t)n;

	if (payload_bytes > RP_RECORD_PAYLOAD_MAX)
		return refuse(w, EFBIG);
	if (!affords(w, ROOM_BULK, payload_bytes + RP_RECORD_FRAME_BYTES))
		return false;
	fill_head(w->scratch, RP_ITEM_IMAGE, payload_bytes);
	rp_cursor_put_fixed(&t, rp_crc32c(rp_crc32c(w->salt, w->scratch, n_lead), bytes, n), 4);
	if (!rp_outlet_put(&w->out, w->scratch, n_lead) || !rp_outlet_put(&w->out, bytes, n) ||
	    !rp_outlet_put(&w->out, tail, sizeof(tail)))
		return false;
	w->records++;
	return true;
}

bool rp_writer_put(struct rp_writer *w, const struct rp_item *item)
{
	const uint64_t small = SMALL_ENTRY + RP_RECORD_FRAME_BYTES;

	if (w->out.dead)
		return false;
	switch ((int)item->kind) {
	case RP_ITEM_STACK:
		return affords(w, ROOM_BULK, small) && put_stack(w, &item->stack);
	case RP_ITEM_SAMPLE:
		return affords(w, ROOM_BULK, small) && put_sample(w, &item->sample);
	case RP_ITEM_WAIT:
		return affords(w, ROOM_BULK, small) && put_wait(w, &item->wait);
	case RP_ITEM_OBJECT:
		return affords(w, ROOM_BULK, small + cut_bytes(item->object.name)) &&
		       put_object(w, &item->object);
	case RP_ITEM_HELD:
	case RP_ITEM_AWAIT:
		return send_gathered(w, &w->stacks) && put_direct(w, item, ROOM_BULK);
	case RP_ITEM_IMAGE:
		return put_image(w, &item->image);
	case RP_ITEM_REQUEST:
	case RP_ITEM_MODULE:
	case RP_ITEM_CODE:
	case RP_ITEM_MAPPING:
	case RP_ITEM_STALL:
	case RP_ITEM_HANDOFF:
	case RP_ITEM_LINK:
		return put_direct(w, item, ROOM_BULK);
	case RP_ITEM_THREAD:
	case RP_ITEM_SEGMENT:
	case RP_ITEM_SHORT_WAITS:
	case RP_ITEM_COUNTER:
	case RP_ITEM_DROP:
		return put_direct(w, item, ROOM_NOTES);
	case RP_ITEM_RESPONSE:
	case RP_ITEM_PHASES:
		return put_direct(w, item, ROOM_LAST);
	default:
		return refuse(w, EINVAL);
	}
}

bool rp_writer_push(struct rp_writer *w)
{
	return rp_outlet_push(&w->out);
}

static bool send_all_gathered(struct rp_writer *w)
{
	bool ok = send_gathered(w, &w->stacks) && send_gathered(w, &w->objects);

	for (unsigned i = 0; ok && i < N_SAMPLE_BATCHES; i++)
		ok = send_gathered(w, &w->samples[i].g);
	return ok && send_gathered(w, &w->waits);
}

bool rp_writer_flush(struct rp_writer *w)
{
	return send_all_gathered(w) && rp_outlet_push(&w->out);
}

bool rp_writer_end(struct rp_writer *w)
{
	struct rp_item end = {.kind = RP_ITEM_END};
	struct rp_cursor_out o = scratch(w);

	if (!send_all_gathered(w))
		return false;
	end.end.records = w->records;
	encode(&o, &end);
	return send_record(w, w->scratch, (uint32_t)(o.at - w->scratch), RP_ITEM_END) &&
	       rp_outlet_push(&w->out);
}

static void gather_into(struct gather *g, uint8_t kind, uint8_t *buffer, size_t n)
{
	*g = (struct gather){buffer, 0, (uint32_t)(n - RP_RECORD_CRC_BYTES), kind};
}

static bool write_head(struct rp_writer *w, const struct rp_session_head *head)
{
	uint8_t bytes[RP_FORMAT_HEAD_BYTES] = {0};
	struct rp_cursor_out o = {bytes, bytes + sizeof(bytes), false};

	rp_cursor_put_bytes(&o, RP_FORMAT_MAGIC, RP_FORMAT_MAGIC_BYTES);
	rp_cursor_put_fixed(&o, RP_FORMAT_VERSION, 2);
	rp_cursor_put_fixed(&o, RP_FORMAT_HEAD_BYTES, 2);
	rp_cursor_put_fixed(&o, 0, 4);
	rp_cursor_put_bytes(&o, head->id, sizeof(head->id));
	rp_cursor_put_fixed(&o, head->began_wall_ns, 8);
	rp_cursor_put_fixed(&o, head->began_mono_ns, 8);
	rp_cursor_put_fixed(&o, head->pid, 4);
	o.at = bytes + RP_FORMAT_HEAD_CRC_AT;
	rp_cursor_put_fixed(&o, rp_crc32c(0, bytes, RP_FORMAT_HEAD_CRC_AT), 4);
	return rp_outlet_put(&w->out, bytes, sizeof(bytes)) && rp_outlet_push(&w->out);
}

struct rp_writer *rp_writer_make(void *memory, int fd, const struct rp_session_head *head,
                                 uint64_t max_bytes, const struct rp_writer_os *os)
{
	struct rp_writer *w = memory;

	if (max_bytes < RP_FORMAT_HEAD_BYTES + kept_free[ROOM_LAST]) {
		errno = EFBIG;
		return NULL;
	}
	memset(w, 0, offsetof(struct rp_writer, stacks_buffer));
	rp_outlet_make(&w->out, fd, os);
	w->max_bytes = max_bytes;
	w->salt = rp_crc32c(0, head->id, sizeof(head->id));
	gather_into(&w->stacks, RP_ITEM_STACK, w->stacks_buffer, sizeof(w->stacks_buffer));
	gather_into(&w->objects, RP_ITEM_OBJECT, w->objects_buffer, sizeof(w->objects_buffer));
	gather_into(&w->waits, RP_ITEM_WAIT, w->waits_buffer, sizeof(w->waits_buffer));
	for (unsigned i = 0; i < N_SAMPLE_BATCHES; i++)
		gather_into(&w->samples[i].g, RP_ITEM_SAMPLE, w->samples_buffer[i],
		            sizeof(w->samples_buffer[i]));
	return write_head(w, head) ? w : NULL;
}

int rp_writer_error(const struct rp_writer *w)
{
	return w->out.error;
}

uint64_t rp_writer_bytes(const struct rp_writer *w)
{
	return w->out.wrote;
}
