/* memory.c - see memory.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ITEMS = 8, CHUNK_BYTES = 64 << 10, FIRST_SLOTS = 64 };

struct rp_heap_chunk {
	struct rp_heap_chunk *next;
	size_t cap;
	_Alignas(16) char bytes[];
};

/* used: number + 1, so that zeroed memory is empty. */
struct rp_index_slot {
	uint32_t used, hash;
};

static void *must(void *at)
{
	if (at)
		return at;
	fputs("reqprof: out of memory\n", stderr);
	exit(2);
}

void *rp_memory_grow(void *at, size_t n, size_t item_bytes)
{
	if (n == 0)
		return at ? at : must(malloc(FIRST_ITEMS * item_bytes));
	if (n < FIRST_ITEMS || (n & (n - 1)) != 0)
		return at;
	return must(reallocarray(at, 2 * n, item_bytes));
}

void *rp_memory_resize(void *at, size_t n, size_t item_bytes)
{
	return must(reallocarray(at, n ? n : 1, item_bytes));
}

void *rp_memory_zero(size_t n, size_t item_bytes)
{
	return must(calloc(n ? n : 1, item_bytes));
}

void *rp_heap_take(struct rp_heap *heap, size_t n_bytes)
{
	size_t wanted = (n_bytes + 15) & ~(size_t)15;

	if (!heap->chunk || heap->chunk->cap - heap->used < wanted) {
		size_t cap = wanted > CHUNK_BYTES ? wanted : CHUNK_BYTES;
		struct rp_heap_chunk *chunk = must(malloc(sizeof(*chunk) + cap));

		chunk->next = heap->chunk;
		chunk->cap = cap;
		heap->chunk = chunk;
		heap->used = 0;
	}
	void *at = heap->chunk->bytes + heap->used;

	heap->used += wanted;
	return at;
}

char *rp_heap_text(struct rp_heap *heap, const char *text, size_t n)
{
	char *copy = rp_heap_take(heap, n + 1);

	if (n)
		memcpy(copy, text, n);
	copy[n] = '\0';
	return copy;
}

char *rp_heap_print(struct rp_heap *heap, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	int n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0)
		must(NULL);
	char *copy = rp_heap_text(heap, text, (size_t)n);

	free(text);
	return copy;
}

void rp_heap_free(struct rp_heap *heap)
{
	while (heap->chunk) {
		struct rp_heap_chunk *next = heap->chunk->next;

		free(heap->chunk);
		heap->chunk = next;
	}
}

/* More slots; the stored half of the hash is enough to place a slot again. */
static void widen(struct rp_index *index, size_t n_slots)
{
	size_t n_old = index->n_slots;
	struct rp_index_slot *old = index->slots;

	index->n_slots = n_slots;
	index->slots = rp_memory_zero(index->n_slots, sizeof(*index->slots));
	for (size_t i = 0; i < n_old; i++) {
		size_t at = old[i].hash & (index->n_slots - 1);

		if (!old[i].used)
			continue;
		while (index->slots[at].used)
			at = (at + 1) & (index->n_slots - 1);
		index->slots[at] = old[i];
	}
	free(old);
}

uint32_t rp_index_of(struct rp_index *index, uint64_t hash,
                     bool (*same)(const void *owner, uint32_t number, const void *key),
                     const void *owner, const void *key, bool *fresh)
{
	if (2 * index->n >= index->n_slots)
		widen(index, index->n_slots ? 2 * index->n_slots : FIRST_SLOTS);
	uint32_t half = (uint32_t)(hash ^ (hash >> 32));
	size_t mask = index->n_slots - 1, at = half & mask;

	*fresh = false;
	for (; index->slots[at].used; at = (at + 1) & mask)
		if (index->slots[at].hash == half && same(owner, index->slots[at].used - 1, key))
			return index->slots[at].used - 1;
	*fresh = true;
	index->slots[at] = (struct rp_index_slot){(uint32_t)++index->n, half};
	return (uint32_t)index->n - 1;
}

void rp_index_reserve(struct rp_index *index, size_t n)
{
	size_t n_slots = index->n_slots ? index->n_slots : FIRST_SLOTS;

	while (n_slots < 2 * (index->n + n + 1))
		n_slots *= 2;
	if (n_slots > index->n_slots)
		widen(index, n_slots);
}

void rp_index_free(struct rp_index *index)
{
	free(index->slots);
	*index = (struct rp_index){0};
}

uint64_t rp_memory_hash(uint64_t seed, const void *bytes, size_t n)
{
	const unsigned char *at = bytes;
	uint64_t hash = seed ^ 0x9e3779b97f4a7c15u ^ n;

	for (; n >= 8; n -= 8, at += 8) {
		uint64_t word;

		memcpy(&word, at, 8);
		hash = (hash ^ word) * 0xff51afd7ed558ccdu;
		hash ^= hash >> 32;
	}
	for (; n; n--, at++)
		hash = (hash ^ *at) * 0x100000001b3u;
	hash *= 0xc4ceb9fe1a85ec53u;
	return hash ^ (hash >> 29);
}
