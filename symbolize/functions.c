/* functions.c - the functions around the addresses wanted of a unit, and the copies inlined there.
 *
 * Room: symbolize.  One way through the unit: what holds no wanted address is passed, by its
 * sibling where it has one, so that copies are only read in functions that were hit.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/functions.h"

#include "symbolize/code.h"

enum { MAX_DEPTH = 256 };

struct walk {
	struct rp_unit *unit;
	struct rp_bytes at;
	struct rp_wants *wants;
	struct rp_pool *pool;
	struct rp_ranges ranges; /* of the DIE at hand */
	bool hidden;
	unsigned depth;
};

/* The wants that are around: those of the function we are in. */
struct window {
	size_t from, to;
};

/* The DIE at hand. */
struct item {
	const uint8_t *at;
	const struct rp_abbrev *abbrev;
	struct rp_code code;
};

static void walk_scope(struct walk *w, struct window window);
static void walk_body(struct walk *w, struct rp_function *f, struct window window);

static struct rp_function *make_function(struct walk *w, const struct item *item,
                                         struct rp_function *into)
{
	struct rp_function *f = rp_pool_take(w->pool, sizeof(*f));

	f->die = (struct rp_die){w->unit, item->at};
	f->origin = item->code.origin;
	f->into = into;
	f->call_file = item->code.call_file;
	f->call_line = (uint32_t)item->code.call_line;
	return f;
}

/* Where ranges overlap, the one that begins later wins. */
static void give(struct rp_want *want, struct rp_function *f, uint64_t lo)
{
	if (want->function_lo > lo)
		return;
	want->function = f;
	want->function_lo = lo;
}

/* The function or copy of ITEM when a want of WINDOW is in it, with INNER around those in it. */
static struct rp_function *take_hits(struct walk *w, const struct item *item,
                                     struct rp_function *into, struct window window,
                                     struct window *inner)
{
	struct rp_function *f = NULL;
	bool fresh_only = w->hidden && !into;

	rp_code_ranges(w->unit, &item->code, &w->ranges);
	*inner = (struct window){window.to, window.from};
	for (size_t r = 0; r < w->ranges.n; r++) {
		const struct rp_range *range = &w->ranges.at[r];
		size_t i = rp_wants_from(w->wants, window.from, window.to, range->lo);

		for (; i < window.to && w->wants->at[i].addr < range->hi; i++) {
			if (fresh_only && w->wants->at[i].function)
				continue;
			if (!f)
				f = make_function(w, item, into);
			give(&w->wants->at[i], f, range->lo);
			inner->from = i < inner->from ? i : inner->from;
			inner->to = i + 1 > inner->to ? i + 1 : inner->to;
		}
	}
	return f;
}

static void read_item(struct walk *w, struct item *item)
{
	rp_code_read(w->unit, item->abbrev, &w->at, &item->code);
}

static void leave(struct walk *w, const struct item *item)
{
	if (item->abbrev->has_children)
		rp_dies_leave(w->unit, &w->at, item->code.sibling);
}

/* Into the children of ITEM, with its attributes read. */
static void enter(struct walk *w, const struct item *item, struct rp_function *f,
                  struct window window)
{
	if (!item->abbrev->has_children)
		return;
	if (w->depth >= MAX_DEPTH) {
		leave(w, item);
		return;
	}
	w->depth++;
	if (f)
		walk_body(w, f, window);
	else
		walk_scope(w, window);
	w->depth--;
}

static void visit_function(struct walk *w, struct item *item, struct window window)
{
	struct rp_function *f = NULL;
	struct window inner;

	read_item(w, item);
	if (item->abbrev->has_code)
		f = take_hits(w, item, NULL, window, &inner);
	if (f)
		enter(w, item, f, inner);
	else if (w->hidden)
		enter(w, item, NULL, window);
	else
		leave(w, item);
}

/* The next child of where W is; false: there are no more. */
static bool next_item(struct walk *w, struct item *item)
{
	item->at = w->at.at;
	item->abbrev = rp_dies_next(w->unit, &w->at);
	return item->abbrev != NULL;
}

static void visit_scope(struct walk *w, struct item *item, struct window window)
{
	read_item(w, item);
	enter(w, item, NULL, window);
}

/* The children of a unit, of a namespace, or of what may hide functions. */
static void walk_scope(struct walk *w, struct window window)
{
	struct item item;

	while (next_item(w, &item)) {
		unsigned kind = item.abbrev->kind;

		if (kind == RP_ABBREV_FUNCTION && (item.abbrev->has_code || w->hidden))
			visit_function(w, &item, window);
		else if (kind == RP_ABBREV_SCOPE || (w->hidden && kind != RP_ABBREV_OTHER))
			visit_scope(w, &item, window);
		else
			rp_dies_pass(w->unit, item.abbrev, &w->at);
	}
}

/* A copy, or a block, in F: what has no wanted address holds no copy that has. */
static void visit_part(struct walk *w, struct item *item, struct rp_function *f,
                       struct window window)
{
	bool copy = item->abbrev->kind == RP_ABBREV_COPY;
	struct window inner = window;

	read_item(w, item);
	if (copy)
		f = take_hits(w, item, f, window, &inner);
	if (f)
		enter(w, item, f, inner);
	else
		leave(w, item);
}

/* The children of a function, or copy. */
static void walk_body(struct walk *w, struct rp_function *f, struct window window)
{
	struct item item;

	while (next_item(w, &item)) {
		unsigned kind = item.abbrev->kind;

		if (kind == RP_ABBREV_COPY || kind == RP_ABBREV_BLOCK)
			visit_part(w, &item, f, window);
		else if (w->hidden && kind == RP_ABBREV_FUNCTION)
			visit_function(w, &item, (struct window){0, w->wants->n});
		else if (w->hidden && kind == RP_ABBREV_TYPE)
			visit_scope(w, &item, (struct window){0, w->wants->n});
		else
			rp_dies_pass(w->unit, item.abbrev, &w->at);
	}
}

void rp_functions_find(struct rp_unit *unit, struct rp_wants *wants, bool hidden,
                       struct rp_pool *pool)
{
	struct walk w = {.unit = unit, .wants = wants, .pool = pool, .hidden = hidden};

	if (!rp_units_root(unit) || !unit->root.has_children || !rp_units_table(unit))
		return;
	w.at = (struct rp_bytes){unit->root.children, unit->end};
	walk_scope(&w, (struct window){0, wants->n});
	rp_ranges_free(&w.ranges);
}
