/* stepper_shadow.h - the true stack of a thread, kept by looking at each instruction.
 *
 * Every call pushes, everything below the stack pointer is gone; one list for each stack that the
 * thread runs on.
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#ifndef RP_TESTS_STEPPER_SHADOW_H
#define RP_TESTS_STEPPER_SHADOW_H

#include <stdbool.h>
#include <stdint.h>

enum { SHADOW_FRAMES = 400, SHADOW_STACKS = 4 };

/* A return address and where it is on the stack. */
struct shadow_frame {
	uint64_t slot, pc;
};

struct shadow_stack {
	uint64_t lo, hi;                  /* both 0 for the thread's own */
	const struct shadow_stack *below; /* a handler's alternate stack: what it interrupted */
	bool rooted;                      /* a coroutine: its first return address was taken */
	unsigned n;
	struct shadow_frame frame[SHADOW_FRAMES]; /* outermost first */
};

struct shadow {
	struct shadow_stack stack[SHADOW_STACKS];
	unsigned n_stacks;
	struct shadow_stack *now;
	uint64_t pc, sp; /* of the instruction before; pc 0: not known */
	bool switched;   /* to another stack, and nothing was pushed there since */
	bool deep;       /* there was no room for a frame: the truth is not known any more */
};

void shadow_begin(struct shadow *s);

/* The thread is about to execute PC. */
void shadow_follow(struct shadow *s, uint64_t pc, uint64_t sp);

void shadow_push(struct shadow *s, uint64_t slot, uint64_t pc);

/* Another stack; NULL: there are too many. */
struct shadow_stack *shadow_add(struct shadow *s, uint64_t lo, uint64_t hi);

/* The return addresses, innermost first; how many.  PC has room for all. */
enum { SHADOW_TRUTH = SHADOW_FRAMES * 2 };
unsigned shadow_truth(const struct shadow *s, uint64_t *pc);

#endif
