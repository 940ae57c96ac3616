/* random.h - the same random numbers every time, so that the same sessions give the same report.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#ifndef RP_RANDOM_H
#define RP_RANDOM_H

#include <stdint.h>

/* splitmix64: begin with any state. */
static inline uint64_t rp_random(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

/* One of 0 to N - 1. */
static inline uint32_t rp_random_below(uint64_t *state, uint32_t n)
{
	return (uint32_t)((rp_random(state) >> 32) * n >> 32);
}

#endif
