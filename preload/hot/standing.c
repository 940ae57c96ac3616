/* standing.c - see standing.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/standing.h"

#include <dlfcn.h>
#include <string.h>
#include "preload/hot/stack_walker.h"

enum { FIRST_PAGE = 4096, MOST_ID_BYTES = 64 };

rp_standing_ask_fn *rp_standing_ask;

static bool found_at(uint64_t pc, struct dl_find_object *object)
{
	return rp_standing_ask && rp_standing_ask((void *)(uintptr_t)pc, object) == 0;
}

struct rp_identity rp_standing_identity(uint64_t lo, uint64_t id_at, const uint8_t *id, uint32_t n)
{
	struct dl_find_object object;

	if (n > MOST_ID_BYTES || id_at < lo || id_at + n > lo + FIRST_PAGE ||
	    !found_at(lo, &object) || (uint64_t)(uintptr_t)object.dlfo_map_start != lo)
		return (struct rp_identity){0};
	return (struct rp_identity){.link_map = object.dlfo_link_map,
	                            .eh_frame = object.dlfo_eh_frame,
	                            .id_at = id_at,
	                            .id = id,
	                            .n = n};
}

/* The first page of whatever stands there is there as long as its code is.  Only while something is
 * being unloaded may PC be no frame's and the object vanish: then the kernel reads. */
static bool has_id(const struct rp_identity *identity)
{
	uint8_t now[MOST_ID_BYTES];

	if (!rp_tables_going())
		return memcmp((const void *)(uintptr_t)identity->id_at, identity->id,
		              identity->n) == 0;
	return rp_code_peek(identity->id_at, now, identity->n) &&
	       memcmp(now, identity->id, identity->n) == 0;
}

bool rp_standing(const struct rp_tables *tables, const struct rp_module_rows *module, uint64_t pc)
{
	const struct rp_identity *identity = &module->identity;
	struct dl_find_object now;

	if (module->fixed)
		return true;
	if (!identity->n)
		return rp_tables_fresh(tables);
	return found_at(pc, &now) && (uint64_t)(uintptr_t)now.dlfo_map_start == module->lo &&
	       now.dlfo_link_map == identity->link_map && now.dlfo_eh_frame == identity->eh_frame &&
	       has_id(identity);
}
