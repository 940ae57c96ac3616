/* hooks_epoll.c - waiting for the events of an epoll set.
 *
 * Room: hot.  Waiting on a set that holds other connections is the event loop: the thread works
 * for nobody.  The calls that install a mask of their own get a copy of it with our signal in.
 * SPDX-License-Identifier: MIT
 */
#include "preload/hot/bell.h"
#include "preload/hot/current.h"
#include "preload/hot/hooks.h"
#include "preload/hot/mask.h"
#include "preload/hot/turn.h"

static bool is_of_a_loop(int epfd)
{
	return rp_conn_is_loop(epfd) && !rp_conn_is_set_of_one(epfd);
}

/* True: the answer is 0, at once.  N is how many events the loop asks for, of which it may get
 * fewer. */
static bool before_epoll(struct rp_wait *w, int epfd, int *n, uint64_t timeout_ns, bool may_hold)
{
	w->on = RP_WAIT_OFF;
	if (is_of_a_loop(epfd)) {
		rp_turn_comes_to(epfd);
		return rp_turn_wait(timeout_ns, may_hold, n);
	}
	if (!rp_conn_is_set(epfd))
		rp_self.turn.polls = true;
	if (rp_conn_is_loop(epfd))
		rp_current_leave();
	else
		rp_wait_enter_fd(w, RP_WAIT_EPOLL, epfd);
	return false;
}

static int after_epoll(struct rp_wait *w, int epfd, const struct epoll_event *events, int ret)
{
	rp_wait_leave(w);
	if (is_of_a_loop(epfd)) {
		rp_turn_begins(ret);
		rp_turn_brought(epfd, ret == 1 && rp_bell_rings(epfd, events->data.u64));
	}
	return ret;
}

/* Nobody looks at turns yet, and this is none, or none of a loop. */
static inline bool nobody_looks(int epfd)
{
	uint8_t kind = rp_conn_kind(epfd);

	rp_unseen_waited();
	if (atomic_load_explicit(&rp_turn_watching, memory_order_relaxed) || kind == RP_FD_LOOP ||
	    atomic_load_explicit(&rp_conn_has_ring, memory_order_relaxed))
		return false;
	if (kind != RP_FD_EPOLL)
		rp_self.turn.polls = true;
	return true;
}

/* Nobody does, but it may be a loop's, and the next turn somebody's first. */
static inline bool nobody_looks_yet(int epfd, uint64_t timeout_ns)
{
	if (atomic_load_explicit(&rp_turn_watching, memory_order_relaxed))
		return false;
	rp_turn_comes_to(epfd);
	rp_turn_unseen(&rp_self.turn, timeout_ns);
	return true;
}

static inline int unseen(int ret, const struct epoll_event *events, bool could_block)
{
	could_block |= rp_self.turn.ripe;
	rp_self.turn.ripe = false;
	rp_turn_unseen_begins(&rp_self.turn, ret, could_block, ret == 1 ? events->data.u64 : 0);
	return ret;
}

static RP_SLOW int unseen_epoll_wait(int epfd, struct epoll_event *events, int n, int timeout_ms)
{
	rp_turn_comes_to(epfd);
	rp_turn_unseen(&rp_self.turn, rp_ms_or_ever(timeout_ms));
	return unseen(rp_real.epoll_wait(epfd, events, n, timeout_ms), events, timeout_ms);
}

static RP_SLOW int seen_epoll_wait(int epfd, struct epoll_event *events, int n, int timeout_ms)
{
	struct rp_wait w;

	if (before_epoll(&w, epfd, &n, rp_ms_or_ever(timeout_ms), true))
		return 0;
	return after_epoll(&w, epfd, events, rp_real.epoll_wait(epfd, events, n, timeout_ms));
}

RP_HOOK int epoll_wait(int epfd, struct epoll_event *events, int n, int timeout_ms)
{
	if (rp_likely(nobody_looks(epfd)))
		return rp_real.epoll_wait(epfd, events, n, timeout_ms);
	if (!atomic_load_explicit(&rp_turn_watching, memory_order_relaxed))
		return unseen_epoll_wait(epfd, events, n, timeout_ms);
	return seen_epoll_wait(epfd, events, n, timeout_ms);
}

static RP_SLOW int seen_epoll_pwait(int epfd, struct epoll_event *events, int n, int timeout_ms,
                                    const sigset_t *mask)
{
	struct rp_wait w;
	sigset_t copy;

	if (nobody_looks_yet(epfd, rp_ms_or_ever(timeout_ms)))
		return unseen(rp_real.epoll_pwait(epfd, events, n, timeout_ms, mask), events,
		              timeout_ms);
	if (before_epoll(&w, epfd, &n, rp_ms_or_ever(timeout_ms), !mask))
		return 0;
	return after_epoll(&w, epfd, events,
	                   rp_real.epoll_pwait(epfd, events, n, timeout_ms,
	                                       rp_self.armed ? rp_mask_with(mask, &copy) : mask));
}

RP_HOOK int epoll_pwait(int epfd, struct epoll_event *events, int n, int timeout_ms,
                        const sigset_t *mask)
{
	if (rp_likely(nobody_looks(epfd)))
		return rp_real.epoll_pwait(epfd, events, n, timeout_ms, mask);
	return seen_epoll_pwait(epfd, events, n, timeout_ms, mask);
}

static RP_SLOW int seen_epoll_pwait2(int epfd, struct epoll_event *events, int n,
                                     const struct timespec *timeout, const sigset_t *mask)
{
	uint64_t timeout_ns = rp_asked_or_ever(timeout);
	struct rp_wait w;
	sigset_t copy;

	if (nobody_looks_yet(epfd, timeout_ns))
		return unseen(rp_real.epoll_pwait2(epfd, events, n, timeout, mask), events,
		              timeout_ns);
	if (before_epoll(&w, epfd, &n, timeout_ns, !mask))
		return 0;
	return after_epoll(&w, epfd, events,
	                   rp_real.epoll_pwait2(epfd, events, n, timeout,
	                                        rp_self.armed ? rp_mask_with(mask, &copy) : mask));
}

RP_HOOK int epoll_pwait2(int epfd, struct epoll_event *events, int n,
                         const struct timespec *timeout, const sigset_t *mask)
{
	if (rp_likely(nobody_looks(epfd)))
		return rp_real.epoll_pwait2(epfd, events, n, timeout, mask);
	return seen_epoll_pwait2(epfd, events, n, timeout, mask);
}
