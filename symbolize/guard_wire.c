/* guard_wire.c - frames on their way between two processes: texts, frames, lists of frames, and a
 * list for each address; what is the same is sent once.
 *
 * Room: symbolize.  Packed by guard_child.c, unpacked by guard.c.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/guard_wire.h"

#include <stdlib.h>
#include <string.h>

#include "symbolize/addrmap.h"

enum { TEXTS, FRAMES, LISTS, ANSWERS, N_PARTS };
enum { INLINED = 1, NAMED = 2 };

/* Texts are told by where they begin, plus one; 0 is none. */
struct wire_frame {
	uint32_t function, file, suffix, line, func_line, flags;
};

struct wire_list {
	uint32_t first, n;
};

struct packer {
	char *text;
	size_t n_text, cap_text;
	struct wire_frame *frame;
	size_t n_frames, cap_frames;
	struct wire_list *list;
	size_t n_lists, cap_lists;
	struct rp_addrmap texts, lists; /* what was sent, by its address */
};

/* ITEMS with room for N + MORE of SIZE bytes each. */
static void *grown(void *items, size_t n, size_t more, size_t *cap, size_t size)
{
	if (n + more <= *cap)
		return items;
	*cap = *cap * 2 > n + more ? *cap * 2 : n + more + 64;
	items = realloc(items, *cap * size);
	if (!items)
		abort(); /* as in pool.c */
	return items;
}

static uint32_t pack_text(struct packer *p, const char *text)
{
	uintptr_t at = text ? (uintptr_t)rp_addrmap_get(&p->texts, (uintptr_t)text) : 0;

	if (!text || at)
		return (uint32_t)at;
	size_t n = strlen(text) + 1;

	p->text = grown(p->text, p->n_text, n, &p->cap_text, 1);
	memcpy(p->text + p->n_text, text, n);
	at = p->n_text + 1;
	p->n_text += n;
	rp_addrmap_put(&p->texts, (uintptr_t)text, (void *)at);
	return (uint32_t)at;
}

static uint32_t pack_list(struct packer *p, const struct rp_frames *frames)
{
	uintptr_t at = (uintptr_t)rp_addrmap_get(&p->lists, (uintptr_t)frames->frame);

	if (at)
		return (uint32_t)(at - 1);
	p->list = grown(p->list, p->n_lists, 1, &p->cap_lists, sizeof(*p->list));
	p->frame = grown(p->frame, p->n_frames, frames->n, &p->cap_frames, sizeof(*p->frame));
	p->list[p->n_lists] = (struct wire_list){(uint32_t)p->n_frames, frames->n};
	for (uint32_t i = 0; i < frames->n; i++) {
		const struct rp_frame *f = &frames->frame[i];

		p->frame[p->n_frames++] = (struct wire_frame){.function = pack_text(p, f->function),
		                                              .file = pack_text(p, f->file),
		                                              .suffix = pack_text(p, f->suffix),
		                                              .line = f->line,
		                                              .func_line = f->func_line,
		                                              .flags = (f->inlined ? INLINED : 0) |
		                                                       (f->named ? NAMED : 0)};
	}
	at = ++p->n_lists;
	rp_addrmap_put(&p->lists, (uintptr_t)frames->frame, (void *)at);
	return (uint32_t)(at - 1);
}

void rp_wire_pack(struct rp_wire_packed *packed, const struct rp_frames *frames, size_t n)
{
	struct packer p = {0};
	uint32_t *answer = malloc((n + 1) * sizeof(*answer));

	if (!answer)
		abort(); /* as in pool.c */
	for (size_t i = 0; i < n; i++)
		answer[i] = pack_list(&p, &frames[i]);
	rp_addrmap_free(&p.texts);
	rp_addrmap_free(&p.lists);
	*packed = (struct rp_wire_packed){.sizes = {p.n_text, p.n_frames, p.n_lists},
	                                  .part = {[TEXTS] = p.text,
	                                           [FRAMES] = p.frame,
	                                           [LISTS] = p.list,
	                                           [ANSWERS] = answer},
	                                  .n_bytes = {[TEXTS] = p.n_text,
	                                              [FRAMES] = p.n_frames * sizeof(*p.frame),
	                                              [LISTS] = p.n_lists * sizeof(*p.list),
	                                              [ANSWERS] = n * sizeof(*answer)}};
}

void rp_wire_packed_free(struct rp_wire_packed *packed)
{
	for (int i = 0; i < N_PARTS; i++)
		free(packed->part[i]);
}

/* Where the parts of an answer begin in its bytes, none of which need be aligned. */
struct parts {
	const char *at[N_PARTS];
};

static bool find_parts(struct parts *parts, const struct rp_wire_sizes *sizes, const char *bytes,
                       size_t n_bytes, size_t n)
{
	const uint64_t count[N_PARTS] = {sizes->n_text, sizes->n_frames, sizes->n_lists, n};
	const size_t size[N_PARTS] = {1, sizeof(struct wire_frame), sizeof(struct wire_list),
	                              sizeof(uint32_t)};

	for (int i = 0; i < N_PARTS; i++) {
		if (count[i] > UINT32_MAX || count[i] > n_bytes / size[i])
			return false;
		parts->at[i] = bytes;
		bytes += count[i] * size[i];
		n_bytes -= count[i] * size[i];
	}
	return n_bytes == 0 && (!n || (sizes->n_text && parts->at[TEXTS][sizes->n_text - 1] == 0));
}

static bool unpack_frame(struct rp_frame *f, const char *from, const char *text, uint64_t n_text)
{
	struct wire_frame w;

	memcpy(&w, from, sizeof(w));
	if (!w.function || w.function > n_text || w.file > n_text || w.suffix > n_text)
		return false;
	*f = (struct rp_frame){.function = text + w.function - 1,
	                       .file = w.file ? text + w.file - 1 : NULL,
	                       .suffix = w.suffix ? text + w.suffix - 1 : NULL,
	                       .line = w.line,
	                       .func_line = w.func_line,
	                       .inlined = w.flags & INLINED,
	                       .named = w.flags & NAMED};
	return true;
}

static bool unpack_answer(struct rp_frames *out, const struct parts *parts,
                          const struct rp_wire_sizes *sizes, const struct rp_frame *frames,
                          size_t at)
{
	struct wire_list list;
	uint32_t which;

	memcpy(&which, parts->at[ANSWERS] + at * sizeof(which), sizeof(which));
	if (which >= sizes->n_lists)
		return false;
	memcpy(&list, parts->at[LISTS] + which * sizeof(list), sizeof(list));
	if (!list.n || list.first > sizes->n_frames || list.n > sizes->n_frames - list.first)
		return false;
	*out = (struct rp_frames){.frame = frames + list.first, .n = list.n};
	return true;
}

bool rp_wire_unpack(struct rp_pool *pool, const struct rp_wire_sizes *sizes, const void *bytes,
                    size_t n_bytes, struct rp_frames *out, size_t n)
{
	struct parts parts;

	if (!find_parts(&parts, sizes, bytes, n_bytes, n))
		return false;
	char *text = rp_pool_take(pool, sizes->n_text + 1);
	struct rp_frame *frames = rp_pool_take(pool, (sizes->n_frames + 1) * sizeof(*frames));

	memcpy(text, parts.at[TEXTS], sizes->n_text);
	for (size_t i = 0; i < sizes->n_frames; i++)
		if (!unpack_frame(&frames[i], parts.at[FRAMES] + i * sizeof(struct wire_frame),
		                  text, sizes->n_text))
			return false;
	for (size_t i = 0; i < n; i++)
		if (!unpack_answer(&out[i], &parts, sizes, frames, i))
			return false;
	return true;
}
