/* unwinder_parts.h - the walk that is going on, for unwinder.c and unwinder_calls.c.
 *
 * Room: hot.  SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_UNWINDER_PARTS_H
#define RP_HOT_UNWINDER_PARTS_H

#include "preload/hot/unwinder.h"

enum { RP_UNWINDER_LOCKS = 4, RP_UNWINDER_UC_WORDS = 128, RP_UNWINDER_CURSOR_WORDS = 256 };

struct rp_unwinding {
	const struct rp_unwinder *unwinder;
	const struct rp_regs *regs;
	struct rp_walk *walk;
	struct rp_window window;
	bool strayed; /* it wanted memory that is no stack: it was guessing */
	unsigned n_locks;
	void *locks[RP_UNWINDER_LOCKS]; /* its mutexes that this walk holds */
	void *escape[5];                /* where to go when it must not go on */
	uint64_t context[RP_UNWINDER_UC_WORDS];
	uint64_t cursor[RP_UNWINDER_CURSOR_WORDS];
};

/* Registers as the unw_context_t that libunwind starts from; numbers of its registers. */
void rp_unwinder_context(uint64_t *context, const struct rp_regs *regs);
enum { RP_UNWINDER_SP = 7, RP_UNWINDER_PC = 16 };

/* Of this thread; NULL: whoever calls libunwind now is the host. */
extern _Thread_local struct rp_unwinding *rp_unwinding;

#endif
