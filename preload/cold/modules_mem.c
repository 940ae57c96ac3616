/* modules_mem.c - see modules_mem.h.
 *
 * Room: cold.  SPDX-License-Identifier: MIT
 */
#include "preload/cold/modules_mem.h"

#include <string.h>
#include <sys/mman.h>

enum { BLOCK_BYTES = 64 << 10 };

struct rp_chunk {
	struct rp_chunk *before;
	size_t n_bytes; /* with this head, which is 16 bytes long */
};

void *rp_pages_make(size_t n)
{
	void *at = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

void *rp_pages_resize(void *old, size_t n_old, size_t n)
{
	void *at = mremap(old, n_old, n, MREMAP_MAYMOVE);

	return at == MAP_FAILED ? NULL : at;
}

void rp_pages_free(void *at, size_t n)
{
	if (at)
		munmap(at, n);
}

void *rp_chunks_take(struct rp_chunks *pool, size_t n)
{
	size_t need = (n + 15) & ~(size_t)15;
	struct rp_chunk *block = pool->last;

	if (!block || block->n_bytes - pool->used < need) {
		size_t n_bytes = need + sizeof *block;

		n_bytes = n_bytes < BLOCK_BYTES ? BLOCK_BYTES : n_bytes;
		block = rp_pages_make(n_bytes);
		if (!block)
			return NULL;
		*block = (struct rp_chunk){.before = pool->last, .n_bytes = n_bytes};
		pool->last = block;
		pool->used = sizeof *block;
	}
	pool->used += need;
	return (char *)block + pool->used - need;
}

char *rp_chunks_text(struct rp_chunks *pool, const char *text)
{
	size_t n = strlen(text) + 1;
	char *copy = rp_chunks_take(pool, n);

	return copy ? memcpy(copy, text, n) : NULL;
}

void rp_chunks_free(struct rp_chunks *pool)
{
	struct rp_chunk *block = pool->last;

	while (block) {
		struct rp_chunk *before = block->before;

		munmap(block, block->n_bytes);
		block = before;
	}
	*pool = (struct rp_chunks){0};
}
