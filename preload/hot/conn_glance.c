/* conn_glance.c - see conn_glance.h.
 *
 * Room: hot.  The host's call is over; two readers, or two writers, exclude each other as in
 * conn_in.c and conn_out.c, which are asked when they meet.
 * SPDX-License-Identifier: MIT
 */
#include "preload/hot/conn_glance.h"

#include "preload/hot/clock.h"
#include "preload/hot/queue.h"
#include "preload/hot/unseen.h"
#include "preload/settings.h"

/* The first request of a connection tells what its listener is for. */
static RP_SLOW void first_request(struct rp_conn *c)
{
	if (rp_conn_kind(c->listener) == RP_FD_LISTEN)
		rp_conn_set_kind(c->listener, RP_FD_SERVE);
	c->untold = false;
	c->listener = -1;
	c->accepted_ns = RP_NEVER;
}

static RP_SLOW bool asks(const struct rp_glance *g)
{
	struct rp_head head = {.method = g->method, .target = g->target};
	struct rp_trigger t;

	return rp_trigger_judge(&rp_settings.rules, &head, &t) != RP_TRIGGER_NONE;
}

static bool is_between(const struct rp_delim_in *d)
{
	return d->state == RP_DELIM_BETWEEN && !d->n_kept && !d->aux &&
	       (d->wire <= RP_WIRE_HTTP || d->wire == RP_WIRE_PROXY);
}

bool rp_conn_glance_at(const struct rp_conn *c, const char *buf, size_t n, struct rp_glance *g)
{
	return buf && is_between(&c->in) && rp_glance_request(buf, n, g) &&
	       !((g->has_query || c->asked_by_rules) && asks(g));
}

void rp_conn_glance_took(struct rp_conn *c, uint64_t left)
{
	if (rp_unlikely(c->untold))
		first_request(c);
	if (c->layer == RP_LAYER_FRESH)
		c->layer = RP_LAYER_PLAIN;
	c->in.wire = RP_WIRE_HTTP;
	c->in.left = left;
	c->in.state = left ? RP_DELIM_LENGTH : RP_DELIM_BETWEEN;
}

static bool take_request(struct rp_conn *c, const char *buf, size_t n)
{
	struct rp_glance g;

	if (!rp_conn_glance_at(c, buf, n, &g) ||
	    (!rp_pending_more(&c->pending) && !rp_pending_push(&c->pending, 0, 0, 0)))
		return false;
	rp_conn_glance_took(c, g.left);
	return true;
}

/* Asked again, by whoever is alone on its side of the connection: another thread may have read a
 * flagged head there, or a handler of the host may have worked for somebody on this one. */
static bool is_flagged(void)
{
	return rp_unlikely(atomic_load_explicit(&rp_followed, memory_order_relaxed));
}

bool rp_conn_glance_plain_in(struct rp_conn *c, const void *buf, size_t n)
{
	if (c->stalled[RP_STALL_SENDS] || atomic_load_explicit(&c->opaque, memory_order_relaxed) ||
	    atomic_exchange_explicit(&c->in_busy, 1, memory_order_acquire))
		return false;
	bool done = !is_flagged() &&
	            (rp_delim_skip(&c->in.left, c->in.state, n) || take_request(c, buf, n));

	atomic_store_explicit(&c->in_busy, 0, memory_order_release);
	if (done)
		rp_conn_read_from(c, 0);
	return done;
}

RP_PASS bool rp_conn_glance_in(int fd, const void *buf, size_t n)
{
	struct rp_conn *c = rp_conn_at_home(fd);

	return c && c->layer != RP_LAYER_TLS && rp_conn_glance_plain_in(c, buf, n);
}

static bool take_response(struct rp_conn *c, const char *buf, size_t n_at, size_t n)
{
	struct rp_run *run = rp_pending_plain(&c->pending);

	if (!run)
		return false;
	if (c->out.state == RP_DELIM_LENGTH) {
		if (n != c->out.left)
			return false;
		c->out.left = 0;
		c->out.state = RP_DELIM_BETWEEN;
		rp_pending_answered(run);
		return true;
	}
	if (!buf || c->out.state != RP_DELIM_BETWEEN || c->out.aux)
		return false;
	enum rp_glance_answer answer = rp_glance_response(&c->out, buf, n_at, n);

	if (answer == RP_GLANCE_END)
		rp_pending_answered(run);
	return answer != RP_GLANCE_NO;
}

bool rp_conn_glance_plain_out(struct rp_conn *c, const void *buf, size_t n_at, size_t n)
{
	if (c->stalled[RP_STALL_READS] || atomic_load_explicit(&c->opaque, memory_order_relaxed) ||
	    atomic_exchange_explicit(&c->out_busy, 1, memory_order_acquire))
		return false;
	bool done = !is_flagged() && (rp_delim_skip(&c->out.left, c->out.state, n) ||
	                              take_response(c, buf, n_at, n));

	atomic_store_explicit(&c->out_busy, 0, memory_order_release);
	if (done && rp_unlikely(rp_self.has_taken))
		rp_queue_shows(0, 0, rp_conn_client(c));
	return done;
}

RP_PASS bool rp_conn_glance_out(int fd, const void *buf, size_t n_at, size_t n)
{
	struct rp_conn *c = rp_conn_at_home(fd);

	return c && c->layer != RP_LAYER_TLS && rp_conn_glance_plain_out(c, buf, n_at, n);
}

RP_PASS ssize_t rp_conn_passed_in(int fd, const void *buf, ssize_t got)
{
	rp_unseen_answered(fd, got);
	if (got > 0 && !rp_conn_glance_in(fd, buf, (size_t)got) && rp_conn_watched(fd)) {
		rp_self.caller = __builtin_return_address(0); /* hooks end in jumps to here */
		rp_conn_heard(fd, buf, (size_t)got);
	}
	return got;
}

RP_PASS ssize_t rp_conn_passed_out(int fd, const void *buf, ssize_t got)
{
	if (got > 0 && !rp_conn_glance_out(fd, buf, (size_t)got, (size_t)got) &&
	    rp_conn_watched(fd))
		rp_conn_said(fd, buf, (size_t)got);
	return got;
}

RP_PASS ssize_t rp_conn_passed_out_iov(int fd, const struct iovec *iov, int n_iov, ssize_t got)
{
	size_t n = (size_t)got;

	if (got > 0 &&
	    !rp_conn_glance_out(fd, iov->iov_base, iov->iov_len < n ? iov->iov_len : n, n) &&
	    rp_conn_watched(fd))
		rp_conn_said_iov(fd, iov, (size_t)n_iov, n);
	return got;
}
