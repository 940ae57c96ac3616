/* wait.h - exact waits: enter before a blocking call, leave after it.
 *
 * Room: hot.  While the call blocks our signal is kept out, so it returns what it would have
 * returned; the span is recorded whole, with one stack.  Survives pthread_cancel, siglongjmp out
 * of the call and swapcontext: a wait whose frame is gone is found by the next one.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_WAIT_H
#define RP_HOT_WAIT_H

#include <stdbool.h>
#include <stdint.h>
#include "preload/hot/self.h"
#include "preload/real.h"

struct rp_blame;

/* What was waited for: named only when the wait was long enough to be listed. */
struct rp_waited {
	enum rp_wait_kind kind;
	int fd;                       /* -1: none */
	const void *at;               /* pollfd array, address of a lock or a peer, text */
	uint64_t n;                   /* entries, bytes, ns, pid, id: by kind; with fd: ns waited */
	const struct rp_blame *blame; /* who holds that lock; NULL: nobody asked */
};

struct rp_wait {
	uint8_t on;            /* RP_WAIT_* below; 0: this thread is not sampled */
	bool slept;            /* before it, in a call that nobody saw */
	bool host_blocks;      /* rp_self's when it began */
	bool held_back;        /* LIGHT: our signal was on its way and is kept out */
	uint32_t tick, number; /* rp_self's when it began */
	uint64_t at_ns, cpu_ns, moved_bytes;
	struct rp_waited what;
};
enum {
	RP_WAIT_OFF,
	RP_WAIT_MASKED,
	RP_WAIT_PAUSED,
	RP_WAIT_LIGHT, /* seat.h */
	RP_WAIT_LOOP,  /* a loop's: hooks_poll.c */
	RP_WAIT_RIPE,  /* ... for its epoll set to be ready */
};

void rp_wait_begin(struct rp_wait *w, const struct rp_waited *what);
void rp_wait_begin_paused(struct rp_wait *w, const struct rp_waited *what);
void rp_wait_end(struct rp_wait *w);

/* Is the wait of S still below HERE on the stack?  Then we are in a signal handler of the host that
 * interrupted it. */
bool rp_wait_is_inside(const struct rp_self *s, const void *here);

/* A wait on FD. */
static inline void rp_wait_enter_fd(struct rp_wait *w, enum rp_wait_kind kind, int fd)
{
	w->on = RP_WAIT_OFF;
	if (rp_unlikely(rp_self.armed))
		rp_wait_begin(w, &(struct rp_waited){.kind = kind, .fd = fd});
}

/* A wait on something else. */
static inline void rp_wait_enter(struct rp_wait *w, enum rp_wait_kind kind, const void *at,
                                 uint64_t n)
{
	w->on = RP_WAIT_OFF;
	if (rp_unlikely(rp_self.armed))
		rp_wait_begin(w, &(struct rp_waited){.kind = kind, .fd = -1, .at = at, .n = n});
}

static inline void rp_wait_leave(struct rp_wait *w)
{
	if (rp_unlikely(w->on))
		rp_wait_end(w);
}

/* The same after a call that moved N bytes (negative: failed); N. */
static inline ssize_t rp_wait_moved(struct rp_wait *w, ssize_t n)
{
	if (rp_unlikely(w->on)) {
		w->moved_bytes = n > 0 ? (uint64_t)n : 0;
		rp_wait_end(w);
	}
	return n;
}

#endif
