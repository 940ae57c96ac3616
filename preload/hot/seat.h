/* seat.h - a thread that works for a request nobody flagged: measured with next to nothing.
 *
 * Room: hot.  No timer, no mask, no CPU clock: a wait is two looks at the clock.  Only when the
 * request is older than REQPROF_SLOW_INTERVAL our thread (cold/watch.c) reads this one's clocks
 * and sends it a signal now and then, for a stack; never into a call that waits:
 *
 *   AWAY  it works for nobody          OUT   it runs: may be called
 *   IN    it is in a hooked call       CALLED  a signal is on its way; before a call, and before
 *                                      it leaves, the thread then keeps it out by its mask
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_SEAT_H
#define RP_HOT_SEAT_H

#include <signal.h>
#include "preload/hot/clock.h"
#include "preload/hot/flight.h"
#include "preload/hot/self.h"
#include "preload/hot/wait.h"

/* Marks our signals: value is this, then the seat's segment. */
#define RP_SEAT_COOKIE 0x72707373u

/* From now on the thread works for flight (NUMBER, SERIAL). */
void rp_seat_enter(uint32_t number, uint32_t serial);
/* From now on for nobody.  KEEP: what it did is noted. */
void rp_seat_leave(struct rp_self *s, bool keep);

/* Around a hooked call that may block; see wait.h. */
void rp_seat_wait_begin(struct rp_self *s, struct rp_wait *w, const struct rp_waited *what);
void rp_seat_wait_end(struct rp_self *s, struct rp_wait *w);

/* Now, where bytes of a call are looked at that has just ended: the clock was read then. */
static inline uint64_t rp_seat_call_ns(void)
{
	return rp_self.armed == RP_ARMED_LIGHT && rp_self.call_ns ? rp_self.call_ns : rp_mono_ns();
}

/* In the handler of our signal. */
void rp_seat_called(struct rp_self *s, const siginfo_t *info, void *context);

/* A thread that is recorded shows what it does, too: WHAT it waits for since AT_NS, 0: it runs. */
void rp_seat_show(struct rp_self *s, uint32_t number, uint32_t serial);
static inline void rp_seat_hide(struct rp_self *s)
{
	atomic_store_explicit(&s->seat->works, 0, memory_order_release);
}
static inline void rp_seat_waits(struct rp_self *s, const struct rp_waited *what, uint64_t at_ns);

/* Seats that were ever in use. */
extern _Atomic uint32_t rp_seats_used;

/* The thread ends. */
void rp_seat_free(struct rp_self *s);
void rp_seat_forked(struct rp_self *s);

static inline void rp_seat_waits(struct rp_self *s, const struct rp_waited *what, uint64_t at_ns)
{
	struct rp_seat *seat = s->seat;

	if (what) {
		atomic_store_explicit(&seat->kind, what->kind, memory_order_relaxed);
		atomic_store_explicit(&seat->fd, what->fd, memory_order_relaxed);
		atomic_store_explicit(&seat->at, what->at ? (uintptr_t)what->at : what->n,
		                      memory_order_relaxed);
	}
	atomic_store_explicit(&seat->since_ns, at_ns, memory_order_release);
}

#endif
