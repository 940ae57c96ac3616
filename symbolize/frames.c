/* frames.c - the frames of one address: DWARF first, symbols next, module+offset at last.
 *
 * Room: symbolize.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/frames.h"

#include "symbolize/dienames.h"
#include "symbolize/lines.h"
#include "symbolize/offset.h"
#include "symbolize/sources.h"
#include "symbolize/symbols.h"

static struct rp_frames *take_frames(struct rp_object *o, uint32_t n, struct rp_frame **frame)
{
	struct rp_frames *frames = rp_pool_take(&o->shared->pool, sizeof(*frames));

	*frame = rp_pool_take(&o->shared->pool, n * sizeof(**frame));
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
		name = rp_demangle_name(&o->shared->demangle, &o->shared->pool, symbol);
	frame->named = name != NULL;
	if (!name)
		name = rp_offset_name(&o->shared->pool, o->is.path,
		                      frame->inlined ? addr : rp_fde_begin(&o->fde, addr));
	frame->function = name;
}

static struct rp_line line_of(struct rp_object *o, struct rp_cu *cu, uint64_t addr)
{
	struct rp_line line = rp_lines_find(cu, addr);

	line.file = rp_sources_path(o, cu, line.file);
	return line;
}

static struct rp_frames *frames_of_symbol(struct rp_object *o, struct rp_cu *cu, uint64_t addr)
{
	struct rp_frame *frame;
	struct rp_frames *frames = take_frames(o, 1, &frame);
	struct rp_line line = {0};

	if (cu)
		line = line_of(o, cu, addr);
	name_frame(o, frame, NULL, rp_symbols_find(o, addr), addr);
	frame->file = line.file;
	frame->line = line.line;
	return frames;
}

static struct rp_frames *frames_of_function(struct rp_object *o, struct rp_cu *cu,
                                            struct rp_function *innermost, struct rp_line line,
                                            uint64_t addr)
{
	uint32_t n = 0;
	struct rp_frame *frame;

	for (struct rp_function *f = innermost; f; f = f->into)
		n++;
	struct rp_frames *frames = take_frames(o, n, &frame);

	for (struct rp_function *f = innermost; f; f = f->into, frame++) {
		const char *symbol = f->into ? NULL : rp_symbols_find(o, addr);
		const struct rp_dienames_entry *entry = rp_dienames_get(o, cu, f, symbol);

		frame->inlined = f->into != NULL;
		name_frame(o, frame, entry->name, symbol, addr);
		frame->func_line = entry->decl_line;
		frame->file = line.file;
		frame->line = line.line;
		line = (struct rp_line){rp_sources_path(o, cu, f->call_file), f->call_line};
	}
	return frames;
}

static struct rp_function *find_function(struct rp_object *o, struct rp_cu *cu, uint64_t addr)
{
	struct rp_function *f = cu ? rp_functions_find(o, cu, addr) : NULL;

	/* Functions inside types are only read when a symbol says that there must be one: else
	 * every address in padding would cost a whole unit. */
	if (!f && cu && !cu->walked_types && rp_symbols_find(o, addr) &&
	    rp_functions_read_types(o, cu))
		f = rp_functions_find(o, cu, addr);
	return f;
}

static bool is_last(const struct rp_frames_last *last, const struct rp_function *f,
                    struct rp_line line)
{
	const struct rp_frame *frame = last->frames ? last->frames->frame : NULL;

	return frame && last->function == f && frame->file == line.file && frame->line == line.line;
}

struct rp_frames *rp_frames_make(struct rp_object *object, uint64_t addr,
                                 struct rp_frames_last *last)
{
	struct rp_cu *cu = rp_cus_find(object, addr);

	if (!cu && object->rangeless && rp_symbols_find(object, addr) &&
	    rp_cus_map_rangeless(object))
		cu = rp_cus_find(object, addr);
	struct rp_function *f = find_function(object, cu, addr);

	if (!f)
		return frames_of_symbol(object, cu, addr);
	struct rp_line line = line_of(object, cu, addr);

	if (!is_last(last, f, line)) {
		last->frames = frames_of_function(object, cu, f, line, addr);
		last->function = f;
	}
	return last->frames;
}
