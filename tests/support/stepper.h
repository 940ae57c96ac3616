/* stepper.h - runs code one instruction at a time and judges a stack walk at each.
 *
 * The truth is a shadow stack (stepper_shadow.h).  A thread is stepped from its very first
 * instruction on, so that no frame of the truth comes from anybody's unwinder.
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#ifndef RP_TESTS_STEPPER_H
#define RP_TESTS_STEPPER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { STEPPER_SPOTS = 400 };

struct stepper_tally {
	uint64_t right, truncated, wrong;
};

/* An instruction at which one of the walkers was not right. */
struct stepper_spot {
	uint64_t pc, caller; /* caller: the return address in the truth, 0: none */
	struct stepper_tally ours, unw;
	uint64_t stop;           /* of our last walk there: enum rp_stack_stop */
	uint64_t frame, instead; /* its first wrong frame, from 0; what it took it for */
};

/* Plain data: tests/e2e/steps.py reads it from a file. */
struct stepper_score {
	uint64_t steps;                   /* instructions */
	struct stepper_tally ours;        /* at one in EVERY of them */
	struct stepper_tally beside, unw; /* ours and libunwind's, where both were asked */
	uint64_t seeded;                  /* frames of the truth that come from libunwind */
	/* Ours, where modules come and go: truncated by code in a module that is not in the
	 * tables yet, by tables that nobody gets, by crtstuff.o, which has no rows.  No spots. */
	uint64_t unknown, stale, bare;
	uint64_t lost; /* the truth itself got too deep: not judged */
	uint64_t n_spots, n_spots_lost;
	struct stepper_spot spots[STEPPER_SPOTS];
};

struct stepper_plan {
	struct stepper_score *score;
	unsigned every;     /* our walk at one instruction in so many */
	unsigned unw_every; /* libunwind's at one of those in so many; 0: never (it would hang) */
	uint64_t max_steps; /* then the thread runs free; 0: to its end */
	bool loads;         /* modules come and go */
	uint64_t pause_at;  /* a pc before which the stepping stops until stepper_resume */
};

/* Runs WORK(ARG) in a thread of its own, stepped from clone to exit.  rp_modules_refresh must
 * have been called. */
void stepper_run(const struct stepper_plan *plan, void (*work)(void *), void *arg);

/* As pthread_create, the thread being stepped by PLAN, which must outlive it. */
typedef int stepper_create_fn(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
int stepper_thread(const struct stepper_plan *plan, stepper_create_fn *create, pthread_t *thread,
                   const pthread_attr_t *attr, void *(*main)(void *), void *arg);

/* Steps the calling thread by PLAN from its next instruction on.  It has one frame: that of the
 * function that calls this, whose return address RETURN_PC is at SLOT; what called that function
 * was called by nobody. */
void stepper_begin(const struct stepper_plan *plan, uint64_t slot, uint64_t return_pc);

/* After a pause: frames since then are libunwind's word. */
void stepper_resume(uint64_t max_steps);

/* For a handler, first of all: the kernel does not step into it.  CONTEXT is its third argument;
 * ALT_LO and ALT_HI the alternate stack that it runs on, or 0. */
void stepper_in_handler(void *context, uint64_t alt_lo, uint64_t alt_hi);

/* [LO, HI) is a coroutine's stack: it has a shadow of its own, that begins where its first
 * function returns to. */
void stepper_coroutine(uint64_t lo, uint64_t hi);

/* Not under a sanitizer, whose threads do much before they begin. */
bool stepper_works_here(void);

/* The calling thread's stack. */
void stepper_stack(uint64_t *lo, uint64_t *hi);

#endif
