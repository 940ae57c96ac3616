/* clock.h - the three clocks, and a time as the kernel wants it.  Room: hot.
 * SPDX-License-Identifier: MIT */
#ifndef RP_HOT_CLOCK_H
#define RP_HOT_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t rp_clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t); /* cannot fail for these clocks: errno stays */
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline struct timespec rp_timespec(uint64_t ns)
{
	return (struct timespec){(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
}

#define rp_mono_ns() rp_clock_ns(CLOCK_MONOTONIC)
/* Up to a tick of the kernel ago, for a quarter of the price. */
#define rp_mono_coarse_ns() rp_clock_ns(CLOCK_MONOTONIC_COARSE)
#define rp_wall_ns()        rp_clock_ns(CLOCK_REALTIME)
#define rp_cpu_ns()         rp_clock_ns(CLOCK_THREAD_CPUTIME_ID)

#endif
