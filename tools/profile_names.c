/* profile_names.c - modules and nodes of recordings, and their names; see profile_names.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/profile_names.h"

#include <stdlib.h>
#include <string.h>
#include "tools/profile_side.h"

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

	while (i < names->n_modules &&
	       !(rp_slice_same(names->modules[i].path, module->path) &&
	         rp_slice_same(names->modules[i].build_id, module->build_id) &&
	         rp_slice_same(names->modules[i].image, image)))
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

static void open_sides(struct rp_profile *p, char *const *paths, const struct rp_profile_how *how)
{
	p->join->sides = rp_memory_zero(p->join->n_recordings, sizeof(*p->join->sides));
	for (size_t i = 0; i < p->join->n_recordings; i++)
		rp_profile_side_open(&p->join->sides[i], p->join->recordings[i], paths[i], how);
}

void rp_profile_names_make(struct rp_profile_names *names, struct rp_profile *p, char *const *paths,
                           const struct rp_profile_how *how)
{
	size_t at = 0;

	*names = (struct rp_profile_names){0};
	open_sides(p, paths, how);
	collect(p, names);
	rp_profile_resolve(p, names, how);
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
