/* offset.h - what stands for a function that nobody names: its module and where it is in there.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_OFFSET_H
#define RP_SYMBOLIZE_OFFSET_H

#include <stdint.h>

#include "symbolize/pool.h"

/* "libfoo.so+0x1230" for the module at PATH (or NULL); lives as long as POOL. */
const char *rp_offset_name(struct rp_pool *pool, const char *path, uint64_t addr);

#endif
