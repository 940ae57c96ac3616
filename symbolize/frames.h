/* frames.h - the frames of one address.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_FRAMES_H
#define RP_SYMBOLIZE_FRAMES_H

#include "symbolize/addrmap.h"
#include "symbolize/files.h"
#include "symbolize/functions.h"
#include "symbolize/object.h"

/* The unit at hand, and what was made of it. */
struct rp_frames_maker {
	struct rp_object *object;
	struct rp_unit *body;      /* holds the functions, or NULL */
	struct rp_files *files;    /* of the rows */
	struct rp_files *of_calls; /* of the call sites: others in a .dwo */
	bool has_calls;            /* whether those were read */

	struct rp_addrmap made; /* struct rp_frames_made by hash */
};

/* The frames of WANT; those that are the same are shared. */
struct rp_frames *rp_frames_make(struct rp_frames_maker *maker, const struct rp_want *want);

/* Forgets what was made, which stays valid. */
void rp_frames_end(struct rp_frames_maker *maker);

#endif
