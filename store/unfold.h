/* unfold.h - one checked payload at a time becomes items; numbers referred to must be known.
 *
 * Room: store; the inner half of reader.c, which does files, frames and checksums.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_STORE_UNFOLD_H
#define RP_STORE_UNFOLD_H

#include <stdbool.h>
#include "store/cursor.h"
#include "store/records.h"

/* A set of numbers, as large as what was written, not as the largest of them.  Most writers count
 * from 1: so far as they do, a count is all of it. */
struct rp_ids {
	uint32_t counted; /* 1 to this are in, and not in the slots */
	uint32_t *slot;   /* 0 empty, else number + 1 */
	size_t n, cap;
	bool has_max; /* UINT32_MAX, which has no number + 1 */
};

/* Zero is the state before the first record. */
struct rp_unfold {
	struct rp_cursor c;
	const uint8_t *begin;
	uint8_t kind;
	bool fresh; /* nothing of this payload was taken yet */
	uint32_t thread, last_stack, batch_stack;
	uint64_t last_us, last_ns;
	struct rp_ids threads, modules, stacks, objects;
	char complaint[96];
};

enum rp_unfolded { RP_UNFOLDED_ITEM, RP_UNFOLDED_DONE, RP_UNFOLDED_BAD };

/* Sets out to unfold PAYLOAD of a record of KIND.  It must stay alive as long as the items. */
void rp_unfold_begin(struct rp_unfold *u, uint8_t kind, const uint8_t *payload, size_t n);

/* The next item; DONE at the payload's end; BAD with u->complaint (and u->c.at) when the payload
 * is not what FORMAT.md says.  A kind that is not known has no items. */
enum rp_unfolded rp_unfold_next(struct rp_unfold *u, struct rp_item *item);

void rp_unfold_free(struct rp_unfold *u);

#endif
