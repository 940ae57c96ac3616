/* addrmap.h - a 64-bit key to a pointer.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_ADDRMAP_H
#define RP_SYMBOLIZE_ADDRMAP_H

#include <stddef.h>
#include <stdint.h>

struct rp_addrmap_slot {
	uint64_t key;
	void *value; /* NULL: free */
};

/* All zero is an empty map. */
struct rp_addrmap {
	struct rp_addrmap_slot *slot;
	size_t n, cap; /* cap: 0 or a power of two */
};

/* What was put under KEY, or NULL. */
void *rp_addrmap_get(const struct rp_addrmap *map, uint64_t key);

/* Puts VALUE (not NULL) under KEY; an older value is replaced. */
void rp_addrmap_put(struct rp_addrmap *map, uint64_t key, void *value);

void rp_addrmap_free(struct rp_addrmap *map);

#endif
