/* modules.c - keeps a record of every module ever seen and publishes the rows of the loaded ones.
 *
 * Room: cold, one thread (cold/drain.c).  Records and paths live for ever; rows of unloaded
 * modules and replaced sets go as soon as nobody walks.
 * SPDX-License-Identifier: MIT
 */
#include "preload/cold/modules.h"
#include "preload/cold/coroutine.h"
#include "preload/cold/debugframe_file.h"
#include "preload/cold/ehframe.h"
#include "preload/cold/modules_list.h"
#include "preload/cold/modules_maps.h"

#include <string.h>
#include "preload/hot/clock.h"
#include "preload/place.h"

enum { ROWS_PER_FDE = 8 }; /* first guess; libc has 7.6, python 6.4 */
/* Between two looks at the process because a walk met something strange. */
enum { STRANGE_MIN_NS = 40000000, STRANGE_MAX_NS = 1280000000 };

/* A module with its life: in the sets of generations [born, died). */
struct known {
	struct rp_module module;
	struct known *next;
	const char *name;
	uint32_t born, died; /* died 0: still loaded */
	uint32_t quiet_from; /* from that generation on nothing was unloaded until it was born */
	bool listed;         /* mark of the pass that runs */
	struct rp_module_rows rows;
	void *rows_at; /* their pages, with the page index behind */
	size_t rows_bytes;
};

/* A published set and what it needs to be freed. */
struct set {
	struct rp_tables tables; /* first: rp_tables_now points here */
	size_t n_bytes;
	struct set *older;
	struct rp_maps maps;
	_Atomic uint64_t known[RP_TABLES_KNOWN]; /* pages that nobody touches cost nothing */
	struct rp_module_rows modules[];
};

static struct {
	struct rp_chunks pool;
	struct known *first;
	struct known **by_number; /* [0 .. n); number - 1 */
	uint32_t n, cap;
	struct set *set;
	uint32_t generation;
	uint64_t adds, subs;           /* the loader's counters when the set was listed */
	uint32_t quiet_from;           /* the first generation with these SUBS */
	uint64_t maps_ns, patience_ns; /* last look at the maps; the next one not before */
	bool blind;                    /* without descriptors of its own: no look */
} all;

/* The record of a listed module.  Same place, name and build-id mean the same bytes, also when
 * it went and came back meanwhile; without a build-id only if nothing was unloaded at all. */
static struct known *known_as(const struct rp_listed *listed, uint64_t subs)
{
	const struct rp_module *m = &listed->module;

	for (struct known *k = all.first; k; k = k->next) {
		const struct rp_module *old = &k->module;

		if (!k->died && old->lo == m->lo && old->hi == m->hi && old->bias == m->bias &&
		    old->n_build_id == m->n_build_id && (m->n_build_id || subs == all.subs) &&
		    memcmp(old->build_id, m->build_id, m->n_build_id) == 0 &&
		    strcmp(k->name, listed->name) == 0)
			return k;
	}
	return NULL;
}

static bool is_new(const struct rp_list *list, const struct rp_listed *listed)
{
	return !known_as(listed, list->subs);
}

static bool rows_grow(struct rp_rows *rows)
{
	size_t n_old = rows->cap * sizeof *rows->at;
	struct rp_row *at =
	        rows->cap < UINT32_MAX / 4 ? rp_pages_resize(rows->at, n_old, 2 * n_old) : NULL;

	if (!at)
		return false;
	rows->at = at;
	rows->cap *= 2;
	return true;
}

/* pages[p]: how many rows begin before p << RP_ROWS_PAGE_BITS. */
static void index_pages(const struct rp_rows *rows, uint32_t *pages, size_t n_pages)
{
	uint32_t row = 0;

	for (size_t p = 0; p < n_pages; p++) {
		while (row < rows->n && rows->at[row].pc < (uint64_t)p << RP_ROWS_PAGE_BITS)
			row++;
		pages[p] = row;
	}
}

/* Shrinks ROWS to what they need, the page index behind them. */
static void keep_rows(struct known *k, struct rp_rows *rows)
{
	size_t n_pages = ((k->module.hi - k->module.lo) >> RP_ROWS_PAGE_BITS) + 2;
	size_t n_rows = rows->n * sizeof *rows->at;
	size_t n_bytes = n_rows + n_pages * sizeof(uint32_t);
	struct rp_row *at =
	        rows->n ? rp_pages_resize(rows->at, rows->cap * sizeof *at, n_bytes) : NULL;

	if (!at) {
		rp_pages_free(rows->at, rows->cap * sizeof *at);
		return;
	}
	rows->at = at;
	index_pages(rows, (uint32_t *)(void *)(at + rows->n), n_pages);
	k->rows_at = at;
	k->rows_bytes = n_bytes;
	k->rows.rows = at;
	k->rows.pages = (uint32_t *)(void *)(at + rows->n);
	k->rows.n_rows = rows->n;
}

/* Without memory the module stays without rows: walks stop there and say so. */
static void make_rows(struct known *k, const struct rp_listed *listed)
{
	struct rp_ehframe eh = {.machine = rp_machine_here,
	                        .bytes = listed->eh,
	                        .n = listed->n_eh,
	                        .addr = listed->eh_addr,
	                        .lo = k->module.lo,
	                        .hi = k->module.hi,
	                        .outermost = rp_coroutine_end()};
	size_t n_joined = rp_debugframe_join(&eh, &k->module, listed->text_lo, listed->text_hi);
	size_t n = eh.n ? rp_ehframe_index(&eh, NULL, 0) : 0;
	struct rp_rows rows = {.cap = (uint32_t)n * ROWS_PER_FDE, .grow = rows_grow};
	struct rp_fde *fdes = n ? rp_pages_make(n * sizeof *fdes) : NULL;

	rows.at = fdes ? rp_pages_make(rows.cap * sizeof *rows.at) : NULL;
	if (rows.at) {
		rp_ehframe_index(&eh, fdes, n);
		rp_ehframe_rows(&eh, fdes, n, &rows);
		rp_startcode_join(eh.machine, &listed->init, &rows);
		rp_startcode_join(eh.machine, &listed->fini, &rows);
		keep_rows(k, &rows);
	}
	if (fdes)
		rp_pages_free(fdes, n * sizeof *fdes);
	if (n_joined)
		rp_pages_free((void *)(uintptr_t)eh.bytes, n_joined);
}

static bool number_it(struct known *k)
{
	if (all.n == all.cap) {
		uint32_t cap = all.cap ? 2 * all.cap : 512;
		struct known **wider = rp_chunks_take(&all.pool, cap * sizeof *wider);

		if (!wider)
			return false;
		if (all.n)
			memcpy(wider, all.by_number, all.n * sizeof *wider);
		all.by_number = wider;
		all.cap = cap;
	}
	all.by_number[all.n++] = k;
	k->module.number = all.n;
	return true;
}

/* Of the set that is being listed. */
static uint32_t quiet_from(uint64_t subs)
{
	return all.set && subs == all.subs ? all.quiet_from : all.generation + 1;
}

static struct known *know(const struct rp_listed *listed, uint64_t subs)
{
	struct known *k = rp_chunks_take(&all.pool, sizeof *k);

	if (!k)
		return NULL;
	k->module = listed->module;
	k->module.path = rp_list_path(listed, &all.pool);
	k->name = rp_chunks_text(&all.pool, listed->name);
	if (!k->module.path || !k->name || !number_it(k))
		return NULL;
	k->born = all.generation + 1;
	k->quiet_from = quiet_from(subs);
	k->rows = (struct rp_module_rows){
	        .lo = k->module.lo,
	        .hi = k->module.hi,
	        .text_lo = listed->text_lo,
	        .text_hi = listed->text_hi,
	        .module = k->module.number,
	        .fixed = listed->fixed,
	};
	make_rows(k, listed);
	k->next = all.first;
	all.first = k;
	return k;
}

/* Inserts by address; a range that overlaps another one is nothing that can be walked. */
static void set_add(struct set *set, const struct rp_module_rows *rows)
{
	uint32_t i = set->tables.n_modules;

	while (i > 0 && set->modules[i - 1].lo > rows->lo)
		i--;
	if ((i > 0 && set->modules[i - 1].hi > rows->lo) ||
	    (i < set->tables.n_modules && rows->hi > set->modules[i].lo))
		return;
	memmove(&set->modules[i + 1], &set->modules[i], (set->tables.n_modules - i) * sizeof *rows);
	set->modules[i] = *rows;
	set->tables.n_modules++;
}

static struct set *set_make(const struct rp_list *list)
{
	size_t n = 0;

	for (const struct rp_listed *l = list->first; l; l = l->next)
		n++;
	size_t n_bytes = sizeof(struct set) + n * sizeof(struct rp_module_rows);
	struct set *set = rp_pages_make(n_bytes);

	if (!set)
		return NULL;
	set->n_bytes = n_bytes;
	set->tables.modules = set->modules;
	set->tables.known = set->known;
	for (const struct rp_listed *l = list->first; l; l = l->next) {
		struct known *k = known_as(l, list->subs);

		if (!k)
			k = know(l, list->subs);
		if (!k)
			continue; /* out of memory: as if it were not there */
		k->listed = true;
		k->rows.identity = l->identity; /* another one, if it went and came back */
		k->rows.identity.id = k->module.build_id;
		set_add(set, &k->rows);
	}
	return set;
}

/* What the new set does not hold any more has died with it. */
static void bury(uint32_t generation)
{
	for (struct known *k = all.first; k; k = k->next) {
		if (!k->listed && !k->died)
			k->died = generation;
		k->listed = false;
	}
}

/* Frees what only walks of the past could need, when there are none. */
static void reap(void)
{
	if (!rp_tables_idle())
		return;
	for (struct known *k = all.first; k; k = k->next) {
		if (!k->died || !k->rows_at)
			continue;
		rp_pages_free(k->rows_at, k->rows_bytes);
		k->rows_at = NULL;
	}
	while (all.set && all.set->older) {
		struct set *old = all.set->older;

		all.set->older = old->older;
		rp_pages_free(old->maps.at, old->maps.n_bytes);
		rp_pages_free(old, old->n_bytes);
	}
}

static bool same_maps(const struct rp_maps *a, const struct rp_maps *b)
{
	return a->n == b->n && (!a->n || memcmp(a->at, b->at, a->n * sizeof(*a->at)) == 0);
}

/* V8 maps the text of its builtins a second time, nearer to the code that it makes. */
static void tell_twins(struct set *set)
{
	for (uint32_t i = 0; i < set->maps.n; i++) {
		struct rp_map *map = &set->maps.at[i];

		if (map->kind != RP_MAP_FOREIGN || rp_tables_module(&set->tables, map->lo))
			continue;
		for (uint32_t j = 0; j < set->maps.n && map->kind == RP_MAP_FOREIGN; j++)
			if (set->maps.at[j].file == map->file &&
			    rp_tables_module(&set->tables, set->maps.at[j].lo))
				map->kind = RP_MAP_MADE;
	}
}

/* After the modules: what was loaded meanwhile is then code of nobody knows whom. */
static void look_at_maps(struct set *set, uint64_t now_ns)
{
	if (all.blind)
		return;
	atomic_store(&rp_tables_strange, 0);
	rp_maps_read(&set->maps);
	set->tables.maps = set->maps.at;
	set->tables.n_maps = set->maps.n;
	tell_twins(set);
	bool news = !all.set || !same_maps(&set->maps, &all.set->maps);

	all.patience_ns = news ? STRANGE_MIN_NS : 2 * all.patience_ns;
	if (all.patience_ns > STRANGE_MAX_NS)
		all.patience_ns = STRANGE_MAX_NS;
	all.maps_ns = now_ns;
}

static void publish(struct set *set, const struct rp_list *list, uint32_t unloads)
{
	all.quiet_from = quiet_from(list->subs);
	set->tables.generation = ++all.generation;
	set->tables.unloads = unloads;
	set->tables.subs = (uint32_t)list->subs;
	set->older = all.set;
	all.set = set;
	all.adds = list->adds;
	all.subs = list->subs;
	atomic_store(&rp_tables_now, &set->tables);
	bury(all.generation);
	reap();
}

static _Atomic bool at_work;

static bool is_current(uint32_t stale, uint32_t unloads, uint64_t now_ns)
{
	uint64_t adds, subs;

	if (!all.set || stale || unloads != all.set->tables.unloads)
		return false;
	if (atomic_load(&rp_tables_strange) && !all.blind &&
	    now_ns - all.maps_ns >= all.patience_ns)
		return false;
	rp_list_counters(&adds, &subs);
	return adds == all.adds && subs == all.subs;
}

/* The records of a refresh cut in half are worth nothing; their memory is given up. */
RP_EARLY void rp_modules_forked(void)
{
	rp_tables_forked();
	if (!atomic_exchange(&at_work, false))
		return;
	atomic_store(&rp_tables_now, NULL);
	memset(&all, 0, sizeof(all));
}

void rp_modules_blind(void)
{
	all.blind = true;
}

bool rp_modules_refresh(void)
{
	struct rp_list list = {.wanted = is_new, .first_time = !all.set};
	/* Both before the listing: what happens from here on makes the next set stale again. */
	uint32_t stale = atomic_load(&rp_tables_stale);
	uint32_t unloads = atomic_load(&rp_tables_unloads);
	uint64_t now_ns = rp_mono_ns();
	struct set *set;

	atomic_store(&at_work, true);
	rp_tables_looked(now_ns);
	reap();
	if (is_current(stale, unloads, now_ns)) {
		atomic_store(&at_work, false);
		return true;
	}
	set = rp_list_modules(&list) ? set_make(&list) : NULL;
	if (set) {
		look_at_maps(set, now_ns);
		publish(set, &list, unloads);
	}
	rp_chunks_free(&list.pool);
	if (set)
		atomic_compare_exchange_strong(&rp_tables_stale, &stale, 0);
	atomic_store(&at_work, false);
	return set;
}

static bool holds(const struct known *k, uint64_t pc_abs, uint32_t generation)
{
	return pc_abs >= k->module.lo && pc_abs < k->module.hi && k->born <= generation &&
	       (!k->died || generation < k->died);
}

static const struct rp_module_rows *rows_at(uint64_t pc_abs)
{
	const struct rp_tables *tables = all.set ? &all.set->tables : NULL;
	uint32_t lo = 0, hi = tables ? tables->n_modules : 0;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (tables->modules[mid].hi <= pc_abs)
			lo = mid + 1;
		else
			hi = mid;
	}
	return tables && lo < tables->n_modules && tables->modules[lo].lo <= pc_abs
	               ? &tables->modules[lo]
	               : NULL;
}

/* May it be what stood at a place before it was listed, when GENERATION was the set? */
static bool may_have_been(const struct known *k, uint32_t generation)
{
	return k->born > generation && k->quiet_from <= generation;
}

const struct rp_module *rp_modules_find(uint64_t pc_abs, uint32_t generation, bool strange)
{
	const struct rp_module_rows *rows = rows_at(pc_abs);
	const struct known *k = rows ? all.by_number[rows->module - 1] : NULL;

	if (k && (k->rows.fixed || (!strange && holds(k, pc_abs, generation))))
		return &k->module;
	for (k = all.first; k; k = k->next)
		if (pc_abs >= k->module.lo && pc_abs < k->module.hi &&
		    ((!strange && holds(k, pc_abs, generation)) || may_have_been(k, generation)))
			return &k->module;
	return NULL;
}

bool rp_modules_ever(uint64_t pc_abs)
{
	for (const struct known *k = all.first; k; k = k->next)
		if (pc_abs >= k->module.lo && pc_abs < k->module.hi)
			return true;
	return false;
}

const struct rp_module *rp_modules_at(uint32_t number)
{
	return number > 0 && number <= all.n ? &all.by_number[number - 1]->module : NULL;
}
