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

static struct rp_frames *frames_of_symbol(struct rp_frames_maker *m, uint64_t addr)
{
	struct rp_frame *frame;
	struct rp_frames *frames = take_frames(m->object, 1, &frame);

	name_frame(m->object, frame, NULL, m->symbol, addr);
	frame->file = m->file;
	frame->line = m->line;
	return frames;
}

static const char *call_file(struct rp_frames_maker *m, uint64_t index)
{
	if (!m->has_calls && m->of_calls != m->files)
		rp_lines_files(m->body, m->of_calls);
	m->has_calls = true;
	return rp_files_path(m->of_calls, index, &m->object->shared->pool);
}

static struct rp_frames *frames_of_function(struct rp_frames_maker *m, uint64_t addr)
{
	uint32_t n = 0, line = m->line;
	const char *file = m->file;
	struct rp_frame *frame;

	for (const struct rp_function *f = m->function; f; f = f->into)
		n++;
	struct rp_frames *frames = take_frames(m->object, n, &frame);

	for (const struct rp_function *f = m->function; f; f = f->into, frame++) {
		const char *symbol = f->into ? NULL : m->symbol;
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

struct rp_frames *rp_frames_make(struct rp_frames_maker *maker, const struct rp_want *want)
{
	struct rp_object *o = maker->object;
	const char *symbol = rp_symbols_find(o, want->addr);
	const char *file = rp_files_path(maker->files, want->file, &o->shared->pool);

	/* Without any name the address is the name. */
	if (maker->frames && maker->function == want->function && maker->symbol == symbol &&
	    maker->file == file && maker->line == want->line &&
	    maker->frames->frame[maker->frames->n - 1].named)
		return maker->frames;
	maker->function = want->function;
	maker->symbol = symbol;
	maker->file = file;
	maker->line = want->line;
	maker->frames = want->function ? frames_of_function(maker, want->addr)
	                               : frames_of_symbol(maker, want->addr);
	return maker->frames;
}
