/* current.h - which request is this thread working for?
 *
 * Room: hot.  Base rules: I/O on a flagged connection makes the thread work for its request; I/O
 * on another connection, or waiting for events of a set that holds others, ends that; a blocking
 * call on anything else does not.  Wrong is never acceptable: in doubt it is nobody's.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_CURRENT_H
#define RP_HOT_CURRENT_H

#include <stdbool.h>
#include <stdint.h>
#include "preload/hot/request.h"
#include "preload/hot/sampler.h"
#include "preload/real.h"

/* From now on the thread works for this request: opens a segment (and closes another's). */
void rp_current_take(const struct rp_handoff *handoff);
/* ... as another stack that it goes on with does. */
void rp_current_go_on(const struct rp_handoff *handoff);
/* ... if it may: one that has a request of its own (it reads and answers it) takes things for that,
 * unless it has given it away before.  What is nobody's, or not known, ends what it did so far. */
void rp_current_offer(const struct rp_handoff *handoff);
static inline void rp_current_enter(uint32_t request, uint32_t serial)
{
	rp_current_take(&(struct rp_handoff){request, serial, .by = RP_BY_CLIENT});
}

/* From now on for nobody.  A no-op when it worked for nobody. */
void rp_current_leave_armed(void);
static inline void rp_current_leave(void)
{
	if (rp_self.armed)
		rp_current_leave_armed();
}

/* The thread is about to write to a client, of (REQUEST, SERIAL) or (serial 0) of a request that is
 * not flagged: does it agree with why it is thought to work for one?  What was wrong is believed no
 * more in this process. */
void rp_current_check(uint32_t request, uint32_t serial);
/* What is not believed: a bit for each enum rp_source; of RP_BY_CLIENT only what threads do that
 * are no loops (executor.h). */
uint32_t rp_current_off(void);
void rp_current_disbelieve(enum rp_source by);

/* The request (SLOT, SERIAL) ends now: so does this thread's work for it. */
void rp_current_over(uint32_t slot, uint32_t serial, enum rp_end_how how);

/* In the thread whose segment ended at END_NS already, when its CPU clock was CPU_NS: its numbers
 * are said; the next hook leaves. */
void rp_current_cut(struct rp_self *s, uint64_t end_ns, uint64_t cpu_ns);

/* A runtime says whose work the thread does (python.h): nothing else is asked, unless that was
 * wrong once, or nobody flagged is being served. */
static inline bool rp_current_is_told(const struct rp_self *s)
{
	return rp_unlikely(s->runtime) && atomic_load_explicit(&rp_n_live, memory_order_relaxed) &&
	       !(rp_current_off() & 1u << RP_BY_RUNTIME);
}

/* S, which is no loop, has read on a client's connection, and works for that one. */
static inline bool rp_current_is_no_loops(const struct rp_self *s)
{
	return s->by == RP_BY_CLIENT && s->armed && !s->turn.looped && !s->coroutine.own &&
	       !rp_current_is_told(s);
}

/* ... before it was known that such threads go on with others' tasks here. */
static inline bool rp_current_is_doubted(const struct rp_self *s)
{
	return rp_current_off() & 1u << RP_BY_CLIENT && rp_current_is_no_loops(s);
}

/* True when the thread works for (REQUEST, SERIAL). */
static inline bool rp_current_is(uint32_t request, uint32_t serial)
{
	return rp_self.armed && rp_self.request == request && rp_self.serial == serial;
}

/* ... and that may go on. */
static inline bool rp_current_works(uint32_t request, uint32_t serial)
{
	return (rp_self.armed == RP_ARMED || rp_self.armed == RP_ARMED_LIGHT) &&
	       rp_current_is(request, serial);
}

/* The thread is about to end, or to become another process. */
void rp_current_thread_ends(void);
void rp_current_forked(void);

#endif
