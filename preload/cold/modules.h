/* modules.h - the loaded objects of the process and their unwind tables.
 *
 * Room: cold.  Used by our own thread (cold/drain.c) only; memory comes from mmap, never malloc.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_MODULES_H
#define RP_COLD_MODULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RP_BUILD_ID_MAX = 32 };

struct rp_module {
	uint32_t number;     /* > 0, never reused in this process */
	uint32_t flags;      /* RP_MODULE_* of store/records.h */
	uint64_t lo, hi;     /* absolute range while loaded */
	uint64_t bias;       /* vaddr = pc - bias */
	const char *path;    /* NUL-terminated; lives for ever */
	uint8_t build_id[RP_BUILD_ID_MAX];
	uint32_t n_build_id;
	const void *image;   /* vdso: its bytes in memory */
	size_t n_image;
};

/* Brings the snapshot up to date if dlopen or dlclose made it stale (or there is none), builds
 * rows for new modules and publishes.  true when a set is published.  dl_iterate_phdr is the only
 * loader call; tables are parsed from bytes copied while its lock is held, not under the lock. */
bool rp_modules_refresh(void);

/* The module that held PC_ABS in snapshot GENERATION (or the newest when it is gone); NULL: none. */
const struct rp_module *rp_modules_find(uint64_t pc_abs, uint32_t generation);

#endif
