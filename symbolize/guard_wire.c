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

enum { TEXTS, FRAMES, LISTS, ANSWERS, N_PIECES };
enum { INLINED = 1, NAMED = 2 };

/* Texts are told by their number, from 1; 0 is none. */
struct wire_frame {
	uint32_t function, file, suffix, line, func_line, flags;
};

struct wire_list {
	uint32_t first, n; /* frames of this part */
};

struct wire_answer {
	uint32_t at, list; /* of this part */
};

struct piece {
	char *bytes;
	size_t n, cap; /* in bytes */
};

static const size_t item_bytes[N_PIECES] = {1, sizeof(struct wire_frame), sizeof(struct wire_list),
                                            sizeof(struct wire_answer)};

struct rp_wire_packer {
	struct piece piece[N_PIECES];
	uint32_t n_texts;        /* ever */
	struct rp_addrmap texts; /* numbers of texts by address */
	struct rp_addrmap lists; /* those of this part: their number + 1 by the address of frames */
	bool is_sent;            /* what the pieces hold was a part already */
};

struct rp_wire_packer *rp_wire_packer_make(void)
{
	struct rp_wire_packer *packer = calloc(1, sizeof(*packer));

	if (!packer)
		abort(); /* as in pool.c */
	return packer;
}

void rp_wire_packer_free(struct rp_wire_packer *packer)
{
	for (int i = 0; i < N_PIECES; i++)
		free(packer->piece[i].bytes);
	rp_addrmap_free(&packer->texts);
	rp_addrmap_free(&packer->lists);
	free(packer);
}

/* Appends N bytes; their number among those of their kind. */
static size_t add(struct rp_wire_packer *packer, int kind, const void *bytes, size_t n)
{
	struct piece *piece = &packer->piece[kind];
	size_t before = piece->n;

	if (piece->n + n > piece->cap) {
		piece->cap = piece->cap * 2 > piece->n + n ? piece->cap * 2 : piece->n + n + 4096;
		piece->bytes = realloc(piece->bytes, piece->cap);
		if (!piece->bytes)
			abort(); /* as in pool.c */
	}
	memcpy(piece->bytes + before, bytes, n);
	piece->n += n;
	return before / item_bytes[kind];
}

static uint32_t pack_text(struct rp_wire_packer *packer, const char *text)
{
	uintptr_t number = text ? (uintptr_t)rp_addrmap_get(&packer->texts, (uintptr_t)text) : 0;

	if (!text || number)
		return (uint32_t)number;
	add(packer, TEXTS, text, strlen(text) + 1);
	number = ++packer->n_texts;
	rp_addrmap_put(&packer->texts, (uintptr_t)text, (void *)number);
	return (uint32_t)number;
}

static uint32_t pack_list(struct rp_wire_packer *packer, const struct rp_frames *frames)
{
	uintptr_t number = (uintptr_t)rp_addrmap_get(&packer->lists, (uintptr_t)frames->frame);
	struct wire_list list = {.n = frames->n};

	if (number)
		return (uint32_t)(number - 1);
	for (uint32_t i = 0; i < frames->n; i++) {
		const struct rp_frame *f = &frames->frame[i];
		struct wire_frame w = {.function = pack_text(packer, f->function),
		                       .file = pack_text(packer, f->file),
		                       .suffix = pack_text(packer, f->suffix),
		                       .line = f->line,
		                       .func_line = f->func_line,
		                       .flags =
		                               (f->inlined ? INLINED : 0) | (f->named ? NAMED : 0)};
		size_t at = add(packer, FRAMES, &w, sizeof(w));

		list.first = i ? list.first : (uint32_t)at;
	}
	number = add(packer, LISTS, &list, sizeof(list)) + 1;
	rp_addrmap_put(&packer->lists, (uintptr_t)frames->frame, (void *)number);
	return (uint32_t)(number - 1);
}

static void begin_part(struct rp_wire_packer *packer)
{
	for (int i = 0; i < N_PIECES; i++)
		packer->piece[i].n = 0;
	packer->is_sent = false;
	rp_wire_forget(packer);
}

void rp_wire_pack(struct rp_wire_packer *packer, size_t at, const struct rp_frames *frames)
{
	if (packer->is_sent)
		begin_part(packer);
	struct wire_answer answer = {(uint32_t)at, pack_list(packer, frames)};

	add(packer, ANSWERS, &answer, sizeof(answer));
}

void rp_wire_forget(struct rp_wire_packer *packer)
{
	rp_addrmap_free(&packer->lists);
}

size_t rp_wire_n_bytes(const struct rp_wire_packer *packer)
{
	size_t n = 0;

	for (int i = 0; i < N_PIECES && !packer->is_sent; i++)
		n += packer->piece[i].n;
	return n;
}

struct rp_wire_part rp_wire_part(struct rp_wire_packer *packer)
{
	struct rp_wire_part part;
	uint64_t count[N_PIECES];

	if (packer->is_sent)
		begin_part(packer);
	for (int i = 0; i < N_PIECES; i++) {
		part.piece[i] = packer->piece[i].bytes;
		part.n_bytes[i] = packer->piece[i].n;
		count[i] = packer->piece[i].n / item_bytes[i];
	}
	part.sizes =
	        (struct rp_wire_sizes){count[TEXTS], count[FRAMES], count[LISTS], count[ANSWERS]};
	packer->is_sent = true;
	return part;
}

struct rp_wire_answer rp_wire_answer(struct rp_pool *pool, struct rp_frames *out, size_t n)
{
	if (n)
		memset(out, 0, n * sizeof(*out));
	return (struct rp_wire_answer){.pool = pool, .out = out, .n = n};
}

/* Where the pieces of a part begin in its bytes, none of which need be aligned. */
struct pieces {
	const char *at[N_PIECES];
};

static bool find_pieces(struct pieces *pieces, const struct rp_wire_sizes *sizes, const char *bytes,
                        size_t n_bytes)
{
	const uint64_t count[N_PIECES] = {sizes->n_text, sizes->n_frames, sizes->n_lists,
	                                  sizes->n_answers};

	for (int i = 0; i < N_PIECES; i++) {
		if (count[i] > UINT32_MAX || count[i] > n_bytes / item_bytes[i])
			return false;
		pieces->at[i] = bytes;
		bytes += count[i] * item_bytes[i];
		n_bytes -= count[i] * item_bytes[i];
	}
	return n_bytes == 0 && (!sizes->n_text || pieces->at[TEXTS][sizes->n_text - 1] == 0);
}

static void unpack_texts(struct rp_wire_answer *answer, const char *from, size_t n)
{
	char *text = rp_pool_take(answer->pool, n + 1);

	memcpy(text, from, n);
	for (size_t at = 0; at < n; at += strlen(text + at) + 1) {
		if (answer->n_texts == answer->cap_texts) {
			answer->cap_texts = answer->cap_texts ? answer->cap_texts * 2 : 1024;
			answer->text =
			        realloc(answer->text, answer->cap_texts * sizeof(*answer->text));
			if (!answer->text)
				abort(); /* as in pool.c */
		}
		answer->text[answer->n_texts++] = text + at;
	}
}

static bool unpack_frame(const struct rp_wire_answer *answer, struct rp_frame *f, const char *from)
{
	struct wire_frame w;
	uint64_t n = answer->n_texts;

	memcpy(&w, from, sizeof(w));
	if (!w.function || w.function > n || w.file > n || w.suffix > n)
		return false;
	*f = (struct rp_frame){.function = answer->text[w.function - 1],
	                       .file = w.file ? answer->text[w.file - 1] : NULL,
	                       .suffix = w.suffix ? answer->text[w.suffix - 1] : NULL,
	                       .line = w.line,
	                       .func_line = w.func_line,
	                       .inlined = w.flags & INLINED,
	                       .named = w.flags & NAMED};
	return true;
}

static bool unpack_answer(struct rp_wire_answer *answer, const struct pieces *pieces,
                          const struct rp_wire_sizes *sizes, const struct rp_frame *frames,
                          size_t number)
{
	struct wire_answer which;
	struct wire_list list;

	memcpy(&which, pieces->at[ANSWERS] + number * sizeof(which), sizeof(which));
	if (which.at >= answer->n || which.list >= sizes->n_lists)
		return false;
	memcpy(&list, pieces->at[LISTS] + which.list * sizeof(list), sizeof(list));
	if (!list.n || list.first > sizes->n_frames || list.n > sizes->n_frames - list.first)
		return false;
	answer->out[which.at] = (struct rp_frames){.frame = frames + list.first, .n = list.n};
	return true;
}

bool rp_wire_unpack(struct rp_wire_answer *answer, const struct rp_wire_sizes *sizes,
                    const void *bytes, size_t n_bytes)
{
	struct pieces pieces;

	if (!find_pieces(&pieces, sizes, bytes, n_bytes))
		return false;
	struct rp_frame *frames =
	        rp_pool_take(answer->pool, (sizes->n_frames + 1) * sizeof(*frames));

	unpack_texts(answer, pieces.at[TEXTS], sizes->n_text);
	for (size_t i = 0; i < sizes->n_frames; i++)
		if (!unpack_frame(answer, &frames[i],
		                  pieces.at[FRAMES] + i * sizeof(struct wire_frame)))
			return false;
	for (size_t i = 0; i < sizes->n_answers; i++)
		if (!unpack_answer(answer, &pieces, sizes, frames, i))
			return false;
	return true;
}

bool rp_wire_answer_end(struct rp_wire_answer *answer)
{
	bool whole = true;

	for (size_t i = 0; i < answer->n; i++)
		whole &= answer->out[i].n != 0;
	free(answer->text);
	answer->text = NULL;
	return whole;
}
