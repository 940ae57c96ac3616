/* frames.h - the frames of one address.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_FRAMES_H
#define RP_SYMBOLIZE_FRAMES_H

#include "symbolize/files.h"
#include "symbolize/functions.h"
#include "symbolize/object.h"

/* The unit at hand, and the answer before this one. */
struct rp_frames_maker {
	struct rp_object *object;
	struct rp_unit *body;      /* holds the functions, or NULL */
	struct rp_files *files;    /* of the rows */
	struct rp_files *of_calls; /* of the call sites: others in a .dwo */
	bool has_calls;            /* whether those were read */

	const struct rp_function *function;
	const char *symbol, *file;
	uint32_t line;
	struct rp_frames *frames; /* NULL: no answer yet */
};

/* The frames of WANT.  When they are those of the answer before, both share them. */
struct rp_frames *rp_frames_make(struct rp_frames_maker *maker, const struct rp_want *want);

#endif
