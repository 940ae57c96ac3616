/* page_nodes.h - stacks as a page has them: a tree of functions and lines, addresses forgotten.
 *
 * Room: tools, private to page*.c.  Pure.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_PAGE_NODES_H
#define RP_PAGE_NODES_H

#include "tools/memory.h"
#include "tools/profile.h"

/* A place in the source; many nodes have the same one. */
struct rp_page_frame {
	uint32_t function;
	uint32_t line; /* that runs, or calls the next one; 0 unknown */
};

struct rp_page_node {
	uint32_t caller; /* its number + 1; 0: this is a root.  Callers stand before callees */
	uint32_t frame;
};

struct rp_page_nodes {
	struct rp_page_node *nodes;
	struct rp_page_frame *frames;
	size_t n, n_frames;
	const struct rp_profile *p;
	const uint32_t *kin; /* of a diff: which functions of two builds are one */
	uint32_t *of_spot;   /* + 1; 0: not made yet */
	uint32_t *path;      /* scratch: spots from the leaf up */
	struct rp_index index, frame_index;
};

/* The nodes of all points of P.  KIN, unless NULL, says which function stands for each; lines of
 * the others are forgotten: they are those of another file. */
void rp_page_nodes_make(struct rp_page_nodes *nodes, const struct rp_profile *p,
                        const uint32_t *kin);
void rp_page_nodes_free(struct rp_page_nodes *nodes);

/* The node in which the stack of POINT ends, and that of a chain, whose lines are not known. */
uint32_t rp_page_node_of(struct rp_page_nodes *nodes, const struct rp_point *point);
uint32_t rp_page_node_of_chain(struct rp_page_nodes *nodes, uint32_t chain);

#endif
