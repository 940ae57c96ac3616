/* unfold.c - see unfold.h.
 *
 * Room: store; for the tool: allocates.
 * SPDX-License-Identifier: MIT
 */
#include "store/unfold.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "store/fields.h"
#include "store/format.h"

static size_t slot_of(const struct rp_ids *ids, uint32_t number)
{
	size_t at = (number * UINT32_C(0x9e3779b1)) & (ids->cap - 1);

	while (ids->slot[at] && ids->slot[at] != number + 1)
		at = (at + 1) & (ids->cap - 1);
	return at;
}

static bool ids_has(const struct rp_ids *ids, uint32_t number)
{
	if (number - 1 < ids->counted)
		return true;
	if (number == UINT32_MAX)
		return ids->has_max;
	return ids->cap && ids->slot[slot_of(ids, number)];
}

static bool ids_grow(struct rp_ids *ids)
{
	struct rp_ids more = *ids;

	more.cap = ids->cap ? ids->cap * 2 : 64;
	more.slot = calloc(more.cap, sizeof(*more.slot));
	if (!more.slot)
		return false;
	for (size_t i = 0; i < ids->cap; i++)
		if (ids->slot[i])
			more.slot[slot_of(&more, ids->slot[i] - 1)] = ids->slot[i];
	free(ids->slot);
	*ids = more;
	return true;
}

static bool ids_add(struct rp_ids *ids, uint32_t number)
{
	if (number == UINT32_MAX)
		return ids->has_max = true;
	if (number == ids->counted + 1) {
		ids->counted++;
		return true;
	}
	if (ids->n * 2 >= ids->cap && !ids_grow(ids))
		return false;

	size_t at = slot_of(ids, number);

	ids->n += !ids->slot[at];
	ids->slot[at] = number + 1;
	return true;
}

static enum rp_unfolded complain(struct rp_unfold *u, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
static enum rp_unfolded complain(struct rp_unfold *u, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(u->complaint, sizeof(u->complaint), format, args);
	va_end(args);
	return RP_UNFOLDED_BAD;
}

/* A definition becomes known; a reference must be. */
static enum rp_unfolded define(struct rp_unfold *u, struct rp_ids *ids, uint32_t number)
{
	return ids_add(ids, number) ? RP_UNFOLDED_ITEM : complain(u, "no memory for its numbers");
}

static enum rp_unfolded refer(struct rp_unfold *u, const struct rp_ids *ids, const char *what,
                              uint32_t number)
{
	if (ids_has(ids, number))
		return RP_UNFOLDED_ITEM;
	return complain(u, "it refers to %s %u, which was not written before it", what, number);
}

static enum rp_unfolded check_place(struct rp_unfold *u, uint32_t thread, uint32_t stack)
{
	if (stack && refer(u, &u->stacks, "stack", stack) != RP_UNFOLDED_ITEM)
		return RP_UNFOLDED_BAD;
	return refer(u, &u->threads, "thread", thread);
}

static enum rp_unfolded check_single(struct rp_unfold *u, const struct rp_item *item)
{
	switch ((int)item->kind) {
	case RP_ITEM_THREAD:
		return define(u, &u->threads, item->thread.thread);
	case RP_ITEM_MODULE:
		if (item->module.module == 0)
			return complain(u, "module 0 is reserved");
		return define(u, &u->modules, item->module.module);
	case RP_ITEM_IMAGE:
		return refer(u, &u->modules, "module", item->image.module);
	case RP_ITEM_SEGMENT:
		return refer(u, &u->threads, "thread", item->segment.thread);
	case RP_ITEM_HANDOFF:
		return refer(u, &u->threads, "thread", item->handoff.thread);
	case RP_ITEM_HELD:
		return check_place(u, item->held.thread, item->held.stack);
	case RP_ITEM_AWAIT:
		return check_place(u, item->await.thread, item->await.stack);
	default:
		return RP_UNFOLDED_ITEM;
	}
}

static void decode_field(struct rp_cursor *c, enum rp_field_type type, uint8_t *at)
{
	struct rp_slice string;
	uint64_t u64;
	uint32_t u32;

	switch (type) {
	case RP_FIELD_STRING:
		string = rp_cursor_slice(c);
		memcpy(at, &string, sizeof(string));
		break;
	case RP_FIELD_U32:
		u32 = rp_cursor_varint32(c);
		memcpy(at, &u32, sizeof(u32));
		break;
	case RP_FIELD_U64:
	case RP_FIELD_MOMENT:
		u64 = rp_cursor_varint(c) - (type == RP_FIELD_MOMENT);
		memcpy(at, &u64, sizeof(u64));
	}
}

/* Kinds of wait that a later writer may know and this table does not. */
static uint32_t known_wait(uint32_t kind)
{
	return kind < RP_N_WAIT_KINDS ? kind : RP_WAIT_OTHER;
}

/* A record that holds one item, by fields.def; DONE when the kind has no fields: not known. */
static enum rp_unfolded take_single(struct rp_unfold *u, struct rp_item *item)
{
	bool known = false;

	for (unsigned i = 0; i < RP_N_FIELDS; i++) {
		if (rp_fields[i].kind != u->kind)
			continue;
		known = true;
		decode_field(&u->c, rp_fields[i].type, (uint8_t *)item + rp_fields[i].at);
	}
	if (!known) {
		u->c.at = u->c.end;
		return RP_UNFOLDED_DONE;
	}
	if (!u->c.failed && u->c.at != u->c.end)
		return complain(u, "it has %zu bytes too many", (size_t)(u->c.end - u->c.at));
	if (item->kind == RP_ITEM_SHORT_WAITS)
		item->short_waits.kind = known_wait(item->short_waits.kind);
	return u->c.failed ? RP_UNFOLDED_BAD : check_single(u, item);
}

static enum rp_unfolded take_stack(struct rp_unfold *u, struct rp_rec_stack *s)
{
	struct rp_cursor *c = &u->c;
	uint64_t stack = (uint64_t)u->batch_stack + rp_cursor_varint32(c);
	uint32_t up = rp_cursor_varint32(c);
	uint64_t module = rp_cursor_varint(c);

	s->pc_rel = rp_cursor_varint(c);
	if (c->failed)
		return RP_UNFOLDED_BAD;
	if (stack <= u->last_stack || stack > UINT32_MAX || up >= stack || module >> 33)
		return complain(u, "a stack's number is out of order");
	s->stack = u->batch_stack = u->last_stack = (uint32_t)stack;
	s->parent = up ? s->stack - up : 0;
	s->module = (uint32_t)(module >> 1);
	s->exact = module & 1;
	if (s->parent && refer(u, &u->stacks, "stack", s->parent) != RP_UNFOLDED_ITEM)
		return RP_UNFOLDED_BAD;
	if (s->module && refer(u, &u->modules, "module", s->module) != RP_UNFOLDED_ITEM)
		return RP_UNFOLDED_BAD;
	return define(u, &u->stacks, s->stack);
}

static enum rp_unfolded take_sample(struct rp_unfold *u, struct rp_rec_sample *s)
{
	struct rp_cursor *c = &u->c;
	uint64_t lead = rp_cursor_varint(c);

	s->thread = u->thread;
	s->stack = rp_cursor_varint32(c);
	u->last_us += rp_cursor_delta(c);
	s->at_ns = u->last_us * 1000;
	s->weight = lead >> RP_SAMPLE_WEIGHT_SHIFT;
	s->cpu_ns = rp_cursor_varint(c) * 1000;
	s->runq_ns = lead & RP_SAMPLE_HAS_RUNQ ? rp_cursor_varint(c) * 1000 : 0;
	s->edge = lead & RP_SAMPLE_EDGE_MASK;
	if (c->failed)
		return RP_UNFOLDED_BAD;
	if (s->edge > RP_EDGE_END)
		return complain(u, "a sample's edge is %u", s->edge);
	return s->stack ? refer(u, &u->stacks, "stack", s->stack) : RP_UNFOLDED_ITEM;
}

static enum rp_unfolded take_object(struct rp_unfold *u, struct rp_rec_object *object)
{
	object->object = rp_cursor_varint32(&u->c);
	object->name = rp_cursor_slice(&u->c);
	if (u->c.failed)
		return RP_UNFOLDED_BAD;
	if (object->object == 0)
		return complain(u, "object 0 is reserved");
	return define(u, &u->objects, object->object);
}

static enum rp_unfolded take_wait(struct rp_unfold *u, struct rp_rec_wait *w)
{
	struct rp_cursor *c = &u->c;

	w->thread = rp_cursor_varint32(c);
	w->stack = rp_cursor_varint32(c);
	w->kind = known_wait(rp_cursor_varint32(c));
	w->object = rp_cursor_varint32(c);
	u->last_ns += rp_cursor_delta(c);
	w->at_ns = u->last_ns;
	w->span_ns = rp_cursor_varint(c) - 1;
	w->cpu_ns = rp_cursor_varint(c) - 1;
	if (c->failed)
		return RP_UNFOLDED_BAD;
	if (w->stack && refer(u, &u->stacks, "stack", w->stack) != RP_UNFOLDED_ITEM)
		return RP_UNFOLDED_BAD;
	if (w->object && refer(u, &u->objects, "object", w->object) != RP_UNFOLDED_ITEM)
		return RP_UNFOLDED_BAD;
	return refer(u, &u->threads, "thread", w->thread);
}

/* What a batch of samples has in common. */
static enum rp_unfolded begin_samples(struct rp_unfold *u)
{
	u->thread = rp_cursor_varint32(&u->c);
	u->last_us = rp_cursor_varint(&u->c);
	return u->c.failed ? RP_UNFOLDED_BAD : refer(u, &u->threads, "thread", u->thread);
}

static enum rp_unfolded take(struct rp_unfold *u, struct rp_item *item)
{
	bool fresh = u->fresh;

	u->fresh = false;
	switch (u->kind) {
	case RP_ITEM_SAMPLE:
		if (fresh && begin_samples(u) != RP_UNFOLDED_ITEM)
			return RP_UNFOLDED_BAD;
		return u->c.at == u->c.end ? RP_UNFOLDED_DONE : take_sample(u, &item->sample);
	case RP_ITEM_STACK:
		return u->c.at == u->c.end ? RP_UNFOLDED_DONE : take_stack(u, &item->stack);
	case RP_ITEM_OBJECT:
		return u->c.at == u->c.end ? RP_UNFOLDED_DONE : take_object(u, &item->object);
	case RP_ITEM_WAIT:
		return u->c.at == u->c.end ? RP_UNFOLDED_DONE : take_wait(u, &item->wait);
	default:
		return fresh ? take_single(u, item) : RP_UNFOLDED_DONE;
	}
}

void rp_unfold_begin(struct rp_unfold *u, uint8_t kind, const uint8_t *payload, size_t n)
{
	u->c = (struct rp_cursor){payload, payload + n, false};
	u->begin = payload;
	u->kind = kind;
	u->fresh = true;
	u->batch_stack = 0;
	u->last_us = u->last_ns = 0;
	u->complaint[0] = '\0';
}

enum rp_unfolded rp_unfold_next(struct rp_unfold *u, struct rp_item *item)
{
	/* Items of a batch are small, many, and filled to the last field: they need no zeros. */
	if (u->kind == RP_ITEM_SAMPLE || u->kind == RP_ITEM_STACK || u->kind == RP_ITEM_WAIT)
		item->kind = u->kind;
	else
		*item = (struct rp_item){.kind = u->kind};

	enum rp_unfolded result = take(u, item);

	if (result == RP_UNFOLDED_BAD && !u->complaint[0])
		complain(u, "it ends early or holds a number that is too large");
	return result;
}

void rp_unfold_free(struct rp_unfold *u)
{
	free(u->threads.slot);
	free(u->modules.slot);
	free(u->stacks.slot);
	free(u->objects.slot);
}
