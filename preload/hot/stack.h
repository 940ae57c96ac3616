/* stack.h - the bounded walk of a thread's stack; the seam behind which walkers change.
 *
 * Room: hot.  No lock, no system call in the common case, no allocation; safe in a signal
 * handler.  What it cannot follow it does not guess: the walk stops and says why.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_STACK_H
#define RP_HOT_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "preload/hot/tables.h"

/* The registers a walk starts from (DWARF numbers in tables.h). */
struct rp_regs {
	uint64_t pc, sp, bp, bx;
	uint64_t gpr[16]; /* all, by DWARF number; for the interrupted frame's CFA.  gpr_known = 0 */
	uint32_t gpr_known; /* bit n: gpr[n] is real */
	bool exact;       /* pc is the interrupted instruction, not a return address */
};

/* Memory a walk may read: [lo, hi), found DELTA bytes further (0 for the live stack, else the
 * distance to a copy). */
struct rp_window {
	uint64_t lo, hi;
	int64_t delta;
};

struct rp_walk {
	uint64_t *pc;      /* out: innermost first */
	uint8_t *exact;    /* out, may be NULL: 1 where pc is an interrupted instruction */
	uint32_t cap;      /* room in pc[] */
	uint32_t n;        /* out: frames found */
	uint32_t stop;     /* out: enum rp_stack_stop (store/stops.def) */
};

/* Registers of an interrupted context (a ucontext_t). */
void rp_regs_from_context(struct rp_regs *regs, const void *ucontext);

/* Registers of the caller of the function that calls this. */
void rp_regs_here(struct rp_regs *regs);

/* Walks from REGS over TABLES reading only WINDOW; fills WALK.  The first pc is regs->pc. */
void rp_stack_walk(const struct rp_tables *tables, const struct rp_regs *regs,
                   const struct rp_window *window, struct rp_walk *walk);

/* The live stack window of the calling thread around SP: [sp - 128 (red zone), end of the
 * stack).  [stack_lo, stack_hi) is the thread's known stack; outside it the page-probed
 * neighbourhood of SP is used (rt_sigprocmask probe, research/unwind.md "Probing memory"). */
void rp_window_live(struct rp_window *window, uint64_t sp, uint64_t stack_lo, uint64_t stack_hi);

#endif
