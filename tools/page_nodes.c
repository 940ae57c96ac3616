/* page_nodes.c - see page_nodes.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/page_nodes.h"

#include <stdlib.h>

static bool same_node(const void *owner, uint32_t number, const void *key)
{
	const struct rp_page_node *a = &((const struct rp_page_nodes *)owner)->nodes[number];
	const struct rp_page_node *b = key;

	return a->caller == b->caller && a->frame == b->frame;
}

static bool same_frame(const void *owner, uint32_t number, const void *key)
{
	const struct rp_page_frame *a = &((const struct rp_page_nodes *)owner)->frames[number];
	const struct rp_page_frame *b = key;

	return a->function == b->function && a->line == b->line;
}

static uint32_t frame_of(struct rp_page_nodes *nodes, uint32_t function, uint32_t line)
{
	uint32_t kin = nodes->kin ? nodes->kin[function] : function;
	const struct rp_page_frame frame = {kin, kin == function ? line : 0};
	bool fresh;
	uint32_t at = rp_index_of(&nodes->frame_index, rp_memory_hash(0, &frame, sizeof(frame)),
	                          same_frame, nodes, &frame, &fresh);

	if (fresh) {
		nodes->frames =
		        rp_memory_grow(nodes->frames, nodes->n_frames, sizeof(*nodes->frames));
		nodes->frames[nodes->n_frames++] = frame;
	}
	return at;
}

/* The node below CALLER (+ 1), + 1. */
static uint32_t node_of(struct rp_page_nodes *nodes, uint32_t caller, uint32_t function,
                        uint32_t line)
{
	const struct rp_page_node node = {caller, frame_of(nodes, function, line)};
	bool fresh;
	uint32_t at = rp_index_of(&nodes->index, rp_memory_hash(0, &node, sizeof(node)), same_node,
	                          nodes, &node, &fresh);

	if (fresh) {
		nodes->nodes = rp_memory_grow(nodes->nodes, nodes->n, sizeof(*nodes->nodes));
		nodes->nodes[nodes->n++] = node;
	}
	return at + 1;
}

uint32_t rp_page_node_of_chain(struct rp_page_nodes *nodes, uint32_t chain)
{
	const struct rp_chain *c = &nodes->p->chains[chain];
	uint32_t at = 0;

	for (uint32_t i = 0; i < c->n; i++)
		at = node_of(nodes, at, c->functions[i], 0);
	return at - 1;
}

/* From LEAF up to what is known already, then down again. */
static uint32_t node_of_spot(struct rp_page_nodes *nodes, uint32_t leaf)
{
	const struct rp_spot *spots = nodes->p->spots;
	size_t n = 0;
	uint32_t spot = leaf + 1;

	for (; spot && !nodes->of_spot[spot - 1]; spot = spots[spot - 1].caller)
		nodes->path[n++] = spot - 1;
	uint32_t at = spot ? nodes->of_spot[spot - 1] : 0;

	while (n > 0) {
		const struct rp_spot *s = &spots[nodes->path[--n]];

		at = nodes->of_spot[nodes->path[n]] = node_of(nodes, at, s->function, s->line);
	}
	return at - 1;
}

uint32_t rp_page_node_of(struct rp_page_nodes *nodes, const struct rp_point *point)
{
	return point->spot ? node_of_spot(nodes, point->spot - 1)
	                   : rp_page_node_of_chain(nodes, point->chain);
}

void rp_page_nodes_make(struct rp_page_nodes *nodes, const struct rp_profile *p,
                        const uint32_t *kin)
{
	*nodes = (struct rp_page_nodes){
	        .p = p,
	        .kin = kin,
	        .of_spot = rp_memory_zero(p->n_spots, sizeof(*nodes->of_spot)),
	        .path = rp_memory_zero(p->n_spots, sizeof(*nodes->path)),
	};
	for (size_t i = 0; i < p->n_points; i++)
		rp_page_node_of(nodes, &p->points[i]);
}

void rp_page_nodes_free(struct rp_page_nodes *nodes)
{
	rp_index_free(&nodes->index);
	rp_index_free(&nodes->frame_index);
	free(nodes->nodes);
	free(nodes->frames);
	free(nodes->of_spot);
	free(nodes->path);
	*nodes = (struct rp_page_nodes){0};
}
