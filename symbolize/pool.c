/* pool.c - memory that is only ever given back as a whole.
 *
 * Room: symbolize.  Every record, name and frame lives here until rp_sym_free.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/pool.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 256 << 10, ALIGN_BYTES = 16 };

struct rp_pool_block {
	struct rp_pool_block *next;
	_Alignas(ALIGN_BYTES) char bytes[];
};

static char *take_block(struct rp_pool *pool, size_t n_bytes)
{
	struct rp_pool_block *block = calloc(1, sizeof(*block) + n_bytes);

	/* What we ask for is bounded by the size of the input files; a tool whose machine has no
	 * memory left for that can only end, and half an answer would be a wrong one. */
	if (!block)
		abort();
	block->next = pool->block;
	pool->block = block;
	return block->bytes;
}

void *rp_pool_take(struct rp_pool *pool, size_t n_bytes)
{
	size_t n = (n_bytes + ALIGN_BYTES - 1) & ~(size_t)(ALIGN_BYTES - 1);

	if (n > BLOCK_BYTES / 4)
		return take_block(pool, n);
	if (n > pool->left_bytes) {
		pool->at = take_block(pool, BLOCK_BYTES);
		pool->left_bytes = BLOCK_BYTES;
	}
	char *taken = pool->at;

	pool->at += n;
	pool->left_bytes -= n;
	return taken;
}

char *rp_pool_text(struct rp_pool *pool, const char *text, size_t n)
{
	char *copy = rp_pool_take(pool, n + 1);

	memcpy(copy, text, n);
	return copy;
}

void rp_pool_reset(struct rp_pool *pool)
{
	struct rp_pool_block *keep = pool->block;

	/* The block at hand must be the only one, or the bytes before AT are somebody's. */
	if (!keep || keep->next || pool->left_bytes == 0) {
		rp_pool_free(pool);
		return;
	}
	size_t n_used = (size_t)(pool->at - keep->bytes);

	memset(keep->bytes, 0, n_used);
	pool->at = keep->bytes;
	pool->left_bytes += n_used;
}

void rp_pool_free(struct rp_pool *pool)
{
	struct rp_pool_block *next;

	for (struct rp_pool_block *b = pool->block; b; b = next) {
		next = b->next;
		free(b);
	}
	*pool = (struct rp_pool){0};
}
