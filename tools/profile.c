/* profile.c - the one join: recordings from the store, names from the symbolizer; see profile.h.
 *
 * Room: tools.  The only file that includes both store/ and symbolize/.
 * SPDX-License-Identifier: MIT
 */
#include "tools/profile.h"

#include <stdlib.h>
#include <string.h>
#include "store/records.h"
#include "symbolize/symbolize.h"
#include "tools/join.h"
#include "tools/library.h"
#include "tools/recording.h"

/* A loaded object, the same one for all sessions that had it. */
struct module {
	struct rp_slice path, build_id, image;
	const char *text; /* the path, terminated */
	uint32_t flags;
	int handle;
	size_t n_nodes; /* of stacks in it */
};

/* A node of a tree of stacks, with its names. */
struct node {
	struct module *module; /* NULL: a pseudo root */
	struct rp_frames frames;
	uint32_t parent; /* index of another node of this recording + 1; 0: none */
	uint32_t stop;
};

struct names {
	struct module *modules;
	size_t n_modules;
	struct node *nodes; /* of all recordings, one after the other */
	size_t n_nodes;
};

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

static size_t module_index(struct names *names, const struct rp_recording *r,
                           const struct rp_rec_module *module)
{
	struct rp_slice image = image_of(r, module->module);
	size_t i = 0;

	while (i < names->n_modules && !(same_bytes(names->modules[i].path, module->path) &&
	                                 same_bytes(names->modules[i].build_id, module->build_id) &&
	                                 same_bytes(names->modules[i].image, image)))
		i++;
	if (i == names->n_modules) {
		names->modules = rp_memory_grow(names->modules, i, sizeof(*names->modules));
		names->modules[names->n_modules++] = (struct module){.path = module->path,
		                                                     .build_id = module->build_id,
		                                                     .image = image,
		                                                     .flags = module->flags};
	}
	return i;
}

static void add_to_symbolizer(struct rp_profile *p, struct names *names)
{
	for (size_t i = 0; i < names->n_modules; i++) {
		struct module *m = &names->modules[i];
		struct rp_sym_module wanted = {
		        .path = m->text = rp_heap_text(&p->join->heap, m->path.at, m->path.n),
		        .build_id = m->build_id.n ? (const uint8_t *)m->build_id.at : NULL,
		        .n_build_id = m->build_id.n,
		        .image = m->image.n ? m->image.at : NULL,
		        .n_image = m->image.n,
		};

		m->handle = rp_sym_add(p->join->symbolizer, &wanted);
	}
}

/* Modules and parents of one recording's nodes; names come later, for all at once. */
static void place_nodes(struct names *names, const struct rp_recording *r, struct node *nodes,
                        const size_t *modules)
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
		if (nodes[i].module)
			nodes[i].module->n_nodes++;
	}
}

static void collect(struct rp_profile *p, struct names *names)
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
			modules[at++] = module_index(names, p->join->recordings[i],
			                             &p->join->recordings[i]->modules[k]);
	names->nodes = rp_memory_zero(names->n_nodes, sizeof(*names->nodes));
	struct node *nodes = names->nodes;

	at = 0;
	for (size_t i = 0; i < p->join->n_recordings; i++) {
		place_nodes(names, p->join->recordings[i], nodes, modules + at);
		nodes += p->join->recordings[i]->n_stacks;
		at += p->join->recordings[i]->n_modules;
	}
	free(modules);
}

/* The instruction that runs or calls: what a return address stands behind. */
static uint64_t vaddr_of(const struct rp_rec_stack *s)
{
	return s->pc_rel - !s->exact;
}

/* Names for all nodes of MODULE, of all recordings, in one question. */
static void resolve(struct rp_profile *p, struct names *names, const struct module *module)
{
	uint64_t *vaddr = rp_memory_zero(module->n_nodes, sizeof(*vaddr));
	struct rp_frames *frames = rp_memory_zero(module->n_nodes, sizeof(*frames));
	struct node *node = names->nodes;
	size_t n = 0;

	for (size_t i = 0; i < p->join->n_recordings; i++) {
		const struct rp_recording *r = p->join->recordings[i];

		for (size_t k = 0; k < r->n_stacks; k++, node++)
			if (node->module == module)
				vaddr[n++] = vaddr_of(&r->stacks[k]);
	}
	rp_sym_resolve(p->join->symbolizer, module->handle, vaddr, n, frames);
	n = 0;
	for (size_t i = 0; i < names->n_nodes; i++)
		if (names->nodes[i].module == module)
			names->nodes[i].frames = frames[n++];
	free(vaddr);
	free(frames);
}

static const char *state_words(enum rp_sym_state state)
{
	static const char *const words[] = {
	        [RP_SYM_DEBUG] = "debug",
	        [RP_SYM_SYMTAB] = "symtab",
	        [RP_SYM_DYNSYM] = "exported names",
	        [RP_SYM_NO_FILE] = "the file is gone",
	        [RP_SYM_OTHER_BUILD] = "the file is another build",
	        [RP_SYM_BAD_FILE] = "the file is damaged",
	        [RP_SYM_REFUSED] = "debug information refused",
	};

	return words[state];
}

static void list_modules(struct rp_profile *p, const struct names *names)
{
	p->modules = rp_memory_zero(names->n_modules, sizeof(*p->modules));
	for (size_t i = 0; i < names->n_modules; i++) {
		const struct module *m = &names->modules[i];
		struct rp_object_file *o = &p->modules[p->n_modules++];
		char *hex = rp_heap_take(&p->join->heap, 2 * m->build_id.n + 1);
		static const char digits[] = "0123456789abcdef";

		for (size_t k = 0; k < m->build_id.n; k++) {
			hex[2 * k] = digits[(unsigned char)m->build_id.at[k] >> 4];
			hex[2 * k + 1] = digits[(unsigned char)m->build_id.at[k] & 15];
		}
		hex[2 * m->build_id.n] = '\0';
		o->build_id = hex;
		o->path = m->text;
		o->symbols = "not asked";
		if (m->n_nodes)
			o->symbols = state_words(
			        rp_sym_state(p->join->symbolizer, m->handle, &o->source));
	}
}

/* The functions of NODE into OUT (room for all), outermost first; how many. */
static uint32_t functions_of(struct rp_profile *p, const struct node *node, uint32_t *out)
{
	static const char *const stops[] = {
#define STOP(name, text) "[truncated: " text "]",
#include "store/stops.def"
	};

	if (!node->module) {
		if (node->stop == RP_STOP_END)
			return 0;
		out[0] = rp_join_pseudo(p, node->stop < RP_N_STOPS ? stops[node->stop]
		                                                   : "[truncated]");
		return 1;
	}
	for (uint32_t i = 0; i < node->frames.n; i++) {
		const struct rp_frame *f = &node->frames.frame[i];
		bool is_main = node->module->flags & RP_MODULE_MAIN;

		out[node->frames.n - 1 - i] = rp_join_function(
		        p, &(struct rp_function){.name = f->function,
		                                 .file = f->file,
		                                 .module = node->module->text,
		                                 .line = f->func_line,
		                                 .library = rp_library_owns(node->module->text,
		                                                            is_main, f->file)});
	}
	return node->frames.n;
}

/* The spots of NODE, whose functions are FUNCTIONS (outermost first) and whose caller's is CALLER:
 * the innermost one, + 1. */
static uint32_t spot_of(struct rp_profile *p, const struct names *names, const struct node *node,
                        uint64_t vaddr, const struct rp_join_node *joined, uint32_t caller)
{
	for (uint32_t i = 0; i < joined->n; i++) {
		uint32_t inner = joined->n - 1 - i;
		struct rp_spot spot = {.caller = caller, .function = joined->functions[i]};

		if (node->module) {
			spot.line = node->frames.frame[inner].line;
			spot.inlined = node->frames.frame[inner].inlined;
			spot.module = (uint32_t)(node->module - names->modules) + 1;
			spot.vaddr = vaddr;
		}
		caller = rp_join_spot(p, &spot) + 1;
	}
	return caller;
}

/* What the points need of each node of R: its functions, and where to go on. */
static void name_nodes(struct rp_profile *p, const struct names *names,
                       const struct rp_recording *r, const struct node *nodes,
                       struct rp_join_node *out)
{
	for (size_t i = 0; i < r->n_stacks; i++) {
		const struct node *n = &nodes[i];
		uint32_t *functions =
		        rp_heap_take(&p->join->heap, (n->frames.n + 1) * sizeof(*functions));

		out[i].n = functions_of(p, n, functions);
		out[i].functions = functions;
		out[i].parent = n->parent;
		out[i].shim = n->module && (n->module->flags & RP_MODULE_SHIM);
		out[i].spot = spot_of(p, names, n, vaddr_of(&r->stacks[i]), &out[i],
		                      n->parent ? out[n->parent - 1].spot : 0);
	}
}

static void join(struct rp_profile *p, char *const *paths)
{
	struct names names = {0};

	p->join->symbolizer = rp_sym_make();
	collect(p, &names);
	add_to_symbolizer(p, &names);
	for (size_t i = 0; i < names.n_modules; i++)
		if (names.modules[i].n_nodes)
			resolve(p, &names, &names.modules[i]);
	list_modules(p, &names);
	struct rp_join_node *joined = rp_memory_zero(names.n_nodes, sizeof(*joined));
	size_t at = 0;

	p->n_sessions = p->join->n_recordings;
	p->sessions = rp_memory_zero(p->n_sessions, sizeof(*p->sessions));
	for (size_t i = 0; i < p->n_sessions; i++) {
		const struct rp_recording *r = p->join->recordings[i];

		rp_join_session(p, i, paths[i]);
		name_nodes(p, &names, r, names.nodes + at, joined + at);
		rp_join_points(p, i, joined + at);
		at += r->n_stacks;
	}
	free(joined);
	free(names.nodes);
	free(names.modules);
}

bool rp_profile_open(struct rp_profile *p, char *const *paths, size_t n, struct rp_why *why)
{
	*p = (struct rp_profile){.join = rp_memory_zero(1, sizeof(*p->join))};
	p->join->recordings = rp_memory_zero(n, sizeof(*p->join->recordings));
	for (; p->join->n_recordings < n; p->join->n_recordings++) {
		struct rp_recording *r = rp_recording_open(paths[p->join->n_recordings], why);

		if (!r) {
			rp_profile_close(p);
			return false;
		}
		p->join->recordings[p->join->n_recordings] = r;
	}
	join(p, paths);
	return true;
}

void rp_profile_close(struct rp_profile *p)
{
	for (size_t i = 0; i < p->join->n_recordings; i++)
		rp_recording_close(p->join->recordings[i]);
	free(p->join->recordings);
	if (p->join->symbolizer)
		rp_sym_free(p->join->symbolizer);
	rp_index_free(&p->join->functions);
	rp_index_free(&p->join->chains);
	rp_index_free(&p->join->spots);
	rp_index_free(&p->join->workers);
	rp_heap_free(&p->join->heap);
	free(p->join);
	free(p->functions);
	free(p->chains);
	free(p->spots);
	free(p->points);
	free(p->waits);
	free(p->workers);
	free(p->modules);
	free(p->sessions);
	*p = (struct rp_profile){0};
}
