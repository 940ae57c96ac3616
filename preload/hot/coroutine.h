/* coroutine.h - coroutines by swapcontext: a coroutine is followed as a thread is.
 *
 * Room: hot.  What a thread works for on a coroutine's own stack stays with that coroutine when it
 * is left, and comes back with it, on whichever thread; on what stack a thread is, getcontext(3)'s
 * structures say.  A coroutine that begins works for the request that began it.  One that waits
 * for the events of a loop is the loop, and no request's.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_COROUTINE_H
#define RP_HOT_COROUTINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>
#include "preload/hot/self.h"
#include "preload/hot/stack.h"

/* What coroutines that have not begun return into (cold/coroutine.h); 0: not known yet. */
extern _Atomic uint64_t rp_coroutine_end_at;

/* Where the outermost function of one that has not begun, and would with REGS, will return. */
static inline uint64_t rp_coroutine_returns_to(const struct rp_regs *regs)
{
	return rp_machine_here->link ? regs->bx : *(const uint64_t *)(uintptr_t)regs->sp;
}

/* The calling thread is about to go on at TO; while nobody is followed, only where that is matters.
 */
void rp_coroutine_moves(const ucontext_t *to);
/* ... and where it is now will be in FROM (NULL: nowhere). */
void rp_coroutine_switches(const ucontext_t *from, const ucontext_t *to);

/* True on the stack of the coroutine that the thread is thought to be on. */
static inline bool rp_coroutine_is_at(const struct rp_self *s, uint64_t sp)
{
	return sp - s->coroutine.lo < s->coroutine.hi - s->coroutine.lo;
}

/* ... where it is now. */
static inline __attribute__((always_inline)) bool rp_coroutine_is_here(const struct rp_self *s)
{
	return rp_coroutine_is_at(s, (uint64_t)(uintptr_t)__builtin_frame_address(0));
}

/* What the thread works for is its coroutine's own, so that nothing a loop does is in question;
 * yet it has left that coroutine, by a way that nobody saw: its function returned. */
static inline bool rp_coroutine_is_left(const struct rp_self *s, uint64_t sp)
{
	return s->coroutine.own && !s->coroutine.found && !rp_coroutine_is_at(s, sp);
}

/* What the calling thread S does is a loop's; on a coroutine's own stack it is that one's. */
static inline bool rp_coroutine_in_loop(const struct rp_self *s)
{
	return s->turn.looped && !(s->coroutine.own && rp_coroutine_is_here(s));
}

/* What the stack that is known by AT works for: kept until it is another's, or over. */
void rp_coroutine_keeps(const void *at, const struct rp_handoff *handoff);
bool rp_coroutine_kept(const void *at, struct rp_handoff *handoff);

/* The thread takes what it works for because of CLIENT's bytes, or not, here and now. */
void rp_coroutine_takes(struct rp_self *s, enum rp_source by);

/* It is about to wait for the events of a loop. */
void rp_coroutine_loops(struct rp_self *s);

void rp_coroutine_forked(void);

#endif
