/* profile_names.c - modules and nodes of recordings, and their names; see profile_names.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/profile_names.h"

#include <stdlib.h>
#include <string.h>
#include "tools/now.h"
#include "tools/profile_side.h"
#include "tools/progress.h"

enum { PIECE = 2048 }; /* addresses a question */

static bool same_bytes(struct rp_slice a, struct rp_slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.at, b.at, a.n) == 0);
}

static struct rp_slice image_of(const struct rp_recording *r, uint32_t module)
{
	for (size_t i = 0; i < r->n_images; i++)
		if (r->images[i].module == module)
			return r->images[i].bytes;
	return (struct rp_slice){0};
}

static size_t module_index(struct rp_profile *p, struct rp_profile_names *names,
                           const struct rp_recording *r, const struct rp_rec_module *module)
{
	struct rp_slice image = image_of(r, module->module);
	size_t i = 0;

	while (i < names->n_modules && !(same_bytes(names->modules[i].path, module->path) &&
	                                 same_bytes(names->modules[i].build_id, module->build_id) &&
	                                 same_bytes(names->modules[i].image, image)))
		i++;
	if (i == names->n_modules) {
		names->modules = rp_memory_grow(names->modules, i, sizeof(*names->modules));
		const char *text = rp_heap_text(&p->join->heap, module->path.at, module->path.n);

		names->modules[names->n_modules++] = (struct rp_profile_module){
		        .path = module->path,
		        .text = text,
		        .build_id = module->build_id,
		        .image = image,
		        .flags = module->flags,
		        .anonymous = strcmp(text, RP_ANONYMOUS_CODE) == 0,
		};
	}
	return i;
}

static void add_to_symbolizer(struct rp_profile *p, struct rp_profile_names *names,
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

		m->handle = rp_sym_add(p->join->symbolizer, &wanted);
	}
}

/* Modules and parents of one recording's nodes; names come later, for all at once. */
static void place_nodes(struct rp_profile_names *names, const struct rp_recording *r,
                        struct rp_profile_node *nodes, const size_t *modules)
{
	for (size_t i = 0, m = 0; i < r->n_stacks; i++) {
		const struct rp_rec_stack *s = &r->stacks[i];
		size_t parent = s->parent ? rp_recording_stack(r, s->parent) : i;

		nodes[i].parent = parent < i ? (uint32_t)parent + 1 : 0;
		if (s->module == 0) {
			nodes[i].stop = (uint32_t)s->pc_rel;
			continue;
		}
		for (size_t tried = 0; tried < r->n_modules; tried++, m = (m + 1) % r->n_modules)
			if (r->modules[m].module == s->module)
				break; /* neighbours mostly share a module: begin where the last was
				        */
		if (r->n_modules && r->modules[m].module == s->module)
			nodes[i].module = &names->modules[modules[m]];
		if (!nodes[i].module)
			continue;
		nodes[i].where = nodes[i].module->text;
		nodes[i].module->n_nodes++;
	}
}

static void collect(struct rp_profile *p, struct rp_profile_names *names)
{
	size_t n_modules = 0, at = 0;

	for (size_t i = 0; i < p->join->n_recordings; i++) {
		names->n_nodes += p->join->recordings[i]->n_stacks;
		n_modules += p->join->recordings[i]->n_modules;
	}
	size_t *modules = rp_memory_zero(n_modules, sizeof(*modules));

	/* All modules before any node: nodes point into the array. */
	for (size_t i = 0; i < p->join->n_recordings; i++)
		for (size_t k = 0; k < p->join->recordings[i]->n_modules; k++)
			modules[at++] = module_index(p, names, p->join->recordings[i],
			                             &p->join->recordings[i]->modules[k]);
	names->nodes = rp_memory_zero(names->n_nodes, sizeof(*names->nodes));
	struct rp_profile_node *nodes = names->nodes;

	at = 0;
	for (size_t i = 0; i < p->join->n_recordings; i++) {
		place_nodes(names, p->join->recordings[i], nodes, modules + at);
		nodes += p->join->recordings[i]->n_stacks;
		at += p->join->recordings[i]->n_modules;
	}
	free(modules);
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
static void ask(struct rp_profile *p, struct rp_profile_names *names,
                const struct rp_profile_module *module, const struct wanted *wanted, size_t n)
{
	uint64_t vaddr[PIECE];
	struct rp_frames frames[PIECE];

	for (size_t at = 0; at < n; at += PIECE) {
		size_t n_piece = n - at < PIECE ? n - at : PIECE;

		rp_progress_at(names->progress, names->n_done + at, module->text);
		for (size_t i = 0; i < n_piece; i++)
			vaddr[i] = wanted[at + i].vaddr;
		rp_sym_resolve(p->join->symbolizer, module->handle, vaddr, n_piece, frames);
		for (size_t i = 0; i < n_piece; i++)
			wanted[at + i].node->frames = frames[i];
	}
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
		ask(p, names, module, wanted, n);
		module->state = rp_sym_state(p->join->symbolizer, module->handle, &module->source);
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

static void add_debug_dirs(struct rp_profile *p, const struct rp_profile_how *how)
{
	for (size_t i = 0; i < how->n_debug_dirs; i++)
		rp_sym_debug_dir(p->join->symbolizer, how->debug_dirs[i]);
	if (how->sysroot)
		rp_sym_debug_dir(p->join->symbolizer,
		                 rp_heap_print(&p->join->heap, "%s/usr/lib/debug", how->sysroot));
}

static void open_sides(struct rp_profile *p, char *const *paths, const struct rp_profile_how *how)
{
	p->join->sides = rp_memory_zero(p->join->n_recordings, sizeof(*p->join->sides));
	for (size_t i = 0; i < p->join->n_recordings; i++)
		rp_profile_side_open(&p->join->sides[i], p->join->recordings[i], paths[i], how);
}

void rp_profile_names_make(struct rp_profile_names *names, struct rp_profile *p, char *const *paths,
                           const struct rp_profile_how *how)
{
	struct rp_progress progress;
	size_t at = 0;

	*names = (struct rp_profile_names){.progress = &progress};
	p->join->symbolizer = rp_sym_make();
	add_debug_dirs(p, how);
	open_sides(p, paths, how);
	collect(p, names);
	add_to_symbolizer(p, names, how);
	rp_progress_begin(&progress, names->n_nodes);
	for (size_t i = 0; i < names->n_modules; i++)
		if (names->modules[i].n_nodes && !names->modules[i].anonymous)
			resolve(p, names, &names->modules[i]);
	rp_progress_end(&progress);
	for (size_t i = 0; i < p->join->n_recordings; i++) {
		rp_profile_code_name(p, p->join->recordings[i], names->nodes + at);
		at += p->join->recordings[i]->n_stacks;
	}
}

void rp_profile_names_free(struct rp_profile_names *names)
{
	free(names->nodes);
	free(names->modules);
}
