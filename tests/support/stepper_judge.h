/* stepper_judge.h - asks the walkers where they think the thread is, and keeps the score.
 *
 * Room: tests.  Runs in the trap handler, on the interrupted thread's stack: allocates nothing.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_TESTS_STEPPER_JUDGE_H
#define RP_TESTS_STEPPER_JUDGE_H

#include "tests/support/stepper.h"
#include "tests/support/stepper_shadow.h"

/* TRUTH: N return addresses, innermost first, and an entry of room in front for the pc. */
struct stepper_truth {
	uint64_t pc[1 + SHADOW_TRUTH];
	unsigned n;
	uint64_t stack_lo, stack_hi;
};

/* UC is a ucontext_t; BESIDE: libunwind is asked, too. */
void stepper_judge(const struct stepper_plan *plan, struct stepper_truth *truth, void *uc,
                   bool beside);

/* Return addresses from the function that calls this on, innermost first, by libunwind. */
unsigned stepper_unwind(struct shadow_frame *frames, unsigned cap);

#endif
