/* modules_mem.h - memory of cold/modules*.c: straight from mmap, since malloc is the host's.
 *
 * Room: cold.  SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_MODULES_MEM_H
#define RP_COLD_MODULES_MEM_H

#include <stddef.h>

/* Takes small pieces, gives all back at once.  Zero is an empty one. */
struct rp_pool {
	struct rp_pool_block *last;
	size_t used;
};

/* N zeroed bytes, 16-aligned, or NULL. */
void *rp_pool_take(struct rp_pool *pool, size_t n);

/* TEXT's copy, or NULL. */
char *rp_pool_text(struct rp_pool *pool, const char *text);

void rp_pool_free(struct rp_pool *pool);

/* Whole zeroed pages: N bytes or NULL; OLD of N_OLD bytes grown or shrunk (moves); free. */
void *rp_pages_make(size_t n);
void *rp_pages_resize(void *old, size_t n_old, size_t n);
void rp_pages_free(void *at, size_t n);

#endif
