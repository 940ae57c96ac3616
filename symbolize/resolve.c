/* resolve.c - the symbolizer: its modules, and batches of addresses.
 *
 * Room: symbolize.  Implements symbolize.h.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/symbolize.h"

#include <stdlib.h>
#include <string.h>

#include "symbolize/cus.h"
#include "symbolize/debugfile.h"
#include "symbolize/elfopen.h"
#include "symbolize/frames.h"
#include "symbolize/symbols.h"

struct rp_symbolizer {
	struct rp_shared shared;
	struct rp_object **object;
	int n_objects, cap;
};

/* An address and where its answer goes. */
struct wanted {
	uint64_t addr;
	size_t at;
};

struct rp_symbolizer *rp_sym_make(void)
{
	elf_version(EV_CURRENT);
	struct rp_symbolizer *s = calloc(1, sizeof(*s));

	if (!s)
		abort(); /* as in pool.c */
	return s;
}

static void close_object(struct rp_object *o)
{
	rp_cus_free(o);
	rp_symbols_free(o);
	rp_addrmap_free(&o->die_names);
	rp_addrmap_free(&o->sources);
	rp_addrmap_free(&o->answers);
	dwarf_end(o->dwarf);
	rp_elfopen_close(&o->debug);
	rp_elfopen_close(&o->main);
}

void rp_sym_free(struct rp_symbolizer *s)
{
	if (!s)
		return;
	for (int i = 0; i < s->n_objects; i++)
		close_object(s->object[i]);
	rp_addrmap_free(&s->shared.demangle.seen);
	rp_pool_free(&s->shared.pool);
	free(s->object);
	free(s);
}

void rp_sym_debug_dir(struct rp_symbolizer *s, const char *dir)
{
	s->shared.debug_dir = rp_pool_text(&s->shared.pool, dir, strlen(dir));
}

static struct rp_object *copy_module(struct rp_shared *shared, const struct rp_sym_module *module)
{
	struct rp_object *o = rp_pool_take(&shared->pool, sizeof(*o));
	const char *path = module->path ? module->path : "";

	o->shared = shared;
	o->is = *module;
	o->is.path = rp_pool_text(&shared->pool, path, strlen(path));
	if (!module->build_id)
		o->is.n_build_id = 0;
	else
		o->is.build_id =
		        (const uint8_t *)rp_pool_text(&shared->pool, (const char *)module->build_id,
		                                      module->n_build_id);
	if (module->image)
		o->is.image = rp_pool_text(&shared->pool, module->image, module->n_image);
	return o;
}

int rp_sym_add(struct rp_symbolizer *s, const struct rp_sym_module *module)
{
	if (s->n_objects == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 16;
		s->object = realloc(s->object, (size_t)s->cap * sizeof(*s->object));
		if (!s->object)
			abort(); /* as in pool.c */
	}
	s->object[s->n_objects] = copy_module(&s->shared, module);
	return s->n_objects++;
}

static void open_object(struct rp_object *o)
{
	o->opened = true;
	rp_debugfile_open(o);
	if (o->dwarf) {
		rp_cus_map(o);
		o->state = RP_SYM_DEBUG;
		o->source = o->debug.elf ? o->debug.path : o->main.path;
	}
	rp_symbols_read(o);
	rp_fde_read(&o->fde, &o->main);
}

static int by_addr(const void *left, const void *right)
{
	const struct wanted *a = left, *b = right;

	return a->addr < b->addr ? -1 : a->addr > b->addr;
}

/* In order of addresses: units, functions and line tables are then met once, and neighbours share
 * frames. */
static void resolve_sorted(struct rp_object *o, const struct wanted *wanted, size_t n,
                           struct rp_frames *out)
{
	struct rp_frames_last last = {0};
	struct rp_frames *answer = NULL;

	for (size_t i = 0; i < n; i++) {
		if (!i || wanted[i].addr != wanted[i - 1].addr)
			answer = rp_addrmap_get(&o->answers, wanted[i].addr);
		if (!answer) {
			answer = rp_frames_make(o, wanted[i].addr, &last);
			rp_addrmap_put(&o->answers, wanted[i].addr, answer);
		}
		out[wanted[i].at] = *answer;
	}
}

void rp_sym_resolve(struct rp_symbolizer *s, int module, const uint64_t *vaddr, size_t n,
                    struct rp_frames *out)
{
	struct rp_object *o = s->object[module];
	struct wanted *wanted = malloc((n + 1) * sizeof(*wanted));

	if (!wanted)
		abort(); /* as in pool.c */
	if (!o->opened)
		open_object(o);
	for (size_t i = 0; i < n; i++)
		wanted[i] = (struct wanted){vaddr[i], i};
	qsort(wanted, n, sizeof(*wanted), by_addr);
	resolve_sorted(o, wanted, n, out);
	free(wanted);
}

enum rp_sym_state rp_sym_state(struct rp_symbolizer *s, int module, const char **source)
{
	struct rp_object *o = s->object[module];

	if (!o->opened)
		open_object(o);
	if (source)
		*source = o->source ? o->source : o->is.path;
	return o->state;
}

const char *rp_sym_demangle(struct rp_symbolizer *s, const char *name)
{
	return rp_demangle_name(&s->shared.demangle, &s->shared.pool, name);
}
