/* memory.h - growing arrays, a heap of small things, and an index of values: for the tool only.
 *
 * Room: tools.  Out of memory ends the program with a sentence: a tool has nothing to save.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_MEMORY_H
#define RP_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* AT, moved if need be, with room for one more item after N.  Capacity is the power of two that
 * N tells, so nobody has to keep it; for arrays that only grow by this call. */
void *rp_memory_grow(void *at, size_t n, size_t item_bytes);

/* AT with room for N items. */
void *rp_memory_resize(void *at, size_t n, size_t item_bytes);

/* N zeroed items; never NULL. */
void *rp_memory_zero(size_t n, size_t item_bytes);

/* Small things that live and go together.  Zero is an empty heap. */
struct rp_heap {
	struct rp_heap_chunk *chunk;
	size_t used;
};

void *rp_heap_take(struct rp_heap *heap, size_t n_bytes);
char *rp_heap_text(struct rp_heap *heap, const char *text, size_t n);
char *rp_heap_print(struct rp_heap *heap, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
void rp_heap_free(struct rp_heap *heap);

/* Numbers values 0, 1, 2... by first appearance.  Zero is an empty index. */
struct rp_index {
	struct rp_index_slot *slots;
	size_t n, n_slots;
};

/* The number of KEY; *FRESH tells that it is new (the caller then stores it under that number).
 * SAME compares KEY with the value already stored under a number. */
uint32_t rp_index_of(struct rp_index *index, uint64_t hash,
                     bool (*same)(const void *owner, uint32_t number, const void *key),
                     const void *owner, const void *key, bool *fresh);
/* Makes room for N values at once, where so many are to come. */
void rp_index_reserve(struct rp_index *index, size_t n);
void rp_index_free(struct rp_index *index);

/* Hash of N bytes, mixed into SEED. */
uint64_t rp_memory_hash(uint64_t seed, const void *bytes, size_t n);

#endif
