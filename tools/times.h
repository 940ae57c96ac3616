/* times.h - how long: the time of each sample and wait, and the account of the whole request.
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

/* Where the time of a request went.  cpu + waits + not_running + idle + unexplained is the
 * duration; with threads in parallel, lane_ns (time of all threads) plus idle instead. */
struct rp_account {
	uint64_t duration_ns;
	uint64_t cpu_ns, waits_ns, not_running_ns, idle_ns;
	int64_t unexplained_ns; /* below zero: the parts overlap by clock error */
	uint64_t lane_ns;       /* sum of all segments */
	uint32_t n_parallel;    /* most threads at once; 1: one after the other */
};

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

void rp_times_account(const struct rp_recording *r, struct rp_account *account);

/* First and last moment of the request, CLOCK_MONOTONIC. */
void rp_times_span(const struct rp_recording *r, uint64_t *first_ns, uint64_t *last_ns);

#endif
