/* tables.c - which set of rows is in force, who holds it, and the row of a pc.
 *
 * Room: hot.  Any thread, also in a signal handler; written by cold/modules.c and the hooks of what
 * loads and unloads.
 * SPDX-License-Identifier: MIT
 */
#include "preload/hot/tables.h"

#include <stddef.h>
#include "preload/hot/clock.h"
#include "preload/hot/sys.h"
#include "preload/hot/track.h"
#include "preload/place.h"

enum { MOST_YIELDS = 2000 };

_Atomic(const struct rp_tables *) rp_tables_now;
_Atomic uint32_t rp_tables_stale;
_Atomic uint32_t rp_tables_unloads;
_Atomic uint32_t rp_tables_loads;
_Atomic uint32_t rp_tables_strange;
static _Atomic uint32_t readers; /* written by whoever walks, read by cold and by who unloads */
static _Atomic uint32_t going;   /* dlcloses and their like under way */

_Atomic uint64_t rp_tables_hints[RP_TABLES_HINTS];

void rp_tables_loading(void)
{
	atomic_fetch_add(&rp_tables_loads, 1);
	atomic_fetch_add(&rp_tables_stale, 1);
}

/* Who took a set before GOING was up may still read code of the module that goes.  That takes
 * microseconds, or as long as its thread is not scheduled; a host's handler that interrupted a
 * walk of this very thread would wait for ever. */
void rp_tables_unloading(void)
{
	atomic_fetch_add(&going, 1);
	atomic_fetch_add(&rp_tables_unloads, 1);
	for (unsigned i = 0; atomic_load(&readers) && i < MOST_YIELDS; i++)
		rp_sys(SYS_sched_yield, 0);
}

/* First the count, then GOING: a set listed meanwhile may hold what is gone.  A child that was
 * forked inside of it has forgotten it already. */
void rp_tables_unloaded(void)
{
	uint32_t n = atomic_load(&going);

	atomic_fetch_add(&rp_tables_unloads, 1);
	while (n && !atomic_compare_exchange_weak(&going, &n, n - 1))
		;
}

RP_EARLY void rp_tables_forked(void)
{
	atomic_store(&readers, 0);
	atomic_store(&going, 0);
}

/* All sequentially consistent: a writer that publishes (or unloads) and then sees no reader
 * knows that every later reader sees what it published (or that it unloads). */
const struct rp_tables *rp_tables_take(void)
{
	atomic_fetch_add(&readers, 1);
	return atomic_load(&rp_tables_now);
}

bool rp_tables_going(void)
{
	return atomic_load(&going) != 0;
}

bool rp_tables_fresh(const struct rp_tables *tables)
{
	return !rp_tables_going() && tables->unloads == atomic_load(&rp_tables_unloads);
}

void rp_tables_give(void)
{
	atomic_fetch_sub(&readers, 1);
}

static _Atomic bool wanted;
static _Atomic uint64_t looked_ns;

void rp_tables_want(void)
{
	if (!atomic_load_explicit(&wanted, memory_order_relaxed) &&
	    rp_mono_ns() - atomic_load(&looked_ns) >= RP_WANT_NS && !atomic_exchange(&wanted, true))
		rp_track_wake();
}

void rp_tables_looked(uint64_t now_ns)
{
	atomic_store(&looked_ns, now_ns);
	atomic_store(&wanted, false);
}

bool rp_tables_idle(void)
{
	return atomic_load(&readers) == 0;
}

const struct rp_module_rows *rp_tables_module(const struct rp_tables *tables, uint64_t addr)
{
	const struct rp_module_rows *base = tables->modules;
	uint32_t n = tables->n_modules;

	if (!n)
		return NULL;
	while (n > 1) {
		uint32_t half = n / 2;

		base = base[half].lo <= addr ? base + half : base;
		n -= half;
	}
	return addr >= base->lo && addr < base->hi ? base : NULL;
}

enum rp_map_kind rp_tables_map(const struct rp_tables *tables, uint64_t addr)
{
	const struct rp_map *base = tables->maps;
	uint32_t n = tables->n_maps;

	if (!n)
		return RP_MAP_NONE;
	while (n > 1) {
		uint32_t half = n / 2;

		base = base[half].lo <= addr ? base + half : base;
		n -= half;
	}
	return addr >= base->lo && addr < base->hi ? base->kind : RP_MAP_NONE;
}

static const struct rp_row *row_of(const struct rp_module_rows *module, uint64_t pc)
{
	uint32_t off = (uint32_t)(pc - module->lo);
	uint32_t page = off >> RP_ROWS_PAGE_BITS;

	if (!module->n_rows)
		return NULL;
	uint32_t at = module->pages[page];
	uint32_t n = module->pages[page + 1] - at;

	/* Among the rows of the page: how many began. */
	while (n > 0) {
		uint32_t half = n / 2;
		bool began = module->rows[at + half].pc <= off;

		at = began ? at + half + 1 : at;
		n = began ? n - half - 1 : half;
	}
	return at ? &module->rows[at - 1] : NULL;
}

struct rp_found rp_tables_search(const struct rp_tables *tables, uint64_t pc)
{
	struct rp_found found = {.module = rp_tables_module(tables, pc)};

	found.row = found.module ? row_of(found.module, pc) : NULL;
	if (found.row)
		atomic_store_explicit(rp_tables_hint(pc),
		                      (uint64_t)(found.module - tables->modules) << 32 |
		                              (uint64_t)(found.row - found.module->rows),
		                      memory_order_relaxed);
	return found;
}
