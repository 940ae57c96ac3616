/* nodes.c - see nodes.h.  Room: cold.  SPDX-License-Identifier: MIT */
#include "preload/cold/nodes.h"

#include <string.h>
#include "preload/cold/modules.h"
#include "preload/hot/drops.h"
#include "preload/hot/track.h"

/* Code in no module: what stands at its addresses is asked when the session ends (jitnames.h). */
enum { NOWHERE = 1 };
#define EXACT_BIT 0x80000000u

/* File numbers: 0 pseudo roots, 1 nowhere, module n of the process is n + 1. */
static void tell_module(struct rp_nodes *nodes, struct rp_writer *w, uint32_t number,
                        const struct rp_module *m)
{
	struct rp_item item = {.kind = RP_ITEM_MODULE};

	if (number / 8 >= sizeof(nodes->told) || nodes->told[number / 8] & (1 << number % 8))
		return;
	nodes->told[number / 8] |= (uint8_t)(1 << number % 8);
	item.module.module = number;
	item.module.path = rp_slice_of(m ? m->path : RP_ANONYMOUS_CODE);
	if (m) {
		item.module.flags = m->flags;
		item.module.size = m->hi - m->lo;
		item.module.build_id = (struct rp_slice){(const char *)m->build_id, m->n_build_id};
	}
	rp_writer_put(w, &item);
	if (m && m->image) {
		struct rp_item image = {.kind = RP_ITEM_IMAGE};

		image.image.module = number;
		image.image.bytes = (struct rp_slice){m->image, m->n_image};
		rp_writer_put(w, &image);
	}
}

static uint64_t hash(const struct rp_node *k)
{
	uint64_t h = k->pc_rel * 0x9e3779b97f4a7c15u;

	h ^= (uint64_t)k->parent << 32 | k->module;
	h *= 0xff51afd7ed558ccdu;
	return h ^ h >> 29;
}

/* Where KEY is in a table, or could be put. */
static struct rp_node *place(struct rp_node *table, unsigned log2, const struct rp_node *key)
{
	uint32_t mask = (1u << log2) - 1, at = (uint32_t)hash(key) & mask;

	for (; table[at].id; at = (at + 1) & mask)
		if (table[at].pc_rel == key->pc_rel && table[at].parent == key->parent &&
		    table[at].module == key->module)
			break;
	return &table[at];
}

static uint32_t intern(struct rp_nodes *nodes, struct rp_writer *w, const struct rp_node *key)
{
	struct rp_node *at = place(nodes->few, RP_FEW_LOG2, key);
	struct rp_item item = {.kind = RP_ITEM_STACK};

	if (!at->id && nodes->n >= RP_FEW_NODES)
		at = place(nodes->node, RP_NODES_LOG2, key);
	if (at->id)
		return at->id;
	if (nodes->n >= RP_MAX_NODES) {
		rp_drop(RP_DROP_max_nodes);
		return 0;
	}
	item.stack.stack = nodes->n + 1;
	item.stack.parent = key->parent;
	item.stack.module = key->module & ~EXACT_BIT;
	item.stack.pc_rel = key->pc_rel;
	item.stack.exact = (key->module & EXACT_BIT) != 0;
	if (!rp_writer_put(w, &item))
		return 0;
	*at = *key;
	at->id = ++nodes->n;
	return nodes->n;
}

/* To be named at the end, unless it may be that of a module which is gone.  Code that calls itself
 * is met again and again. */
static void remember(struct rp_nodes *nodes, uint64_t pc_abs, bool strange)
{
	uint64_t found = RP_FOUND(pc_abs, strange);

	if ((nodes->n_found && nodes->found[nodes->n_found - 1] == found) ||
	    (strange && rp_modules_ever(pc_abs)))
		return;
	if (nodes->n_found < RP_MAX_FOUND)
		nodes->found[nodes->n_found++] = found;
	else
		nodes->found_full = true;
}

/* STRANGE: code that the set of GENERATION did not know. */
static uint32_t frame(struct rp_nodes *nodes, struct rp_writer *w, uint32_t parent, uint64_t pc,
                      uint32_t generation, bool strange)
{
	uint64_t pc_abs = pc & ~RP_PC_EXACT;
	const struct rp_module *m =
	        rp_modules_find(pc_abs - (pc & RP_PC_EXACT ? 0 : 1), generation, strange);
	struct rp_node key = {.parent = parent};
	uint32_t number, n = nodes->n;

	bool is_numbered = !m || m->number + 1 < 8 * sizeof(nodes->told);

	if (!is_numbered)
		m = NULL; /* thousands of plugins loaded anew: nobody's */
	number = m ? m->number + 1 : NOWHERE;
	key.module = number;

	tell_module(nodes, w, number, m);
	key.pc_rel = m ? pc_abs - m->bias : pc_abs;
	if (pc & RP_PC_EXACT)
		key.module |= EXACT_BIT;

	uint32_t id = intern(nodes, w, &key);

	if (!m && is_numbered && nodes->n != n)
		remember(nodes, pc_abs - (pc & RP_PC_EXACT ? 0 : 1), strange);
	return id;
}

void rp_nodes_forget(struct rp_nodes *nodes)
{
	memset(nodes, 0, offsetof(struct rp_nodes, found));
}

uint32_t rp_nodes_stack(struct rp_nodes *nodes, struct rp_writer *w, const uint64_t *pc, uint32_t n,
                        uint32_t stop, uint32_t generation)
{
	uint32_t parent = 0;

	if (stop != RP_STOP_END) {
		struct rp_node root = {.pc_rel = stop};

		parent = intern(nodes, w, &root);
		if (!parent)
			return 0;
	}
	for (bool strange = stop == RP_STOP_UNKNOWN_PC || stop == RP_STOP_NO_TABLES; n;
	     strange = false) {
		parent = frame(nodes, w, parent, pc[--n], generation, strange);
		if (!parent)
			return 0;
	}
	return parent;
}
