/* watch.h - our thread looks after the requests that nobody flagged: it reads the clocks of threads
 * whose request is older than REQPROF_SLOW_INTERVAL, calls them for stacks, and writes what is
 * kept.
 *
 * Room: cold.  Our own thread only.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_WATCH_H
#define RP_COLD_WATCH_H

#include <stdbool.h>
#include <stdint.h>

/* One look.  False: nothing is in flight. */
bool rp_watch_turn(uint64_t now_ns);

/* The process ends, and what is in flight with it: what is slow already is kept.  By the thread
 * that ends it. */
void rp_watch_end(void);

/* So often the threads of flight NUMBER are called: the fuller its memory, the more seldom. */
uint64_t rp_watch_interval_ns(uint32_t number);

/* The CPU clock of any thread of this process. */
uint64_t rp_watch_cpu_ns(uint32_t tid);

/* In a forked child: nothing was looked at. */
void rp_watch_forked(void);

#endif
