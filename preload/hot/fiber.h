/* fiber.h - fibers: coroutines whose stacks are switched by code of their own, which no hook sees.
 *
 * Room: hot.  A stack is known by its root, where a walk outwards ends: all that lies between two
 * places from which walks end at the same root is one stack.  What a thread does for a request on a
 * fiber's stack is that fiber's, and over where the thread is seen elsewhere.  Beside other
 * requests that is believed once it was shown that fibers answer what they have read: a stack may
 * be the next fiber's.  SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_FIBER_H
#define RP_HOT_FIBER_H

#include <stdbool.h>
#include <stdint.h>
#include "preload/hot/self.h"
#include "preload/real.h"

/* Where a request was read, so that it shows who answers it.  ROOT 0: on no fiber's stack. */
struct rp_fiber_read {
	uint64_t root;
	uint32_t run, heads; /* which of its connection; how many heads fibers had read by then */
};

/* The calling thread S is on a stack that is neither its own nor one that swapcontext told of;
 * HERE: an address on it. */
bool rp_fiber_looks(struct rp_self *s, uint64_t here);
static inline __attribute__((always_inline)) bool rp_fiber_is_away(void)
{
	struct rp_self *s = &rp_self;
	uint64_t here = (uint64_t)(uintptr_t)__builtin_frame_address(0);

	return rp_unlikely(here - s->stack_lo >= s->stack_hi - s->stack_lo) &&
	       rp_fiber_looks(s, here);
}

/* ... and that stack is not the loop's. */
bool rp_fiber_is_guest(void);

/* May the guest S be said to work for REQUEST from here on?  What it takes then is this stack's. */
bool rp_fiber_takes(struct rp_self *s, uint32_t request);
/* That is over, or was nothing. */
static inline void rp_fiber_over(struct rp_self *s)
{
	if (rp_likely(!s->coroutine.found))
		return;
	s->coroutine.lo = s->coroutine.hi = 0;
	s->coroutine.found = s->coroutine.own = false;
}
/* It has taken it. */
void rp_fiber_has_taken(const struct rp_self *s);

/* Around a call that tells where the calling thread is: it leaves what another stack works for, and
 * goes on with what this one does. */
void rp_fiber_comes(void);
/* What this stack was to work for is nobody's. */
void rp_fiber_forgets(void);

/* The thread, which took what it works for on a fiber's stack, is on another one; and so that is
 * over, unless it is alone, and its loop's turn, too. */
bool rp_fiber_looks_elsewhere(void);
static inline __attribute__((always_inline)) bool rp_fiber_is_elsewhere(void)
{
	const struct rp_self *s = &rp_self;
	uint64_t here = (uint64_t)(uintptr_t)__builtin_frame_address(0);

	return rp_unlikely(s->coroutine.found) && s->coroutine.own &&
	       here - s->coroutine.lo >= s->coroutine.hi - s->coroutine.lo &&
	       rp_fiber_looks_elsewhere();
}
bool rp_fiber_has_left(void);
static inline bool rp_fiber_is_left(void)
{
	return rp_unlikely(rp_self.coroutine.found) && rp_fiber_has_left();
}
/* ... said first in a signal handler: CONTEXT is where it was interrupted. */
void rp_fiber_ticks(struct rp_self *s, const void *context);

/* S works for somebody by what came to its own stack, and is on a fiber's: of a LOOP, or of a
 * thread where fibers serve requests, that may be anybody's. */
bool rp_fiber_is_anybodys(bool loop);

/* The thread is about to wait for the events of a loop. */
void rp_fiber_loops(struct rp_self *s);

/* The only unanswered request of a connection, its RUN, has been read; is about to be answered. */
void rp_fiber_has_read(struct rp_fiber_read *read, uint32_t run);
void rp_fiber_answers(struct rp_fiber_read *read, uint32_t run);

/* A fiber was seen to leave a request for another's. */
void rp_fiber_disbelieve(void);

#endif
