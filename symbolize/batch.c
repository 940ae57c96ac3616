/* batch.c - many addresses of one module at once, unit by unit.
 *
 * Room: symbolize.  Each unit is read once for all of its addresses, and what was read is thrown
 * away before the next.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/batch.h"

#include <stdlib.h>

#include "symbolize/cus.h"
#include "symbolize/frames.h"
#include "symbolize/lines.h"
#include "symbolize/symbols.h"

static const uint32_t NOBODY = UINT32_MAX;

struct batch {
	struct rp_object *object;
	const struct rp_order_item *item; /* of the same address: the first stands for all */
	size_t n;
	const struct rp_resolve_sink *sink;
	uint32_t *next;       /* by item: the next in the same unit */
	struct rp_cu *hit;    /* the units with any */
	struct rp_want *want; /* of the unit at hand */
};

static void *array(size_t n, size_t item_bytes)
{
	void *at = calloc(n + 1, item_bytes);

	if (!at)
		abort(); /* as in pool.c */
	return at;
}

static struct rp_want want_of(const struct batch *b, size_t i)
{
	return (struct rp_want){.addr = b->item[i].addr, .file = RP_WANT_NO_FILE, .slot = i};
}

/* Whether a function is known to be there: addresses in padding would each cost a search. */
static bool is_in_function(struct rp_object *o, uint64_t addr)
{
	return rp_symbols_find(o, addr) || !o->symbols.n;
}

static bool misses_any(struct rp_object *o, const struct rp_wants *wants)
{
	for (size_t i = 0; i < wants->n; i++)
		if (!wants->at[i].function && is_in_function(o, wants->at[i].addr))
			return true;
	return false;
}

/* What was made is the sink's for a moment, and then forgotten. */
static void make_frames(struct batch *b, struct rp_frames_maker *maker,
                        const struct rp_wants *wants)
{
	for (size_t i = 0; i < wants->n; i++) {
		const struct rp_frames *frames = rp_frames_make(maker, &wants->at[i]);

		for (size_t k = wants->at[i].slot; k < b->n && b->item[k].addr == wants->at[i].addr;
		     k++)
			b->sink->frames(b->sink->arg, b->item[k].at, frames);
	}
	b->sink->end_unit(b->sink->arg);
	rp_frames_end(maker);
	rp_pool_reset(&b->object->shared->frames);
	rp_pool_reset(&b->object->shared->scratch);
}

/* The lines and frames of wants whose functions in BODY are found. */
static void finish(struct batch *b, struct rp_unit *unit, struct rp_unit *body,
                   struct rp_wants *wants)
{
	struct rp_files files = {0}, of_calls = {0};
	struct rp_frames_maker maker = {.object = b->object,
	                                .body = body,
	                                .files = &files,
	                                .of_calls = unit == body ? &files : &of_calls};

	rp_lines_find(unit, wants, &files);
	make_frames(b, &maker, wants);
	rp_files_free(&files);
	rp_files_free(&of_calls);
}

static void answer_unit(struct batch *b, struct rp_cu *cu)
{
	struct rp_pool *scratch = &b->object->shared->scratch;
	struct rp_wants wants = {b->want, 0};
	struct rp_unit *body = rp_cus_body(cu);

	for (uint32_t i = cu->first; i != NOBODY; i = b->next[i])
		wants.at[wants.n++] = want_of(b, i);
	rp_functions_find(body, &wants, false, scratch);
	if (misses_any(b->object, &wants))
		rp_functions_find(body, &wants, true, scratch);
	finish(b, cu->unit, body, &wants);
}

/* Chains every address to its unit; those of no unit into WANTS. */
static void share_out(struct batch *b, struct rp_wants *wants)
{
	for (uint32_t i = 0; i < b->n; i++) {
		if (i && b->item[i].addr == b->item[i - 1].addr)
			continue;
		struct rp_cu *cu = rp_cus_find(b->object, b->item[i].addr);

		b->next[i] = NOBODY;
		if (!cu) {
			wants->at[wants->n++] = want_of(b, i);
			continue;
		}
		if (cu->hit)
			b->next[cu->last] = i;
		else
			cu->first = i;
		if (!cu->hit) {
			cu->hit = true;
			cu->next = b->hit;
			b->hit = cu;
		}
		cu->last = i;
	}
}

static void answer_units(struct batch *b)
{
	struct rp_cu *next;

	for (struct rp_cu *cu = b->hit; cu; cu = next) {
		next = cu->next;
		cu->hit = false;
		answer_unit(b, cu);
	}
}

/* Moves those with a function from WANTS to FOUND. */
static void part(struct rp_wants *wants, struct rp_wants *found)
{
	size_t n = wants->n;

	wants->n = found->n = 0;
	for (size_t i = 0; i < n; i++)
		if (wants->at[i].function)
			found->at[found->n++] = wants->at[i];
		else
			wants->at[wants->n++] = wants->at[i];
}

/* Units that do not say where their code is: their functions do. */
static void ask_rangeless(struct batch *b, struct rp_wants *wants)
{
	struct rp_object *o = b->object;
	struct rp_wants found = {b->want, 0};

	for (struct rp_cu *cu = o->rangeless; cu && misses_any(o, wants); cu = cu->next) {
		struct rp_unit *body = rp_cus_body(cu);

		rp_functions_find(body, wants, false, &o->shared->scratch);
		part(wants, &found);
		if (found.n)
			finish(b, cu->unit, body, &found);
	}
}

static void answer_rest(struct batch *b, struct rp_wants *wants)
{
	struct rp_files none = {0};
	struct rp_frames_maker maker = {.object = b->object, .files = &none, .of_calls = &none};

	ask_rangeless(b, wants);
	make_frames(b, &maker, wants);
}

void rp_batch_answer(struct rp_object *object, const struct rp_order_item *item, size_t n,
                     const struct rp_resolve_sink *sink)
{
	struct batch b = {.object = object, .item = item, .n = n, .sink = sink};
	struct rp_wants rest = {array(n, sizeof(*rest.at)), 0};

	b.next = array(n, sizeof(*b.next));
	b.want = array(n, sizeof(*b.want));
	if (object->dwarf)
		rp_dwarf_allow(object->dwarf);
	share_out(&b, &rest);
	answer_units(&b);
	answer_rest(&b, &rest);
	free(rest.at);
	free(b.next);
	free(b.want);
}
