/* standing.h - does a module that a set of rows holds still stand where it stood?
 *
 * Room: hot.  A frame's code cannot go while the frame is there, so what is asked once in a walk
 * holds for the rest of it: a row of what was unloaded is never used, whoever unloaded it.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_STANDING_H
#define RP_HOT_STANDING_H

#include <stdbool.h>
#include <stdint.h>
#include "preload/hot/tables.h"

struct dl_find_object;

/* glibc's _dl_find_object (since 2.35): no lock, no allocation, for signal handlers, too.  NULL:
 * there is none.  Written once by cold/modules_list.c. */
typedef int rp_standing_ask_fn(void *address, struct dl_find_object *result);
extern rp_standing_ask_fn *rp_standing_ask;

/* Is MODULE of TABLES what holds PC now?  What cannot go stands for ever.  Else the loader must
 * know an object there that begins with the same build-id; where one cannot tell, nothing at all
 * may have been unloaded since the set was made.  Between rp_tables_take and rp_tables_give. */
bool rp_standing(const struct rp_tables *tables, const struct rp_module_rows *module, uint64_t pc);

/* The identity of the module at LO, with a build-id of N bytes at ID_AT that is kept in ID; told
 * while the loader's lock is held.  What it cannot be asked by later has N 0. */
struct rp_identity rp_standing_identity(uint64_t lo, uint64_t id_at, const uint8_t *id, uint32_t n);

#endif
