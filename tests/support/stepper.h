/* stepper.h - runs a function one instruction at a time and judges a stack walk at each.
 *
 * The truth is a shadow stack: every call pushes, every return below pops; only the frames that
 * were there before the stepping come from libunwind.
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#ifndef RP_TESTS_STEPPER_H
#define RP_TESTS_STEPPER_H

#include <stdint.h>

struct stepper_score {
	uint64_t right, truncated, wrong;
	uint64_t first_wrong_pc; /* of the first wrong walk */
	uint64_t stops[16];      /* truncated, by enum rp_stack_stop */
};

/* Calls WORK(ARG) under the trap flag.  rp_modules_refresh must have been called. */
void stepper_run(struct stepper_score *score, void (*work)(void *), void *arg);

/* The calling thread's stack. */
void stepper_stack(uint64_t *lo, uint64_t *hi);

#endif
