/* profile.c - the one join: recordings from the store, names from the symbolizer; see profile.h.
 *
 * Room: tools.  It and its halves profile_*.c alone include both store/ and symbolize/.
 * SPDX-License-Identifier: MIT
 */
#include "tools/profile.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "store/records.h"
#include "symbolize/symbolize.h"
#include "tools/join.h"
#include "tools/library.h"
#include "tools/profile_side.h"

enum { SLOW_NS = 100000000 }; /* names that took longer than this are kept */
#include "tools/recording.h"

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

static void list_modules(struct rp_profile *p, const struct rp_profile_names *names)
{
	p->modules = rp_memory_zero(names->n_modules, sizeof(*p->modules));
	for (size_t i = 0; i < names->n_modules; i++) {
		const struct rp_profile_module *m = &names->modules[i];
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
		o->main = m->flags & RP_MODULE_MAIN;
		o->symbols = "not asked";
		if (m->anonymous)
			o->symbols = "made at run time";
		else if (m->n_nodes)
			o->symbols = state_words(m->state);
		o->source = m->source;
	}
}

/* With the suffix of its copy, for those who want to tell copies apart. */
static const char *name_of(struct rp_profile *p, const struct rp_frame *f)
{
	if (!p->join->verbose || !f->suffix || !*f->suffix)
		return f->function;
	return rp_heap_print(&p->join->heap, "%s%s", f->function, f->suffix);
}

/* The functions of NODE into OUT (room for all), outermost first; how many. */
static uint32_t functions_of(struct rp_profile *p, const struct rp_profile_node *node,
                             uint32_t *out)
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
		        p, &(struct rp_function){.name = name_of(p, f),
		                                 .file = f->file,
		                                 .module = node->where,
		                                 .line = f->func_line,
		                                 .library = rp_library_owns(node->where, is_main,
		                                                            f->file)});
	}
	return node->frames.n;
}

/* The spots of NODE, whose functions are FUNCTIONS (outermost first) and whose caller's is CALLER:
 * the innermost one, + 1. */
static uint32_t spot_of(struct rp_profile *p, const struct rp_profile_names *names,
                        const struct rp_profile_node *node, uint64_t vaddr,
                        const struct rp_join_node *joined, uint32_t caller)
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
static void name_nodes(struct rp_profile *p, const struct rp_profile_names *names,
                       const struct rp_recording *r, const struct rp_profile_node *nodes,
                       struct rp_join_node *out)
{
	for (size_t i = 0; i < r->n_stacks; i++) {
		const struct rp_profile_node *n = &nodes[i];
		uint32_t *functions =
		        rp_heap_take(&p->join->heap, (n->frames.n + 1) * sizeof(*functions));

		out[i].n = functions_of(p, n, functions);
		out[i].functions = functions;
		out[i].parent = n->parent;
		out[i].shim = n->module && (n->module->flags & RP_MODULE_SHIM);
		out[i].spot = spot_of(p, names, n, rp_profile_vaddr(&r->stacks[i]), &out[i],
		                      n->parent ? out[n->parent - 1].spot : 0);
	}
}

/* Worth it when it took long; only in a folder of this very user, who else may not want it. */
static bool saves_itself(const struct rp_profile_names *names, const struct rp_recording *r,
                         const char *path)
{
	char *copy = strdup(path);
	struct stat st;
	bool ours = copy && names->asked_ns > SLOW_NS && r->complete &&
	            stat(dirname(copy), &st) == 0 && st.st_uid == geteuid() &&
	            !(st.st_mode & (S_IWGRP | S_IWOTH)) && stat(path, &st) == 0 &&
	            st.st_uid == geteuid();

	free(copy);
	return ours;
}

static bool save(const struct rp_profile *p, const struct rp_profile_names *names,
                 char *const *paths, const struct rp_profile_how *how, struct rp_why *why)
{
	for (size_t i = 0; i < p->join->n_recordings; i++) {
		bool itself = !how->no_cache && p->join->sides[i].n_asked &&
		              saves_itself(names, p->join->recordings[i], paths[i]);

		if ((how->save || itself) && !rp_profile_side_save(p, names, i, paths[i], why) &&
		    how->save)
			return false;
	}
	return true;
}

static bool join(struct rp_profile *p, char *const *paths, const struct rp_profile_how *how,
                 struct rp_why *why)
{
	struct rp_profile_names names;

	rp_profile_names_make(&names, p, paths, how);
	list_modules(p, &names);
	struct rp_join_node *joined = rp_memory_zero(names.n_nodes, sizeof(*joined));

	rp_index_reserve(&p->join->spots, names.n_nodes);
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
	bool ok = save(p, &names, paths, how, why);

	rp_profile_names_free(&names);
	return ok;
}

bool rp_profile_open(struct rp_profile *p, char *const *paths, size_t n, struct rp_why *why)
{
	return rp_profile_open_as(p, paths, n, NULL, why);
}

bool rp_profile_open_as(struct rp_profile *p, char *const *paths, size_t n,
                        const struct rp_profile_how *how, struct rp_why *why)
{
	static const struct rp_profile_how plain;

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
	p->join->verbose = how && how->verbose;
	p->join->apart = how && how->apart;
	if (join(p, paths, how ? how : &plain, why))
		return true;
	rp_profile_close(p);
	return false;
}

void rp_profile_close(struct rp_profile *p)
{
	for (size_t i = 0; i < p->join->n_recordings; i++) {
		rp_recording_close(p->join->recordings[i]);
		if (p->join->sides)
			rp_profile_side_close(&p->join->sides[i]);
	}
	free(p->join->sides);
	free(p->join->recordings);
	for (size_t i = 0; i < p->join->n_symbolizers; i++)
		rp_sym_free(p->join->symbolizers[i]);
	free(p->join->symbolizers);
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
	free(p->stretches);
	free(p->passages);
	free(p->workers);
	free(p->modules);
	free(p->sessions);
	*p = (struct rp_profile){0};
}
