/* sampler.h - the tick of a thread: its timer, its signal handler, its synchronous samples.
 *
 * Room: hot.  A CLOCK_MONOTONIC timer a thread, delivered to that thread; si_overrun is weight.
 * The timer is the seam for another tick source.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_SAMPLER_H
#define RP_HOT_SAMPLER_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include "preload/hot/self.h"

struct rp_usage {
	long minor_faults, major_faults, switches_voluntary, switches_forced;
};

/* getrusage(RUSAGE_THREAD). */
void rp_sampler_usage(struct rp_usage *u);

/* Starts ticking for the segment that was opened in S; takes the sample of its begin. */
void rp_sampler_arm(struct rp_self *s);

/* Stops: no tick is counted after the call; the host's mask is as the host believes. */
void rp_sampler_disarm(struct rp_self *s);

/* Only the timer (in the handler, where masks are the kernel's). */
void rp_sampler_stop(struct rp_self *s);

/* Ticks pause while the thread stays unmasked in a call (system, posix_spawn), and go on. */
void rp_sampler_pause(struct rp_self *s);
void rp_sampler_resume(struct rp_self *s);

/* A sample of weight 0 here and now. */
void rp_sampler_edge(struct rp_self *s, enum rp_sample_edge edge, uint64_t now_ns);

/* The handler of our signal. */
void rp_sampler_tick(int sig, siginfo_t *info, void *context);

/* Has the thread slept since its last mark, in a call that nobody saw?  Asked before a wait. */
bool rp_sampler_slept(const struct rp_self *s, uint64_t now_ns, uint64_t cpu_now_ns);

/* The call that has just taken SPAN_NS, CPU_NS of it running, only lost its CPU: it waited for
 * nothing.  SLEPT as told before it. */
bool rp_sampler_preempted(const struct rp_self *s, uint64_t span_ns, uint64_t cpu_ns, bool slept);

/* Marks the end of a wait of SPAN_NS, CPU_NS of it running: samples after it do not count it.
 * SLEPT: as told before it. */
void rp_sampler_mark_wait(struct rp_self *s, uint64_t span_ns, uint64_t cpu_ns, bool slept);

/* In the handler: the request ended on another thread (current.c). */
void rp_current_over_in_handler(struct rp_self *s, uint64_t now_ns);

#endif
