/* now.h - a clock as nanoseconds.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#ifndef RP_NOW_H
#define RP_NOW_H

#include <stdint.h>
#include <time.h>

static inline uint64_t rp_now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#endif
