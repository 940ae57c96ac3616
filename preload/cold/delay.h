/* delay.h - how long a thread was runnable but not running, as the kernel's scheduler counts it.
 *
 * Room: cold.  Our own thread reads /proc/self/task/TID/schedstat through descriptors of its own
 * table; what happened between the segment's edge and our reading is taken from the samples.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_DELAY_H
#define RP_COLD_DELAY_H

#include <stdbool.h>
#include <stdint.h>
#include "preload/hot/track.h"

/* Forgets everything: our thread begins, or the process is a forked child.  Without MAY_OPEN no
 * file is opened: the descriptors would be the host's. */
void rp_delay_reset(bool may_open);

/* Looks at the thread of T, for the first time or again; AGAIN false: only if never before. */
void rp_delay_look(const struct rp_track *t, bool again);

/* A sample at AT_NS says that the thread was runnable and not running for RUNQ_NS. */
void rp_delay_sample(const struct rp_track *t, uint64_t at_ns, uint64_t runq_ns);

/* The run delay of the whole segment, which ended when the thread had been switched out SWITCHES
 * times in its life (0: not known); 0 when /proc tells nothing. */
uint64_t rp_delay_of(const struct rp_track *t, uint64_t switches);

/* T goes back: the next one in it is another thread. */
void rp_delay_forget(const struct rp_track *t);

#endif
