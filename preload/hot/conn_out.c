/* conn_out.c - see conn_bytes.h: what goes out, and the requests that end with it.
 *
 * Room: hot.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/conn_bytes.h"
#include "preload/hot/conn_h2.h"
#include "preload/hot/conn_light.h"
#include "preload/hot/current.h"
#include "preload/hot/delim_h2.h"
#include "preload/hot/flight.h"
#include "preload/hot/heads.h"
#include "preload/hot/peer.h"
#include "preload/hot/seat.h"

/* The thread that said the last byte has worked for the request, if only for that. */
static void answered(struct rp_conn *c, enum rp_end_how how)
{
	struct rp_run *run = rp_pending_front(&c->pending);
	bool is_followed = rp_conn_followed(run);

	if (is_followed)
		rp_current_enter(run->request, run->serial);
	if (is_followed)
		rp_current_over(run->request, run->serial, how);
	rp_pending_pop(&c->pending);
}

static void settle(struct rp_conn *c)
{
	c->owing = 0;
	answered(c, RP_END_COMPLETE);
}

void rp_conn_settle(struct rp_conn *c)
{
	if (atomic_exchange_explicit(&c->out_busy, 1, memory_order_acquire))
		return;
	settle(c);
	atomic_store_explicit(&c->out_busy, 0, memory_order_release);
}

static void say_status(const struct rp_run *run, struct rp_course *r, const struct rp_conn *c)
{
	atomic_store_explicit(&r->status, c->out.status, memory_order_relaxed);
	if (run->request >= RP_REQUEST_FLIGHTS)
		rp_flight_status(run->request, c->out.status);
}

static void out_event(int fd, struct rp_conn *c, enum rp_out_event event, const struct rp_run *run,
                      struct rp_course *r)
{
	uint64_t never = RP_NEVER;

	switch (event) {
	case RP_OUT_FIRST:
		if (r)
			atomic_compare_exchange_strong(&r->response_ns, &never, rp_seat_call_ns());
		break;
	case RP_OUT_STATUS: /* the final answer begins here: a "100 Continue" was not it */
		if (r) {
			say_status(run, r, c);
			rp_set_moment(&r->response_ns, rp_seat_call_ns());
		}
		break;
	case RP_OUT_END:
		c->owing = r && c->owed;
		if (!c->owing)
			answered(c, RP_END_COMPLETE);
		break;
	case RP_OUT_UPGRADED:
		if (r)
			say_status(run, r, c);
		if (c->out.to_h2 && rp_conn_h2_upgrade(c))
			break;
		answered(c, RP_END_UPGRADED);
		rp_conn_give_up(fd, c, RP_END_UPGRADED);
		break;
	case RP_OUT_OPAQUE:
		rp_conn_give_up(fd, c, RP_END_LOST);
		break;
	case RP_OUT_MORE:
		break;
	}
}

/* BYTES NULL: unseen. */
static void feed_out(int fd, struct rp_conn *c, const char *bytes, size_t n)
{
	enum rp_out_event event;

	do {
		if (rp_unlikely(c->owing && n))
			settle(c);
		struct rp_run *run = rp_pending_front(&c->pending);
		struct rp_course *r = rp_conn_followed(run);
		const char *at = bytes;
		size_t before = n;

		if (rp_unlikely(c->h2 ||
		                (!run && rp_h2_speaks_first(bytes, n) && rp_conn_h2_begin(c)))) {
			rp_conn_h2_said(fd, c, bytes, n);
			return;
		}
		if (!run) { /* the server speaks first: not HTTP as we know it */
			rp_conn_give_up(fd, c, RP_END_LOST);
			return;
		}
		event = rp_delim_out_feed(&c->out, &bytes, &n, run->asked);
		if (r) {
			rp_add_bytes(&r->bytes_out, before - n);
			if (atomic_load_explicit(&c->marks, memory_order_relaxed))
				rp_heads_said(c, run->request, run->serial, at, before - n);
			if (event == RP_OUT_END && c->out.status)
				say_status(run, r, c);
		}
		out_event(fd, c, event, run, r);
	} while (event != RP_OUT_MORE && !atomic_load_explicit(&c->opaque, memory_order_relaxed) &&
	         (n || event != RP_OUT_END));
}

void rp_conn_said(int fd, const void *buf, size_t n)
{
	struct iovec iov = {(void *)(uintptr_t)buf, n};

	rp_conn_said_iov(fd, &iov, 1, n);
}

void rp_conn_said_iov(int fd, const struct iovec *iov, size_t n_iov, size_t n)
{
	uint8_t kind = rp_conn_kind(fd);

	if (rp_conn_is_light() && n_iov &&
	    rp_conn_light_out(fd, iov->iov_base, iov->iov_len < n ? iov->iov_len : n, n))
		return;
	if (rp_unlikely(kind == RP_FD_UPSTREAM || kind == RP_FD_SOCKET))
		rp_peer_said(fd, iov, n_iov, n);
	if (rp_unlikely(kind >= RP_FD_UPSTREAM || kind == RP_FD_SOCKET))
		return;
	struct rp_conn *c = rp_conn_of(fd);

	if (!c || (rp_unlikely(c->layer != RP_LAYER_PLAIN) && rp_conn_tls_said(fd, c, n)))
		return;
	rp_conn_say(fd, c, iov, n_iov, n);
}

/* Who answered the one before need not be who goes on with the next of a pipeline. */
static void bind_behind(struct rp_conn *c)
{
	struct rp_run *run = rp_pending_front(&c->pending);

	if (!run || c->out.state != RP_DELIM_BETWEEN || rp_current_works(run->request, run->serial))
		rp_conn_bind(c, false);
	else if (!rp_current_is_told(&rp_self))
		rp_current_leave();
}

void rp_conn_say(int fd, struct rp_conn *c, const struct iovec *iov, size_t n_iov, size_t n)
{
	bool wired = c->layer != RP_LAYER_TLS; /* what the host says is on the wire by that */

	if (!rp_conn_side(fd, c, &c->out_busy))
		return;
	if (rp_unlikely(c->h2))
		rp_conn_h2_call(c, false);
	if (!atomic_load_explicit(&rp_followed, memory_order_relaxed) &&
	    rp_delim_skip(&c->out.left, c->out.state, n))
		n_iov = 0;
	if (rp_unlikely(c->stalled[RP_STALL_READS] && wired))
		rp_conn_stall_end(c, RP_STALL_READS);
	for (size_t i = 0; i < n_iov && n; i++) {
		size_t part = iov[i].iov_len < n ? iov[i].iov_len : n;

		if (part && !atomic_load_explicit(&c->opaque, memory_order_relaxed))
			feed_out(fd, c, iov[i].iov_base, part);
		n -= part;
	}
	atomic_store_explicit(&c->out_busy, 0, memory_order_release);
	if (rp_likely(!atomic_load_explicit(&rp_followed, memory_order_relaxed)))
		return;
	rp_self.call_ns = 0;
	bind_behind(c);
	if (wired)
		rp_conn_stall_begin(fd, c, RP_STALL_READS);
}

void rp_conn_shut(int fd, int how)
{
	struct rp_conn *c = rp_conn_of(fd);

	if (c && (how == SHUT_WR || how == SHUT_RDWR) && rp_conn_kind(fd) == RP_FD_CONN)
		rp_conn_over(c, RP_END_CLOSED);
}
