/* modules_maps.h - what the kernel says stands where in this process; inside of modules.
 *
 * Room: cold.  SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_MODULES_MAPS_H
#define RP_COLD_MODULES_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "preload/hot/tables.h"

struct rp_maps {
	struct rp_map *at; /* whole pages: rp_pages_free(at, n_bytes); NULL: not known */
	uint32_t n;
	size_t n_bytes;
};

/* Reads /proc/self/maps into MAPS; sorted and disjoint, neighbours of a kind in one.  False: it
 * cannot be read, or there is no memory; MAPS is then empty. */
bool rp_maps_read(struct rp_maps *maps);

/* One line of it into MAP; false: nothing that a walk wants to know of. */
bool rp_maps_line(const char *line, struct rp_map *map);

#endif
