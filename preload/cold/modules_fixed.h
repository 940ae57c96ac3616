/* modules_fixed.h - which modules the process began with: the loader never unloads those.
 *
 * Room: cold.  Inside of modules_list.c.  SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_MODULES_FIXED_H
#define RP_COLD_MODULES_FIXED_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "preload/cold/modules_mem.h"

struct rp_list;

/* What a module is called and which others it needs, by its dynamic section. */
struct rp_needs {
	const char *soname; /* NULL: it has none */
	struct rp_need {
		struct rp_need *next;
		const char *name;
	} * first;
	bool reached, followed; /* from the main program */
};

/* The bytes that are to be read at ADDR of a module, 0: none. */
typedef size_t rp_readable_fn(const struct dl_phdr_info *info, uint64_t addr);

/* The value of TAG in the dynamic section at DYNAMIC of INFO; 0: none. */
uint64_t rp_dynamic_value(const struct dl_phdr_info *info, uint64_t dynamic, int64_t tag,
                          rp_readable_fn *readable);

/* Reads NEEDS of the dynamic section at DYNAMIC of INFO; what is damaged or has no memory is left
 * out.  Names live in POOL. */
void rp_needs_read(struct rp_needs *needs, const struct dl_phdr_info *info, uint64_t dynamic,
                   rp_readable_fn *readable, struct rp_chunks *pool);

/* Marks them in LIST, which is in the order in which the loader loaded: the main program, all that
 * it needs, and what stands before the last of those.  Whoever needs to be missed (a preloaded
 * library's own needs) is not fixed. */
void rp_fixed_mark(struct rp_list *list);

#endif
