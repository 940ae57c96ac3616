/* profile_names.h - the nodes of all recordings with their names, while they become a profile.
 *
 * Room: tools, private to profile*.c.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_PROFILE_NAMES_H
#define RP_PROFILE_NAMES_H

#include "store/records.h"
#include "symbolize/symbolize.h"
#include "tools/join.h"
#include "tools/recording.h"

/* A loaded object, the same one for all sessions that had it. */
struct rp_profile_module {
	struct rp_slice path, build_id, image;
	const char *text; /* the path, terminated */
	uint32_t flags;
	int handle;
	bool anonymous;          /* not one object, but all code outside of the others */
	size_t n_nodes;          /* of stacks in it */
	enum rp_sym_state state; /* where its names are from, when it has nodes */
	const char *source;
};

/* A node of a tree of stacks, with its names. */
struct rp_profile_node {
	struct rp_profile_module *module; /* NULL: a pseudo root */
	const char *where;                /* what it is shown to be in: mostly the module's path */
	struct rp_frames frames;
	uint32_t parent; /* index of another node of this recording + 1; 0: none */
	uint32_t stop;
};

struct rp_progress;

struct rp_profile_names {
	struct rp_profile_module *modules;
	size_t n_modules;
	struct rp_profile_node *nodes; /* of all recordings, one after the other */
	size_t n_nodes, n_done;
	uint64_t asked_ns; /* what the symbolizer took */
	struct rp_progress *progress;
};

/* The instruction that runs or calls: what a return address stands behind. */
static inline uint64_t rp_profile_vaddr(const struct rp_rec_stack *s)
{
	return s->pc_rel - !s->exact;
}

/* Names for all nodes of P's recordings, whose files are PATHS; rp_profile_names_free ends them. */
void rp_profile_names_make(struct rp_profile_names *names, struct rp_profile *p, char *const *paths,
                           const struct rp_profile_how *how);
void rp_profile_names_free(struct rp_profile_names *names);

/* Names for the nodes in modules: from beside the sessions, else from the symbolizer. */
void rp_profile_resolve(struct rp_profile *p, struct rp_profile_names *names,
                        const struct rp_profile_how *how);

/* Names for those of R's NODES that are in no module, from the records CODE and MAPPING. */
void rp_profile_code_name(struct rp_profile *p, const struct rp_recording *r,
                          struct rp_profile_node *nodes);

#endif
