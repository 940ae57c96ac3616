/* unwinder.h - libunwind as the second walker (REQPROF_UNWINDER=libunwind), fenced in.
 *
 * Room: hot.  Loaded by cold/unwinder.c; no function of libc that could lock, allocate, open or
 * fail is left to it (unwinder_calls.c), and it reads no stack but through the walk's window.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_UNWINDER_H
#define RP_HOT_UNWINDER_H

#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "preload/hot/stack.h"

/* What is used of libunwind, by its public names; a cursor and a context are bytes to us. */
struct rp_unwinder_entries {
	int (*init_local2)(void *cursor, void *context, int flag);
	int (*step)(void *cursor);
	int (*get_reg)(void *cursor, int reg, uint64_t *value);
	int (*is_signal_frame)(void *cursor);
};

/* A module as dl_iterate_phdr shows it; its headers are a copy. */
struct rp_unwinder_module {
	uint64_t bias, lo, hi;
	const ElfW(Phdr) * headers;
	uint16_t n_headers;
};

/* All that a walk needs; immutable once published. */
struct rp_unwinder {
	struct rp_unwinder_entries call;
	uint32_t generation; /* of the tables it was listed for */
	uint32_t n_modules;
	const struct rp_unwinder_module *modules; /* sorted by lo */
};

/* NULL: not asked for, not there, or of a version that we do not know.  Written by
 * cold/unwinder.c, read between rp_tables_take and rp_tables_give. */
extern _Atomic(const struct rp_unwinder *) rp_unwinder_now;

/* While set, walks are the table's: somebody forks, and no lock may be held in the child. */
extern _Atomic bool rp_unwinder_paused;
extern _Atomic uint32_t rp_unwinder_walkers; /* walks in progress */

/* As rp_stack_walk, by libunwind; ROOM (< RP_UNWINDER_ROOMS) is memory that nobody else uses
 * meanwhile.  False: there is no libunwind for TABLES, or it did not get to the outermost frame:
 * the table walker may. */
enum { RP_UNWINDER_ROOMS = 2 * 256 + 1 };
bool rp_unwinder_walk(const struct rp_tables *tables, const struct rp_regs *regs,
                      const struct rp_window *window, struct rp_walk *walk, unsigned room);

/* RUN calls into libunwind, which gets our answers meanwhile.  False: it wanted what it may not
 * have, and was left in the middle. */
struct rp_unwinding;
bool rp_unwinder_fenced(void (*run)(struct rp_unwinding *u), unsigned room);

/* How its functions are called here, "_ULx86_64_" and "_Ux86_64_". */
extern const char rp_unwinder_local[], rp_unwinder_common[];

/* What libunwind may call, and who answers (unwinder_calls.def). */
struct rp_unwinder_answer {
	const char *name;
	void *ours; /* NULL: libc's own may run anywhere */
	void *real; /* what OURS forwards to outside of walks; set before it is bound */
};
extern struct rp_unwinder_answer rp_unwinder_answers[];
extern const unsigned rp_unwinder_n_answers;

/* unw_accessors_t's access_mem: ours, and the one before. */
typedef int rp_unwinder_access_fn(void *space, uint64_t addr, uint64_t *value, int write,
                                  void *arg);
rp_unwinder_access_fn rp_unwinder_access;
extern rp_unwinder_access_fn *rp_unwinder_real_access;

#endif
