/* pool.h - memory that is only ever given back as a whole.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_POOL_H
#define RP_SYMBOLIZE_POOL_H

#include <stddef.h>

struct rp_pool_block;

/* All zero is an empty pool. */
struct rp_pool {
	struct rp_pool_block *block; /* newest first */
	char *at;
	size_t left_bytes;
};

/* N zeroed bytes, aligned for any type; lives until rp_pool_free.  Never NULL: see pool.c. */
void *rp_pool_take(struct rp_pool *pool, size_t n_bytes);

/* A copy of the first N bytes of TEXT, terminated. */
char *rp_pool_text(struct rp_pool *pool, const char *text, size_t n);

/* Takes everything back, and keeps a block for the next. */
void rp_pool_reset(struct rp_pool *pool);

void rp_pool_free(struct rp_pool *pool);

#endif
