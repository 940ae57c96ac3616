/* modules.h - the loaded objects of the process and their unwind tables.
 *
 * Room: cold.  Used by our own thread (cold/drain.c) only; memory comes from mmap, never malloc.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_MODULES_H
#define RP_COLD_MODULES_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RP_BUILD_ID_MAX = 32 };

struct rp_module {
	uint32_t number;  /* > 0, never reused in this process */
	uint32_t flags;   /* RP_MODULE_* of store/records.h */
	uint64_t lo, hi;  /* absolute range while loaded */
	uint64_t bias;    /* vaddr = pc - bias */
	const char *path; /* NUL-terminated; lives for ever */
	uint8_t build_id[RP_BUILD_ID_MAX];
	uint32_t n_build_id;
	const void *image; /* vdso: its bytes in memory */
	size_t n_image;
};

/* The loader's list: dl_iterate_phdr, or the true one where a hook stands in front of it. */
typedef int rp_modules_iterate_fn(int (*each)(struct dl_phdr_info *, size_t, void *), void *arg);
extern rp_modules_iterate_fn *rp_modules_iterate;

/* Brings the snapshot up to date if a hook saw what loads or unloads, the loader's own counters
 * moved (libc loads modules past every hook), or there is none; builds rows for new modules and
 * publishes.  true when an up-to-date set is published.  rp_modules_iterate is the only loader
 * call; tables are parsed from bytes copied while its lock is held, not under the lock. */
bool rp_modules_refresh(void);

/* Files must not be opened: there is no descriptor table of our own.  Before the first refresh. */
void rp_modules_blind(void);

/* The module that held PC_ABS when GENERATION was the newest snapshot: one of its own, unless that
 * did not stand any more (STRANGE), or one that was loaded there after it while nothing was
 * unloaded.  NULL: nobody knows.  Lives for ever. */
const struct rp_module *rp_modules_find(uint64_t pc_abs, uint32_t generation, bool strange);

/* Was any module ever seen at PC_ABS? */
bool rp_modules_ever(uint64_t pc_abs);

/* In a forked child: begins anew when our thread was at work in the parent. */
void rp_modules_forked(void);

/* The module NUMBER, loaded or not any more; NULL: there is none.  For listing: 1, 2, ... */
const struct rp_module *rp_modules_at(uint32_t number);

#endif
