/* resolve.c - the symbolizer: its modules, and batches of addresses.
 *
 * Room: symbolize.  Called by guard_child.c, in a process of its own.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/resolve.h"

#include <stdlib.h>
#include <string.h>

#include "symbolize/batch.h"
#include "symbolize/cus.h"
#include "symbolize/debugfile.h"
#include "symbolize/elfopen.h"
#include "symbolize/symbols.h"

struct rp_resolver {
	struct rp_shared shared;
	struct rp_object **object;
	int n_objects, cap;
};

struct rp_resolver *rp_resolve_make(void)
{
	elf_version(EV_CURRENT);
	struct rp_resolver *r = calloc(1, sizeof(*r));

	if (!r)
		abort(); /* as in pool.c */
	return r;
}

static void close_object(struct rp_object *o)
{
	rp_spans_free(&o->cus);
	rp_symbols_free(o);
	rp_addrmap_free(&o->die_names);
	rp_dwarf_close(o->dwarf);
	rp_elfopen_close(&o->mini);
	rp_inflate_free(&o->mini_image);
	rp_elfopen_close(&o->debug);
	rp_elfopen_close(&o->main);
}

void rp_resolve_free(struct rp_resolver *r)
{
	if (!r)
		return;
	for (int i = 0; i < r->n_objects; i++)
		close_object(r->object[i]);
	rp_addrmap_free(&r->shared.demangle.seen);
	rp_pool_free(&r->shared.pool);
	rp_pool_free(&r->shared.frames);
	rp_pool_free(&r->shared.scratch);
	free(r->object);
	free(r);
}

void rp_resolve_debug_dir(struct rp_resolver *r, const char *dir)
{
	r->shared.debug_dir = rp_pool_text(&r->shared.pool, dir, strlen(dir));
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

int rp_resolve_add(struct rp_resolver *r, const struct rp_sym_module *module)
{
	if (r->n_objects == r->cap) {
		r->cap = r->cap ? r->cap * 2 : 16;
		r->object = realloc(r->object, (size_t)r->cap * sizeof(*r->object));
		if (!r->object)
			abort(); /* as in pool.c */
	}
	r->object[r->n_objects] = copy_module(&r->shared, module);
	return r->n_objects++;
}

void rp_resolve_plain(struct rp_resolver *r, int module)
{
	r->object[module]->plain = true;
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

static struct rp_order_item *order(uint64_t *vaddr, size_t n)
{
	struct rp_order_item *item = malloc((2 * n + 1) * sizeof(*item)), *shorter;

	if (!item)
		abort(); /* as in pool.c */
	for (size_t i = 0; i < n; i++)
		item[i] = (struct rp_order_item){vaddr[i], i};
	free(vaddr);
	rp_order_sort(item, item + n, n);
	shorter = realloc(item, (n + 1) * sizeof(*item));
	return shorter ? shorter : item;
}

void rp_resolve_batch(struct rp_resolver *r, int module, uint64_t *vaddr, size_t n,
                      const struct rp_resolve_sink *sink)
{
	struct rp_object *o = r->object[module];

	if (!o->opened)
		open_object(o);
	struct rp_order_item *item = order(vaddr, n);

	rp_batch_answer(o, item, n, sink);
	free(item);
}

enum rp_sym_state rp_resolve_state(struct rp_resolver *r, int module, const char **source)
{
	struct rp_object *o = r->object[module];

	if (!o->opened)
		open_object(o);
	if (source)
		*source = o->source ? o->source : o->is.path;
	return o->state;
}

const char *rp_resolve_demangle(struct rp_resolver *r, const char *name)
{
	return rp_demangle_name(&r->shared.demangle, &r->shared.pool, name);
}
