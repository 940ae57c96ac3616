/* tables.h - unwind rows of every module, as the walker reads them; built by cold/modules.c.
 *
 * Room: hot (shared with cold as data).  A set of tables is immutable once published by one
 * atomic store into rp_tables_now; readers hold it between rp_tables_take and rp_tables_give.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_TABLES_H
#define RP_HOT_TABLES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct rp_row; /* 12 bytes: pc, CFA rule, rbp and rbx rules; see hot/stack.c */

struct rp_module_rows {
	uint64_t lo, hi;        /* absolute range of the mapped module [lo, hi) */
	uint64_t bias;          /* vaddr = pc - bias */
	const struct rp_row *rows;
	uint32_t n_rows;
	uint32_t module;        /* number of the module in cold/modules.c, stable for its life */
};

struct rp_tables {
	uint32_t generation;    /* of the snapshot; grows */
	uint32_t n_modules;
	const struct rp_module_rows *modules; /* sorted by lo, disjoint */
};

/* The published set; NULL before the first build.  Written by cold/modules.c. */
extern _Atomic(const struct rp_tables *) rp_tables_now;

/* Set by the dlopen and dlclose hooks, cleared by cold/modules.c when a fresh set is out. */
extern _Atomic uint32_t rp_tables_stale;

#endif
