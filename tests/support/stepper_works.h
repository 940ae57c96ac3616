/* stepper_works.h - code of every kind that a server's thread may be interrupted in.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#ifndef RP_TESTS_STEPPER_WORKS_H
#define RP_TESTS_STEPPER_WORKS_H

#include <stdbool.h>

struct stepper_work {
	const char *name;
	void (*work)(void *);
	unsigned right;      /* of 1000 walks at least */
	bool (*ready)(void); /* before the stepping; false: it cannot run here */
	/* Modules come and go: code in those that no table knows yet may end a walk, and so may a
	 * dlclose.  libunwind is not asked: it waits for a lock that the thread itself holds. */
	bool loads;
};

extern const struct stepper_work stepper_works[];
extern const unsigned n_stepper_works;

#endif
