/* profile_resolve.c - the symbolizer is asked for what does not stand beside the sessions; see
 * profile_names.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include "tools/now.h"
#include "tools/profile_side.h"
#include "tools/progress.h"

enum { PIECE = 2048 }; /* addresses a question */

/* A symbolizer for each folder of debug files: they know of one. */
static void make_symbolizers(struct rp_profile *p, const struct rp_profile_how *how)
{
	size_t n = how->n_debug_dirs + (how->sysroot != NULL);

	p->join->n_symbolizers = n ? n : 1;
	p->join->symbolizers =
	        rp_memory_zero(p->join->n_symbolizers, sizeof(*p->join->symbolizers));
	for (size_t i = 0; i < p->join->n_symbolizers; i++) {
		p->join->symbolizers[i] = rp_sym_make();
		if (i < how->n_debug_dirs)
			rp_sym_debug_dir(p->join->symbolizers[i], how->debug_dirs[i]);
		else if (how->sysroot)
			rp_sym_debug_dir(p->join->symbolizers[i],
			                 rp_heap_print(&p->join->heap, "%s/usr/lib/debug",
			                               how->sysroot));
	}
}

static void add_modules(struct rp_profile *p, struct rp_profile_names *names,
                        const struct rp_profile_how *how)
{
	for (size_t i = 0; i < names->n_modules; i++) {
		struct rp_profile_module *m = &names->modules[i];
		const char *root = how->sysroot && m->text[0] == '/' ? how->sysroot : "";
		struct rp_sym_module wanted = {
		        .path = rp_heap_print(&p->join->heap, "%s%s", root, m->text),
		        .build_id = m->build_id.n ? (const uint8_t *)m->build_id.at : NULL,
		        .n_build_id = m->build_id.n,
		        .image = m->image.n ? m->image.at : NULL,
		        .n_image = m->image.n,
		};

		for (size_t k = 0; k < p->join->n_symbolizers; k++) /* the same number everywhere */
			m->handle = rp_sym_add(p->join->symbolizers[k], &wanted);
	}
}

/* A node that the symbolizer is asked about. */
struct wanted {
	uint64_t vaddr;
	struct rp_profile_node *node;
	const struct rp_profile_side *side;
	const struct rp_sidecar_module *beside; /* what the side says of its module, or NULL */
};

static int by_vaddr(const void *left, const void *right)
{
	const struct wanted *a = left, *b = right;

	return a->vaddr < b->vaddr ? -1 : a->vaddr > b->vaddr;
}

/* The nodes of MODULE for which nothing settled stands beside their sessions. */
static size_t want(struct rp_profile *p, struct rp_profile_names *names,
                   struct rp_profile_module *module, struct wanted *wanted)
{
	struct rp_profile_node *node = names->nodes;
	size_t n = 0;

	for (size_t i = 0; i < p->join->n_recordings; i++) {
		const struct rp_recording *r = p->join->recordings[i];
		struct rp_profile_side *side = &p->join->sides[i];

		for (size_t k = 0; k < r->n_stacks; k++, node++) {
			const struct rp_rec_stack *s = &r->stacks[k];
			const struct rp_sidecar_module *beside;

			if (node->module != module)
				continue;
			beside = rp_profile_side_module(side, s->module);
			if (beside && rp_profile_side_settled(side, beside) &&
			    rp_profile_side_frames(side, beside, rp_profile_vaddr(s),
			                           &node->frames)) {
				module->state = (enum rp_sym_state)beside->state;
				module->source = side->file.texts[beside->source];
				continue;
			}
			wanted[n++] = (struct wanted){rp_profile_vaddr(s), node, side, beside};
			side->n_asked++;
		}
	}
	return n;
}

/* Asks for WANTED in pieces, for the sake of the progress bar; in order of addresses pieces cost
 * no more than the whole. */
static void ask(struct rp_profile_names *names, struct rp_symbolizer *symbolizer,
                const struct rp_profile_module *module, const struct wanted *wanted, size_t n)
{
	uint64_t vaddr[PIECE];
	struct rp_frames frames[PIECE];

	for (size_t at = 0; at < n; at += PIECE) {
		size_t n_piece = n - at < PIECE ? n - at : PIECE;

		rp_progress_at(names->progress, names->n_done + at, module->text);
		for (size_t i = 0; i < n_piece; i++)
			vaddr[i] = wanted[at + i].vaddr;
		rp_sym_resolve(symbolizer, module->handle, vaddr, n_piece, frames);
		for (size_t i = 0; i < n_piece; i++)
			wanted[at + i].node->frames = frames[i];
	}
}

/* The symbolizer that knows most of MODULE, the first of several; sets state and source. */
static struct rp_symbolizer *choose(struct rp_profile *p, struct rp_profile_module *module)
{
	struct rp_symbolizer *best = NULL;

	for (size_t i = 0; i < p->join->n_symbolizers; i++) {
		const char *source = NULL;
		enum rp_sym_state state =
		        rp_sym_state(p->join->symbolizers[i], module->handle, &source);

		if (best && state >= module->state)
			continue;
		best = p->join->symbolizers[i];
		module->state = state;
		module->source = source;
		if (state == RP_SYM_DEBUG)
			break;
	}
	return best;
}

/* Names for all nodes of MODULE, of all recordings. */
static void resolve(struct rp_profile *p, struct rp_profile_names *names,
                    struct rp_profile_module *module)
{
	struct wanted *wanted = rp_memory_zero(module->n_nodes, sizeof(*wanted));
	size_t n = want(p, names, module, wanted);
	uint64_t began_ns = rp_now_ns(CLOCK_MONOTONIC);

	if (n) {
		qsort(wanted, n, sizeof(*wanted), by_vaddr);
		ask(names, choose(p, module), module, wanted, n);
		names->asked_ns += rp_now_ns(CLOCK_MONOTONIC) - began_ns;
	}
	/* Where it was recorded, more may have been known than is here. */
	enum rp_sym_state here = module->state;

	for (size_t i = 0; i < n; i++) {
		const struct wanted *w = &wanted[i];

		if (w->beside && w->beside->state < here &&
		    rp_profile_side_frames(w->side, w->beside, w->vaddr, &w->node->frames)) {
			module->state = (enum rp_sym_state)w->beside->state;
			module->source = w->side->file.texts[w->beside->source];
		}
	}
	names->n_done += module->n_nodes;
	free(wanted);
}

void rp_profile_resolve(struct rp_profile *p, struct rp_profile_names *names,
                        const struct rp_profile_how *how)
{
	struct rp_progress progress;

	make_symbolizers(p, how);
	add_modules(p, names, how);
	names->progress = &progress;
	rp_progress_begin(&progress, "reading symbols", names->n_nodes);
	for (size_t i = 0; i < names->n_modules; i++)
		if (names->modules[i].n_nodes && !names->modules[i].anonymous)
			resolve(p, names, &names->modules[i]);
	rp_progress_end(&progress);
}
