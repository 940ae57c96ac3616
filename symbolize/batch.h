/* batch.h - many addresses of one module at once, unit by unit.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_BATCH_H
#define RP_SYMBOLIZE_BATCH_H

#include "symbolize/object.h"

struct rp_answer {
	uint64_t addr;
	struct rp_frames *frames;
};

/* Fills the frames of N answers, whose addresses are sorted and differ. */
void rp_batch_answer(struct rp_object *object, struct rp_answer *answer, size_t n);

#endif
