/* join.h - what profile.c and its halves share while recordings become a profile.
 *
 * Room: tools, private to profile*.c.  No store and no symbolize header: profile.c alone has both.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_JOIN_H
#define RP_JOIN_H

#include "tools/memory.h"
#include "tools/profile.h"

struct rp_recording;
struct rp_symbolizer;
struct rp_profile_side;

struct rp_join {
	struct rp_recording **recordings;
	size_t n_recordings;
	struct rp_symbolizer **symbolizers; /* several with several folders of debug files */
	size_t n_symbolizers;
	bool verbose, apart;
	struct rp_profile_side *sides; /* by recording: names that stood beside the sessions */
	struct rp_heap heap;
	struct rp_index functions, chains, spots, workers;
};

/* A node of a recording's tree of stacks, with its names. */
struct rp_join_node {
	const uint32_t *functions; /* outermost first: more than one when calls were inlined */
	uint32_t n;
	uint32_t spot;   /* of the innermost one, + 1; 0: none */
	uint32_t parent; /* the caller's index in the same recording + 1; 0: none */
	bool shim;       /* our own code in the host */
};

/* The number of FUNCTION (strings borrowed), of a chain (copied) or a spot in P. */
uint32_t rp_join_function(struct rp_profile *p, const struct rp_function *function);
uint32_t rp_join_chain(struct rp_profile *p, const uint32_t *functions, uint32_t n);
uint32_t rp_join_spot(struct rp_profile *p, const struct rp_spot *spot);
uint32_t rp_join_worker(struct rp_profile *p, uint32_t pid, uint32_t tid, const char *name);

/* The number of the pseudo function NAME (borrowed). */
uint32_t rp_join_pseudo(struct rp_profile *p, const char *name);

/* The words for a kind of wait. */
const char *rp_join_kind(uint32_t kind);

/* Fills P->sessions[WHICH] from its recording. */
void rp_join_session(struct rp_profile *p, size_t which, const char *path);

/* Appends the points and waits of recording WHICH, whose stacks are NODES in file order, and
 * what they tell of the session: n_without_tick, n_workers. */
void rp_join_points(struct rp_profile *p, size_t which, const struct rp_join_node *nodes);

#endif
