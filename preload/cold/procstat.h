/* procstat.h - a line of /proc/self/stat, or of one of its threads.
 *
 * Room: cold.  By our own thread: it opens files.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_PROCSTAT_H
#define RP_COLD_PROCSTAT_H

#include <stdbool.h>
#include <stdint.h>

struct rp_procstat {
	char state;           /* R: it runs, or would; S, D: it sleeps; 0: not known */
	uint64_t began_ticks; /* since the machine started */
};

/* The voluntary switches of TID so far, plus one; 0: not known. */
uint32_t rp_procstat_switches(uint32_t tid);

/* Of thread TID; 0: of the process.  False: there is no such line. */
bool rp_procstat_read(uint32_t tid, struct rp_procstat *stat);

/* Does TID keep SIG out? */
bool rp_procstat_blocks(uint32_t tid, int sig);

/* The time that TID has spent runnable, waiting for a CPU, and how often it came onto one: 0: not
 * known. */
uint64_t rp_procstat_delay_ns(uint32_t tid, uint64_t *arrivals);

#endif
