/* profile_side.h - names that stand beside a session already, and how they get there.
 *
 * Room: tools, private to profile*.c.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_PROFILE_SIDE_H
#define RP_PROFILE_SIDE_H

#include "store/sidecar.h"
#include "tools/profile_names.h"

/* The sidecar of one recording; zero: there is none. */
struct rp_profile_side {
	struct rp_sidecar file;
	struct rp_frame *frames; /* as file.frames */
	bool *settled;           /* by module: nothing better can be found here */
	size_t n_asked;          /* addresses that it did not answer */
};

/* Reads what is beside PATH, the session of recording R; a file that is no good is told on stderr
 * and counts as none. */
void rp_profile_side_open(struct rp_profile_side *side, const struct rp_recording *r,
                          const char *path, const struct rp_profile_how *how);
void rp_profile_side_close(struct rp_profile_side *side);

/* What it says of module NUMBER; NULL: nothing. */
const struct rp_sidecar_module *rp_profile_side_module(const struct rp_profile_side *side,
                                                       uint32_t number);
bool rp_profile_side_settled(const struct rp_profile_side *side,
                             const struct rp_sidecar_module *module);

/* The frames of VADDR; false: it does not know them. */
bool rp_profile_side_frames(const struct rp_profile_side *side,
                            const struct rp_sidecar_module *module, uint64_t vaddr,
                            struct rp_frames *out);

/* Writes the names of recording WHICH beside PATH.  false with WHY. */
bool rp_profile_side_save(const struct rp_profile *p, const struct rp_profile_names *names,
                          size_t which, const char *path, struct rp_why *why);

#endif
