/* addrmap.c - a 64-bit key to a pointer: open addressing, at most half full.
 *
 * Room: symbolize.  Answers by address, names by DIE, demangled names by hash.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/addrmap.h"

#include <stdlib.h>

enum { FIRST_CAP = 64 };

/* Multiplication by 2^64 / golden ratio: addresses differ in their low bits, the index takes the
 * high ones. */
static size_t home_of(uint64_t key, size_t cap)
{
	return (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (cap - 1);
}

static struct rp_addrmap_slot *slot_of(struct rp_addrmap_slot *slot, size_t cap, uint64_t key)
{
	size_t i = home_of(key, cap);

	while (slot[i].value && slot[i].key != key)
		i = (i + 1) & (cap - 1);
	return &slot[i];
}

static void grow(struct rp_addrmap *map)
{
	size_t cap = map->cap ? map->cap * 2 : FIRST_CAP;
	struct rp_addrmap_slot *slot = calloc(cap, sizeof(*slot));

	if (!slot)
		abort(); /* as in pool.c */
	for (size_t i = 0; i < map->cap; i++)
		if (map->slot[i].value)
			*slot_of(slot, cap, map->slot[i].key) = map->slot[i];
	free(map->slot);
	map->slot = slot;
	map->cap = cap;
}

void *rp_addrmap_get(const struct rp_addrmap *map, uint64_t key)
{
	return map->cap ? slot_of(map->slot, map->cap, key)->value : NULL;
}

void rp_addrmap_put(struct rp_addrmap *map, uint64_t key, void *value)
{
	if (map->n * 2 >= map->cap)
		grow(map);
	struct rp_addrmap_slot *slot = slot_of(map->slot, map->cap, key);

	if (!slot->value)
		map->n++;
	slot->key = key;
	slot->value = value;
}

void rp_addrmap_free(struct rp_addrmap *map)
{
	free(map->slot);
	*map = (struct rp_addrmap){0};
}
