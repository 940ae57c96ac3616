/* modules_list.h - what the loader has loaded right now, copied out; inside of modules.
 *
 * Room: cold.  SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_MODULES_LIST_H
#define RP_COLD_MODULES_LIST_H

#include "preload/cold/modules.h"
#include "preload/cold/modules_fixed.h"
#include "preload/cold/modules_mem.h"
#include "preload/cold/startcode.h"
#include "preload/hot/tables.h"

/* A loaded object as listed; lives in the list's pool. */
struct rp_listed {
	struct rp_listed *next;
	struct rp_module module;   /* number and path are not set */
	const char *name;          /* as the loader says it; may be empty or relative */
	uint64_t text_lo, text_hi; /* readable code without holes */
	uint64_t first_hi;         /* end of the first segment's pages */
	struct rp_identity identity;
	bool fixed;            /* it never goes (modules_fixed.h) */
	struct rp_needs needs; /* where they were asked for */
	struct rp_startcode init, fini;
	const uint8_t *eh; /* copy of .eh_frame; NULL: none, or not wanted */
	size_t n_eh;
	uint64_t eh_addr; /* where it is */
};

struct rp_list {
	struct rp_chunks pool;
	struct rp_listed *first, *last;
	uint64_t adds, subs; /* the loader's counters */
	bool failed;         /* out of memory */
	bool first_time;     /* what the process began with is asked, too */
	/* Asked under the loader's lock: is .eh_frame to be copied? */
	bool (*wanted)(const struct rp_list *list, const struct rp_listed *listed);
};

/* Gives hot/standing.h what it asks the loader by. */
void rp_list_can_ask(void);

/* Lists all modules; false: out of memory.  The pool is the caller's to free. */
bool rp_list_modules(struct rp_list *list);

/* The loader's counters only; cheap. */
void rp_list_counters(uint64_t *adds, uint64_t *subs);

/* The file of LISTED, as the kernel knows it; lives in POOL.  NULL: out of memory. */
const char *rp_list_path(const struct rp_listed *listed, struct rp_chunks *pool);

#endif
