/* stepper_names.h - where walks were not right, as functions; and which of them may be.
 *
 * Room: tests.  Asks after the stepping; names of libc's own functions want its debug file.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_TESTS_STEPPER_NAMES_H
#define RP_TESTS_STEPPER_NAMES_H

#include "tests/support/stepper.h"

/* What is known of the not right instructions of a score. */
struct stepper_windows {
	uint64_t n_truncated; /* ours, within windows */
	uint64_t n_wrong;     /* ours, within windows */
	bool named;           /* every instruction has a function's name: libc6-dbg is there */
	char stray[300];      /* the first truncated walk of ours in no window; "": none */
	char text[1000];      /* "function 12/3, ..." ours truncated/wrong, by function */
};

void stepper_name(const struct stepper_score *score, struct stepper_windows *windows);

#endif
