/* burn.h - work that takes CPU time in proportion to its turns, and nothing else.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#ifndef RP_TESTS_BENCH_BURN_H
#define RP_TESTS_BENCH_BURN_H

#include "tests/bench/pairs.h"

static volatile unsigned burn_sink;

static __attribute__((noinline)) void burn(unsigned long turns)
{
	for (unsigned long i = 0; i < turns; i++)
		burn_sink = burn_sink * 1664525u + 1013904223u;
}

static inline double burn_turns_per_ns(void)
{
	enum { TURNS = 20000000 };
	double began_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);

	burn(TURNS);
	return TURNS / (clock_ns(CLOCK_THREAD_CPUTIME_ID) - began_ns);
}

#endif
