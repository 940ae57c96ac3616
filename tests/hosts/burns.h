/* burns.h - CPU time that is known, burnt in a function for each route.
 *
 * Room: tests/hosts.  What a session says is compared with what these told: how much of it is
 * there, and whether anything of another route is.  No two of them are the same code.
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_HOSTS_BURNS_H
#define TEST_HOSTS_BURNS_H

#include <stdint.h>
#include <time.h>

static inline int64_t burns_cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static volatile uint64_t burns_sink;

#define BURNS(name, seed)                                                                          \
	__attribute__((noinline, used)) int64_t name(int64_t us);                                  \
	int64_t name(int64_t us)                                                                   \
	{                                                                                          \
		int64_t began = burns_cpu_ns(), burnt;                                             \
		uint64_t with = (seed);                                                            \
                                                                                                   \
		do {                                                                               \
			for (int i = 0; i < 5000; i++)                                             \
				with = with * 6364136223846793005u + (seed);                       \
			burnt = burns_cpu_ns() - began;                                            \
		} while (burnt < us * 1000);                                                       \
		burns_sink = with;                                                                 \
		return burnt;                                                                      \
	}
BURNS(burn_0, 3)
BURNS(burn_1, 5)
BURNS(burn_2, 7)
BURNS(burn_3, 9)
#undef BURNS

#endif
