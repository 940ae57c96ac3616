/* nodes.h - the tree of stacks of a session: (parent, module, address) -> number, each written
 * once.
 *
 * Room: cold.  SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_NODES_H
#define RP_COLD_NODES_H

#include <stdbool.h>
#include <stdint.h>
#include "preload/limits.h"
#include "store/writer.h"

/* The first ones have a table of their own: a short session touches no page of the large one. */
enum {
	RP_FEW_LOG2 = 10,
	RP_FEW_NODES = 3 << (RP_FEW_LOG2 - 2),
	RP_NODES_LOG2 = 17,
	RP_MAX_NODES = 3 << (RP_NODES_LOG2 - 2)
};

struct rp_node {
	uint64_t pc_rel;
	uint32_t parent, id;
	uint32_t module; /* of this process; high bit: exact */
};

struct rp_nodes {
	uint32_t n;
	uint8_t told[1024]; /* a bit for each module that is written already, by number */
	uint32_t n_found;
	bool found_full;
	struct rp_node few[1 << RP_FEW_LOG2];
	uint64_t found[RP_MAX_FOUND]; /* RP_FOUND of addresses in no module; some more than once */
	struct rp_node node[1 << RP_NODES_LOG2];
};

/* STRANGE: the walk stopped there, since the tables did not know it. */
#define RP_FOUND(addr, strange) ((addr) << 1 | (strange))

/* Are only pages touched that rp_nodes_forget makes as new? */
static inline bool rp_nodes_are_few(const struct rp_nodes *nodes)
{
	return nodes->n <= RP_FEW_NODES;
}

void rp_nodes_forget(struct rp_nodes *nodes);

/* The number of the stack PC[N] (innermost first, RP_PC_EXACT marks) that stopped for STOP, read
 * with tables GENERATION; new nodes and modules go to W.  0: no room (counted). */
uint32_t rp_nodes_stack(struct rp_nodes *nodes, struct rp_writer *w, const uint64_t *pc, uint32_t n,
                        uint32_t stop, uint32_t generation);

#endif
