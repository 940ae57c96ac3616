/* frames.h - the frames of one address.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_FRAMES_H
#define RP_SYMBOLIZE_FRAMES_H

#include "symbolize/object.h"

/* The frames of ADDR.  LAST (all zero at first) lets neighbours with the same answer share it. */
struct rp_function;
struct rp_frames_last {
	const struct rp_function *function;
	struct rp_frames *frames;
};
struct rp_frames *rp_frames_make(struct rp_object *object, uint64_t addr,
                                 struct rp_frames_last *last);

#endif
