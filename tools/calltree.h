/* calltree.h - points to a weighted tree of calls, and what of it is worth showing.
 *
 * Room: tools.  Pure: the same profile gives the same tree.  Knows nothing of how it is drawn.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_CALLTREE_H
#define RP_CALLTREE_H

#include "tools/profile.h"

#define RP_CALLTREE_THRESHOLD 0.01 /* of the whole: what takes less is not shown */

enum rp_call_kind { RP_CALL_ALL, RP_CALL_THREAD, RP_CALL_FRAME };

/* One call; call 0 is the whole, and callers stand before their callees. */
struct rp_call {
	enum rp_call_kind kind;
	uint32_t what;   /* FRAME: a function; THREAD: a worker */
	uint32_t parent; /* 0 for the top ones and for the whole itself */
	uint64_t total_ns, self_ns;
	uint32_t group;    /* the first call of its run of library calls; 0: in none */
	uint32_t n_hidden; /* on the first call of a group: how many of it are not shown */
	bool small;        /* below the threshold, with everything under it */
	bool hidden; /* inside a group; its callees are shown under its nearest shown caller */
	uint32_t shown, next; /* first shown callee, next shown sibling; 0: none */
};

struct rp_calltree {
	struct rp_call *calls;
	size_t n_calls;
	size_t n_small; /* calls left out by the threshold */
};

struct rp_calltree_how {
	bool cpu, timeline; /* timeline: in the order of time, only neighbours merged */
	bool show_all;      /* no threshold, no groups */
};

void rp_calltree_make(struct rp_calltree *tree, const struct rp_profile *p,
                      const struct rp_calltree_how *how);
void rp_calltree_free(struct rp_calltree *tree);

#endif
