/* unwinder.c - see unwinder.h.  Room: cold.  SPDX-License-Identifier: MIT */
#include "preload/cold/unwinder.h"

#include <dlfcn.h>
#include <link.h>
#include <string.h>
#include "preload/cold/loader.h"
#include "preload/cold/log.h"
#include "preload/cold/modules_list.h"
#include "preload/cold/unwinder_bind.h"
#include "preload/hot/sys.h"
#include "preload/hot/unwinder.h"
#include "preload/real.h"
#include "preload/settings.h"

#define FILE_NAME "libunwind.so.8"

enum { OUR_ROOM = RP_UNWINDER_ROOMS - 1, CACHE_ENTRIES = 1024, FORK_PATIENCE = 1000 };

/* A published view of the modules, with the memory it lies in. */
struct view {
	struct rp_unwinder unwinder;
	struct rp_chunks pool;
	struct view *older;
	uint32_t cap;
	bool failed;
};

static enum { UNTRIED, LOADING, LOADED, FAILED } state;
static struct view *views; /* the newest is the published one */
static struct rp_unwinder_entries entries;

/* Functions that only this file calls. */
static struct {
	void **(*get_accessors)(void *space);
	void (*flush_cache)(void *space, uint64_t lo, uint64_t hi);
	int (*set_cache_size)(void *space, size_t n, int flags);
	void **space; /* unw_local_addr_space */
} unw;

static void *symbol(void *handle, const char *prefix, const char *name)
{
	char whole[64];

	if (strlen(prefix) + strlen(name) >= sizeof(whole))
		return NULL;
	return dlsym(handle, strcat(strcpy(whole, prefix), name));
}

static bool find_entries(void *handle)
{
	entries.init_local2 = symbol(handle, rp_unwinder_local, "init_local2");
	entries.step = symbol(handle, rp_unwinder_local, "step");
	entries.get_reg = symbol(handle, rp_unwinder_local, "get_reg");
	entries.is_signal_frame = symbol(handle, rp_unwinder_local, "is_signal_frame");
	unw.set_cache_size = symbol(handle, rp_unwinder_local, "set_cache_size");
	unw.space = symbol(handle, rp_unwinder_local, "local_addr_space");
	unw.get_accessors = symbol(handle, rp_unwinder_common, "get_accessors");
	unw.flush_cache = symbol(handle, rp_unwinder_common, "flush_cache");
	return entries.init_local2 && entries.step && entries.get_reg && entries.is_signal_frame &&
	       unw.set_cache_size && unw.space && unw.get_accessors && unw.flush_cache;
}

/* libunwind begins to work on our thread, where no pipe is opened and nothing is interrupted: its
 * pools are made, and its memory reader is exchanged. */
static void prime(struct rp_unwinding *u)
{
	enum { ACCESS_MEM = 3 }; /* of unw_accessors_t */
	void **accessors = unw.get_accessors(*unw.space);

	(void)u;
	if (accessors[ACCESS_MEM] != (void *)rp_unwinder_access)
		rp_unwinder_real_access = (rp_unwinder_access_fn *)accessors[ACCESS_MEM];
	__atomic_store_n(&accessors[ACCESS_MEM], (void *)rp_unwinder_access, __ATOMIC_RELEASE);
}

static void widen_cache(struct rp_unwinding *u)
{
	(void)u;
	unw.set_cache_size(*unw.space, CACHE_ENTRIES, 0);
}

static bool refuse(const char *why, const char *what)
{
	rp_log(FILE_NAME ": ", why, what, "; the table walker is used", NULL);
	return false;
}

static bool load(void)
{
	char import[RP_UNWINDER_IMPORT];

	rp_loader_enter();
	bool shared = rp_real.dlopen(FILE_NAME, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
	void *handle = rp_real.dlopen(FILE_NAME, RTLD_NOW | RTLD_LOCAL);
	bool bound = handle && find_entries(handle) && rp_unwinder_bind(handle, import);

	rp_loader_leave();
	if (!handle)
		return refuse("cannot be loaded", "");
	if (!entries.step || !unw.flush_cache)
		return refuse("is of another kind", "");
	if (!bound)
		return refuse("is of a version that is not known here: it calls ", import);
	if (!rp_unwinder_fenced(prime, OUR_ROOM))
		return refuse("does not start", "");
	if (!shared) /* else it is the host's to say */
		rp_unwinder_fenced(widen_cache, OUR_ROOM);
	return true;
}

static bool view_room(struct view *v)
{
	if (v->unwinder.n_modules < v->cap)
		return true;
	uint32_t cap = v->cap ? 2 * v->cap : 64;
	struct rp_unwinder_module *wider = rp_chunks_take(&v->pool, cap * sizeof *wider);

	if (!wider)
		return false;
	if (v->cap)
		memcpy(wider, v->unwinder.modules, v->cap * sizeof *wider);
	v->unwinder.modules = wider;
	v->cap = cap;
	return true;
}

/* Inserts by address. */
static void view_insert(struct view *v, struct rp_unwinder_module module)
{
	struct rp_unwinder_module *at = (struct rp_unwinder_module *)v->unwinder.modules;
	uint32_t i = v->unwinder.n_modules++;

	for (; i > 0 && at[i - 1].lo > module.lo; i--)
		at[i] = at[i - 1];
	at[i] = module;
}

/* Under the loader's lock: copy and leave. */
static int view_one(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct view *v = arg;
	size_t n = info->dlpi_phnum * sizeof(ElfW(Phdr));
	ElfW(Phdr) *copy = n ? rp_chunks_take(&v->pool, n) : NULL;
	struct rp_unwinder_module module = {.bias = info->dlpi_addr,
	                                    .lo = UINT64_MAX,
	                                    .headers = copy};

	(void)size;
	module.n_headers = info->dlpi_phnum;
	if (!copy || !view_room(v)) {
		v->failed = n != 0;
		return v->failed;
	}
	memcpy(copy, info->dlpi_phdr, n);
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		uint64_t lo = info->dlpi_addr + copy[i].p_vaddr, hi = lo + copy[i].p_memsz;

		if (copy[i].p_type != PT_LOAD)
			continue;
		module.lo = lo < module.lo ? lo : module.lo;
		module.hi = hi > module.hi ? hi : module.hi;
	}
	if (module.lo < module.hi)
		view_insert(v, module);
	return 0;
}

static struct view *view_make(uint32_t generation)
{
	struct rp_chunks pool = {0};
	struct view *v = rp_chunks_take(&pool, sizeof *v);

	if (!v)
		return NULL;
	v->pool = pool;
	rp_loader_enter();
	rp_modules_iterate(view_one, v);
	rp_loader_leave();
	v->unwinder.call = entries;
	v->unwinder.generation = generation;
	if (!v->failed)
		return v;
	pool = v->pool;
	rp_chunks_free(&pool);
	return NULL;
}

static void drop_older(void)
{
	while (views && views->older) {
		struct view *v = views->older;
		struct rp_chunks pool = v->pool;

		views->older = v->older;
		rp_chunks_free(&pool); /* V was in it */
	}
}

/* Walkers of the tables before do not match the new view, nor those of the new tables the old
 * one: both walk by table meanwhile. */
static void show_modules(uint32_t generation)
{
	struct view *v = view_make(generation);

	if (!v)
		return;
	unw.flush_cache(*unw.space, 0, 0); /* another module may stand where one stood */
	v->older = views;
	views = v;
	atomic_store(&rp_unwinder_now, &v->unwinder);
}

void rp_unwinder_refresh(void)
{
	const struct rp_tables *tables = atomic_load(&rp_tables_now);

	if (!rp_settings.libunwind || state == FAILED || !tables)
		return;
	if (state != LOADED) {
		state = LOADING;
		state = load() ? LOADED : FAILED;
		return; /* it is not among the modules of this set */
	}
	if (!views || views->unwinder.generation != tables->generation)
		show_modules(tables->generation);
	if (views && views->older && rp_tables_idle())
		drop_older();
}

RP_EARLY void rp_unwinder_before_fork(void)
{
	if (!atomic_load(&rp_unwinder_now))
		return;
	atomic_store(&rp_unwinder_paused, true);
	for (unsigned i = 0; i < FORK_PATIENCE && atomic_load(&rp_unwinder_walkers); i++) {
		struct timespec t = {0, 10000};

		rp_sys(SYS_nanosleep, &t, 0);
	}
}

RP_EARLY void rp_unwinder_after_fork(void)
{
	atomic_store(&rp_unwinder_paused, false);
}

RP_EARLY void rp_unwinder_forked(void)
{
	atomic_store(&rp_unwinder_now, NULL);
	atomic_store(&rp_unwinder_walkers, 0);
	views = NULL;
	if (state == LOADING) /* our thread was in the middle of it */
		state = FAILED;
}
