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

/* The registers a walk starts from. */
struct rp_regs {
	uint64_t pc, sp, bp, bx; /* bp, bx: on aarch64 x29 and x30 */
	uint64_t gpr[16];        /* by DWARF number; for CFAs of the interrupted frame */
	uint32_t gpr_known;      /* bit n: gpr[n] is real; sp, bp and bx above always are */
	bool exact;              /* pc is the interrupted instruction, not a return address */
};

/* Memory a walk may read: [lo, hi), found DELTA bytes further (0 for the live stack, else the
 * distance to a copy).  What is not set stays 0. */
struct rp_window {
	uint64_t lo, hi;
	int64_t delta;
	uint64_t reach;            /* > hi: page by page up to here after a probe */
	uint64_t home_lo, home_hi; /* a signal frame may lead into here: the thread's own stack */
};

struct rp_walk {
	uint64_t *pc;   /* out: innermost first */
	uint8_t *exact; /* out, may be NULL: 1 where pc is an interrupted instruction */
	uint32_t cap;   /* room in pc[] */
	uint32_t n;     /* out: frames found */
	uint32_t stop;  /* out: enum rp_stack_stop (store/stops.def) */
};

/* Registers of an interrupted context (a ucontext_t). */
void rp_regs_from_context(struct rp_regs *regs, const void *ucontext);

/* The same from its general registers, in the kernel's order (r8 first, rip last; x0 first, pc
 * last); RP_UC_GREGS: where they are from the stack pointer that a handler returns to. */
#if defined(__aarch64__)
enum { RP_N_GREGS = 33, RP_UC_GREGS = 128 + 184 }; /* behind a siginfo_t */
#else
enum { RP_N_GREGS = 17, RP_UC_GREGS = 40 };
#endif
void rp_regs_from_gregs(struct rp_regs *regs, const uint64_t *gregs);

/* Registers as they are when this returns to the function that calls it: the walk begins with
 * that function.  Valid as long as its frame lives. */
void rp_regs_here(struct rp_regs *regs);

/* Walks from REGS over TABLES (NULL: one frame, RP_STOP_NO_TABLES) reading only WINDOW; fills
 * WALK.  The first pc is regs->pc. */
void rp_stack_walk(const struct rp_tables *tables, const struct rp_regs *regs,
                   const struct rp_window *window, struct rp_walk *walk);

/* Where such a walk ends, as an address on that stack, without a bound on its depth but the window;
 * 0: it is not known where it ends, for some code is not known, or it leaves the window. */
uint64_t rp_stack_root(const struct rp_tables *tables, const struct rp_regs *regs,
                       const struct rp_window *window);

/* The live stack window of the calling thread around SP: [sp - 128 (red zone), end of the
 * stack).  [stack_lo, stack_hi) is the thread's known stack; outside it (coroutine, alternate
 * stack) the probed neighbourhood of SP, at most RP_WINDOW_REACH bytes. */
enum { RP_WINDOW_REACH = 256 << 10, RP_RED_ZONE = 128 };
void rp_window_live(struct rp_window *window, uint64_t sp, uint64_t stack_lo, uint64_t stack_hi);

/* Can the 8 bytes at ADDR be read?  One system call; leaves errno alone. */
bool rp_stack_readable(uint64_t addr);

#endif
