/* times.h - how long: the time of each sample and wait.  Of the whole request: account.h.
 *
 * Room: tools.  Pure: arrays of a recording in, numbers out.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_TIMES_H
#define RP_TIMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rp_recording;

struct rp_time {
	uint64_t wall_ns, cpu_ns;
};

/* The two times of every sample (N_SAMPLES of them) and of every wait's own CPU (N_WAITS: the
 * wait itself is span - CPU).  CPU is scaled, segment by segment, to the exact clock.
 * A segment without a tick is shared out over its edges; returns how many those were. */
size_t rp_times_charge(const struct rp_recording *r, struct rp_time *samples,
                       struct rp_time *waits);

/* What of a wait was waiting.  The two clocks may disagree by a little: never below zero. */
static inline uint64_t rp_times_waited(uint64_t span_ns, uint64_t cpu_ns)
{
	return span_ns > cpu_ns ? span_ns - cpu_ns : 0;
}

/* First and last moment of the request, CLOCK_MONOTONIC. */
void rp_times_span(const struct rp_recording *r, uint64_t *first_ns, uint64_t *last_ns);

#endif
