/* frames.c - the frames of one address: DWARF first, symbols next, module+offset at last.
 *
 * Room: symbolize.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/frames.h"

#include "symbolize/clones.h"
#include "symbolize/dienames.h"
#include "symbolize/lines.h"
#include "symbolize/offset.h"
#include "symbolize/symbols.h"

/* What frames are made of, beside the address. */
struct place {
	const struct rp_function *function;
	const char *symbol, *file;
	uint32_t line;
};

struct rp_frames_made {
	struct rp_frames_made *next; /* same hash */
	struct place place;
	struct rp_frames *frames;
};

static struct rp_frames *take_frames(struct rp_object *o, uint32_t n, struct rp_frame **frame)
{
	struct rp_frames *frames =
	        rp_pool_take(&o->shared->frames, sizeof(*frames) + n * sizeof(**frame));

	*frame = (struct rp_frame *)(frames + 1);
	frames->frame = *frame;
	frames->n = n;
	return frames;
}

/* NAME may be NULL: then the symbol's, else module+offset.  The offset is the function's, so that
 * its addresses stay together; a nameless copy inside is not that function and keeps its own. */
static void name_frame(struct rp_object *o, struct rp_frame *frame, const char *name,
                       const char *symbol, uint64_t addr)
{
	if (!name && symbol)
		name = rp_clones_name(o->shared, symbol);
	frame->named = name != NULL;
	frame->suffix = symbol ? rp_clones_suffix(symbol) : NULL;
	if (!name)
		name = rp_offset_name(&o->shared->pool, o->is.path,
		                      frame->inlined ? addr : rp_fde_begin(&o->fde, addr));
	frame->function = name;
}

static struct rp_frames *frames_of_symbol(struct rp_frames_maker *m, const struct place *at,
                                          uint64_t addr)
{
	struct rp_frame *frame;
	struct rp_frames *frames = take_frames(m->object, 1, &frame);

	name_frame(m->object, frame, NULL, at->symbol, addr);
	frame->file = at->file;
	frame->line = at->line;
	return frames;
}

static const char *call_file(struct rp_frames_maker *m, uint64_t index)
{
	if (!m->has_calls && m->of_calls != m->files)
		rp_lines_files(m->body, m->of_calls);
	m->has_calls = true;
	return rp_files_path(m->of_calls, index, &m->object->shared->pool);
}

static struct rp_frames *frames_of_function(struct rp_frames_maker *m, const struct place *at,
                                            uint64_t addr)
{
	uint32_t n = 0, line = at->line;
	const char *file = at->file;
	struct rp_frame *frame;

	for (const struct rp_function *f = at->function; f; f = f->into)
		n++;
	struct rp_frames *frames = take_frames(m->object, n, &frame);

	for (const struct rp_function *f = at->function; f; f = f->into, frame++) {
		const char *symbol = f->into ? NULL : at->symbol;
		const struct rp_dienames_entry *entry = rp_dienames_get(m->object, f, symbol);

		frame->inlined = f->into != NULL;
		name_frame(m->object, frame, entry->name, symbol, addr);
		frame->func_line = entry->decl_line;
		frame->file = file;
		frame->line = line;
		if (f->into)
			file = call_file(m, f->call_file);
		line = f->call_line;
	}
	return frames;
}

static uint64_t hash_of(const struct place *at)
{
	uint64_t hash = (uintptr_t)at->function;

	hash = hash * UINT64_C(0x9e3779b97f4a7c15) + (uintptr_t)at->symbol;
	hash = hash * UINT64_C(0x9e3779b97f4a7c15) + (uintptr_t)at->file;
	return hash * UINT64_C(0x9e3779b97f4a7c15) + at->line;
}

static bool is_same(const struct place *a, const struct place *b)
{
	return a->function == b->function && a->symbol == b->symbol && a->file == b->file &&
	       a->line == b->line;
}

/* Without any name the address is the name, and nothing is shared. */
static bool is_shared(const struct place *at)
{
	return at->function || at->symbol;
}

static struct rp_frames *make_frames(struct rp_frames_maker *m, const struct place *at,
                                     uint64_t addr)
{
	return at->function ? frames_of_function(m, at, addr) : frames_of_symbol(m, at, addr);
}

struct rp_frames *rp_frames_make(struct rp_frames_maker *maker, const struct rp_want *want)
{
	struct rp_object *o = maker->object;
	struct place at = {want->function, rp_symbols_find(o, want->addr),
	                   rp_files_path(maker->files, want->file, &o->shared->pool), want->line};
	uint64_t hash = hash_of(&at);
	struct rp_frames_made *first = rp_addrmap_get(&maker->made, hash), *made;

	if (!is_shared(&at))
		return make_frames(maker, &at, want->addr);
	for (made = first; made; made = made->next)
		if (is_same(&made->place, &at))
			return made->frames;
	made = rp_pool_take(&o->shared->scratch, sizeof(*made));
	*made = (struct rp_frames_made){first, at, make_frames(maker, &at, want->addr)};
	rp_addrmap_put(&maker->made, hash, made);
	return made->frames;
}

void rp_frames_end(struct rp_frames_maker *maker)
{
	rp_addrmap_free(&maker->made);
}
