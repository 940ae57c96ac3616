/* frames.h - the frames of one address.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_FRAMES_H
#define RP_SYMBOLIZE_FRAMES_H

#include "symbolize/object.h"

struct rp_function;

/* The answer before this one; all zero at first. */
struct rp_frames_last {
	const struct rp_function *function;
	struct rp_frames *frames;
};

/* The frames of ADDR.  When they are those of LAST, both share them. */
struct rp_frames *rp_frames_make(struct rp_object *object, uint64_t addr,
                                 struct rp_frames_last *last);

#endif
