/* conn_bytes.c - see conn_bytes.h: whose bytes they are, and what both directions share.
 *
 * Room: hot.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/conn_bytes.h"

#include <fcntl.h>
#include "preload/hot/answer.h"
#include "preload/hot/carrier.h"
#include "preload/hot/conn_h2.h"
#include "preload/hot/current.h"
#include "preload/hot/drops.h"
#include "preload/hot/executor.h"
#include "preload/hot/fiber.h"
#include "preload/hot/peer.h"
#include "preload/hot/queue.h"
#include "preload/hot/sys.h"
#include "preload/hot/turn.h"

/* Serials go on after fork: what the parent followed never lives here. */
struct rp_course *rp_conn_followed(const struct rp_run *run)
{
	if (!run || !run->serial || !rp_request_lives(run->request, run->serial))
		return NULL;
	return rp_request_course(run->request);
}

void rp_conn_over(struct rp_conn *c, enum rp_end_how how)
{
	struct rp_run *run;

	rp_self.call_ns = 0; /* no call on C has just ended */
	while ((run = rp_pending_front(&c->pending))) {
		bool whole = c->out.close_delimited && how == RP_END_CLOSED;

		if (rp_conn_followed(run))
			rp_current_over(run->request, run->serial, whole ? RP_END_COMPLETE : how);
		run->done = atomic_load(&run->total);
		c->out.close_delimited = 0;
	}
	if (c->h2)
		rp_conn_h2_over(c, how);
	c->owing = 0;
}

void rp_conn_give_up(int fd, struct rp_conn *c, enum rp_end_how how)
{
	bool ours = rp_unlikely(c->marks) && rp_answer_give_up(c, fd);

	atomic_store_explicit(&c->opaque, 1, memory_order_relaxed);
	rp_conn_over(c, how);
	if (!ours)
		rp_conn_set_kind(fd, RP_FD_OPAQUE);
}

static void is_for_nobody(void)
{
	rp_current_leave();
	rp_fiber_forgets();
}

/* The only unanswered request of C, RUN: on which stack was it read, and on which is it answered?
 */
static void show_fiber(struct rp_conn *c, const struct rp_run *run, bool reads)
{
	uint32_t number = (uint32_t)(run - c->pending.runs) << 16 |
	                  atomic_load_explicit(&run->total, memory_order_relaxed);

	if (reads)
		rp_fiber_has_read(&c->fiber, number);
	else
		rp_fiber_answers(&c->fiber, number);
}

/* What the touch of C, where RUN is to be answered next, and alone if it is SINGLE, says of how the
 * thread came to what it works for. */
static void judge_touch(struct rp_conn *c, const struct rp_run *run, const struct rp_run *single,
                        bool reads)
{
	uint32_t serial = rp_conn_followed(run) ? run->serial : 0;

	if (single)
		show_fiber(c, single, reads);
	if (run && !reads) {
		rp_queue_shows(run->request, serial, rp_conn_client(c));
		rp_current_check(run->request, serial);
	}
}

/* In a pipeline one read brings several, and a server may work for all of them before it writes: it
 * is not known whose turn it is, unless there is a SINGLE one. */
static void enter_or_leave(struct rp_conn *c, const struct rp_run *single, bool reads)
{
	bool known = rp_conn_followed(single);
	bool works = known && rp_current_works(single->request, single->serial) &&
	             (rp_self.coroutine.found || !rp_fiber_is_guest());

	bool lent = single && rp_conn_is_lent(c, single), may_go_on = c->watched || lent;

	if (works && rp_self.by != RP_BY_CLIENT && rp_turn_is_guest(may_go_on))
		return; /* and ends as what brought it does */
	rp_self.lent = lent;
	if (works || (known && rp_turn_allows_client(single->request, may_go_on, reads)))
		rp_current_enter(single->request, single->serial);
	else
		is_for_nobody();
}

void rp_conn_bind(struct rp_conn *c, bool reads)
{
	rp_fiber_comes();
	if (c->h2) {
		if (reads)
			rp_conn_read_from(c, 0);
		rp_conn_h2_bind(c, reads);
		return;
	}
	struct rp_run *run = rp_pending_front(&c->pending);
	struct rp_run *single = rp_pending_single(&c->pending);

	if (reads && single &&
	    rp_conn_is_lent(c, single)) /* what another thread has begun to read */
		rp_self.client = 0;
	else if (reads)
		rp_conn_read_from(c, single ? single->serial : 0);
	judge_touch(c, run, single, reads);
	if (rp_current_is_told(&rp_self))
		return;
	if (rp_unlikely(rp_self.armed) && (!run || single) &&
	    !(rp_conn_followed(run) && rp_current_is(run->request, run->serial)))
		rp_executor_meets();
	enter_or_leave(c, single, reads);
}

/* The request that is being answered on C has come whole, and the thread works for it. */
static bool has_read_all(struct rp_conn *c)
{
	struct rp_run *run = rp_pending_single(&c->pending);

	return run && c->in.wire == RP_WIRE_HTTP && !c->in_serial &&
	       rp_current_works(run->request, run->serial) && !rp_current_is_told(&rp_self);
}

bool rp_conn_awaits_next(int fd)
{
	struct rp_conn *c = rp_conn_kind(fd) == RP_FD_CONN ? rp_conn_of(fd) : NULL;

	return c && !c->h2 && !atomic_load_explicit(&c->opaque, memory_order_relaxed) &&
	       has_read_all(c) && !rp_conn_is_ready(fd, RP_STALL_SENDS);
}

/* A read of FD that finds nothing there waits for ever. */
static bool waits_for_ever(int fd, int flags)
{
	struct timeval limit = {1, 0};
	socklen_t n = sizeof(limit);

	return !(flags & MSG_DONTWAIT) && !(rp_sys(SYS_fcntl, fd, F_GETFL) & O_NONBLOCK) &&
	       rp_sys(SYS_getsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &limit, &n) == 0 &&
	       !limit.tv_sec && !limit.tv_usec;
}

/* Before a call that reads, or writes, on C, which is FD's. */
static void touch_own(int fd, struct rp_conn *c, bool reads, int flags)
{
	if (reads && rp_unlikely(has_read_all(c)) && waits_for_ever(fd, flags) &&
	    !rp_conn_is_ready(fd, RP_STALL_SENDS))
		rp_current_leave();
	else
		rp_conn_bind(c, reads);
}

void rp_conn_touch(int fd, bool reads, int flags)
{
	uint8_t kind = rp_conn_kind(fd);
	struct rp_conn *c = rp_conn_of(fd);

	rp_fiber_comes();
	if (kind == RP_FD_UPSTREAM)
		rp_peer_touch(fd, reads, flags);
	else if (kind == RP_FD_CARRIER && reads)
		rp_carrier_reads(fd);
	else if (kind == RP_FD_SOCKET || kind == RP_FD_OPAQUE)
		rp_peer_strange(fd, reads, flags);
	else if (!c || atomic_load_explicit(&c->opaque, memory_order_relaxed))
		return;
	else if (c->h2)
		rp_conn_h2_touch(c, reads);
	else
		touch_own(fd, c, reads, flags);
}

bool rp_conn_side(int fd, struct rp_conn *c, _Atomic uint8_t *busy)
{
	if (atomic_load_explicit(&c->opaque, memory_order_relaxed))
		return false;
	if (!atomic_exchange_explicit(busy, 1, memory_order_acquire))
		return true;
	rp_drop(RP_DROP_lost_border);
	rp_conn_give_up(fd, c, RP_END_LOST);
	return false;
}
