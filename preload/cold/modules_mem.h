/* modules_mem.h - memory of cold/modules*.c: straight from mmap, since malloc is the host's.
 *
 * Room: cold.  SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_MODULES_MEM_H
#define RP_COLD_MODULES_MEM_H

#include <stddef.h>

/* Takes small pieces, gives all back at once.  Zero is an empty one. */
struct rp_chunks {
	struct rp_chunk *last;
	size_t used;
};

/* N zeroed bytes, 16-aligned, or NULL. */
void *rp_chunks_take(struct rp_chunks *pool, size_t n);

/* TEXT's copy, or NULL. */
char *rp_chunks_text(struct rp_chunks *pool, const char *text);

void rp_chunks_free(struct rp_chunks *pool);

/* Whole zeroed pages: N bytes or NULL; OLD of N_OLD bytes grown or shrunk (moves); free. */
void *rp_pages_make(size_t n);
void *rp_pages_resize(void *old, size_t n_old, size_t n);
void rp_pages_free(void *at, size_t n);

#endif
