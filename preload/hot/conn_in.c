/* conn_in.c - see conn_bytes.h: what comes in, and the requests that begin with it.
 *
 * Room: hot.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/answer.h"
#include "preload/hot/book.h"
#include "preload/hot/carrier.h"
#include "preload/hot/clock.h"
#include "preload/hot/conn_bytes.h"
#include "preload/hot/conn_h2.h"
#include "preload/hot/conn_light.h"
#include "preload/hot/current.h"
#include "preload/hot/drops.h"
#include "preload/hot/flight.h"
#include "preload/hot/gate.h"
#include "preload/hot/heads.h"
#include "preload/hot/node.h"
#include "preload/hot/peer.h"
#include "preload/hot/python.h"
#include "preload/hot/turn.h"
#include "preload/hot/unseen.h"
#include "preload/settings.h"

static char heads[RP_MAX_HEADS][RP_HEAD_MAX];
static _Atomic uint8_t head_taken[RP_MAX_HEADS];

/* The kept buffer of C; with WANT, one is claimed when it has none. */
static char *kept_head(struct rp_conn *c, bool want)
{
	for (unsigned i = 0; want && !c->head_buffer && i < RP_MAX_HEADS; i++)
		if (!atomic_exchange(&head_taken[i], 1))
			c->head_buffer = (uint8_t)(i + 1);
	if (want && !c->head_buffer)
		rp_drop(RP_DROP_head_pool);
	return c->head_buffer ? heads[c->head_buffer - 1] : NULL;
}

void rp_conn_give_head(struct rp_conn *c)
{
	if (c->head_buffer)
		atomic_store(&head_taken[c->head_buffer - 1], 0);
	c->head_buffer = 0;
}

/* A request that nobody flagged is followed as well; one that is recorded is only shown, and it
 * must be whole: a pipeline takes what room there is. */
static void fly(int fd, struct rp_conn *c, const struct rp_head *head, struct rp_request *r,
                uint16_t *number, uint32_t *serial)
{
	struct rp_boarding boarding = {.fd = fd,
	                               .client = c->accepted,
	                               .flagged = r,
	                               .first_ns = c->first_ns,
	                               .accepted_ns = c->accepted_ns,
	                               .head = head};
	uint16_t flight;
	uint32_t its_serial;

	if (!r && rp_pending_is_crowded(&c->pending))
		return;
	if (r)
		rp_flight_joins();
	if (r && !rp_settings.ps)
		return;
	its_serial = rp_flight_claim(&boarding, &flight);
	if (!its_serial)
		return;
	if (r) {
		r->flight = flight;
		r->flight_serial = its_serial;
	} else {
		rp_book_of(flight)->over_tls = c->layer == RP_LAYER_TLS;
		*number = flight;
		*serial = its_serial;
	}
}

static struct rp_request *admit(int fd, struct rp_conn *c, struct rp_head *head)
{
	if (!head->peer.kind)
		head->peer = c->client;
	struct rp_request *r = rp_gate_admit(fd, head, c->first_ns, c->accepted_ns);

	if (r) {
		r->over_tls = c->layer == RP_LAYER_TLS;
		rp_unseen_ask(fd);
		atomic_store_explicit(&rp_turn_watching, true, memory_order_relaxed);
	}
	if (rp_unlikely(atomic_load_explicit(&rp_n_requests, memory_order_relaxed))) {
		/* First said, then counted: whoever comes at the same time sees R, or is seen. */
		rp_request_joins(r, 0);
		if (r && rp_conn_in_flight(1))
			rp_request_joins(NULL, 0);
	}
	return r;
}

/* What a head was told of its connection is not for the next. */
static void begun(struct rp_conn *c)
{
	if (c->listener >= 0 && rp_conn_kind(c->listener) == RP_FD_LISTEN)
		rp_conn_set_kind(c->listener, RP_FD_SERVE);
	c->untold = false;
	c->listener = -1;
	c->first_ns = 0;
	c->accepted_ns = RP_NEVER;
}

static struct rp_request *follow(int fd, struct rp_conn *c, struct rp_head *head, uint16_t *number,
                                 uint32_t *serial)
{
	struct rp_request *r = admit(fd, c, head);

	*number = r ? (uint16_t)(r - rp_requests) : 0;
	*serial = r ? atomic_load(&r->serial) : 0;
	if (rp_unlikely(rp_flight_on))
		fly(fd, c, head, r, number, serial);
	return r;
}

void rp_conn_admit(int fd, struct rp_conn *c, struct rp_head *head, uint16_t *number,
                   uint32_t *serial)
{
	follow(fd, c, head, number, serial);
	begun(c);
}

static void head_complete(int fd, struct rp_conn *c, struct rp_head *head)
{
	uint16_t number;
	uint32_t serial;
	struct rp_request *r = follow(fd, c, head, &number, &serial);
	uint8_t asked = head->asked | (head->is_head ? RP_ASKED_HEAD : 0) |
	                (head->is_connect ? RP_ASKED_CONNECT : 0);

	if (rp_unlikely(r)) {
		rp_heads_want(c, r, head);
		rp_answer_want(fd, c, r, head);
	}
	begun(c);
	c->in_request = number;
	c->in_serial = serial;
	if (rp_pending_push(&c->pending, asked, number, serial)) {
		if (rp_unlikely(atomic_load_explicit(&rp_n_requests, memory_order_relaxed)))
			rp_request_came(r);
		return;
	}
	rp_drop(RP_DROP_pipeline_full);
	if (serial)
		rp_current_over(number, serial, RP_END_LOST);
	rp_conn_give_up(fd, c, RP_END_LOST);
}

static struct rp_course *being_read(struct rp_conn *c)
{
	if (!c->in_serial || !rp_request_lives(c->in_request, c->in_serial))
		return NULL;
	return rp_request_course(c->in_request);
}

bool rp_conn_reads(struct rp_conn *c)
{
	return being_read(c);
}

static void in_event(int fd, struct rp_conn *c, enum rp_in_event event, struct rp_head *head)
{
	struct rp_course *r;

	switch (event) {
	case RP_IN_BEGIN:
		c->first_ns = rp_mono_ns();
		break;
	case RP_IN_PEER:
		c->client = head->peer;
		c->first_ns = 0;
		break;
	case RP_IN_HEAD:
		head_complete(fd, c, head);
		break;
	case RP_IN_H2:
		c->first_ns = 0;
		if (!rp_conn_h2_begin(c))
			rp_conn_give_up(fd, c, RP_END_LOST);
		break;
	case RP_IN_BODY:
		r = being_read(c);
		if (r)
			rp_set_moment(&r->body_ns, rp_mono_ns());
		c->in_serial = 0;
		break;
	case RP_IN_OPAQUE:
		rp_conn_give_up(fd, c, RP_END_LOST);
		break;
	case RP_IN_MORE:
		break;
	}
}

/* Behind the preface the connection begins. */
static bool begins_tls(int fd, struct rp_conn *c, const char *bytes, size_t n)
{
	struct iovec rest = {(void *)(uintptr_t)bytes, n};

	c->layer = RP_LAYER_FRESH;
	return rp_conn_tls_heard(fd, c, &rest, 1, n);
}

static void feed_in(int fd, struct rp_conn *c, const char *bytes, size_t n)
{
	enum rp_in_event event;

	do {
		if (rp_unlikely(c->in.wire == RP_WIRE_H2)) {
			rp_conn_h2_heard(fd, c, bytes, n);
			break;
		}
		struct rp_head head;
		bool want = false;
		size_t fed = n, before = n + c->in.n_kept; /* a head in pieces was fed before */

		event = rp_delim_in_feed(&c->in, &bytes, &n, kept_head(c, false), &want, &head);
		if (want)
			event = rp_delim_in_feed(&c->in, &bytes, &n, kept_head(c, true), &want,
			                         &head);
		struct rp_course *r = being_read(c); /* whose body this was */

		in_event(fd, c, event, &head);
		if (event == RP_IN_PEER && begins_tls(fd, c, bytes, n))
			return;
		if (event == RP_IN_HEAD)
			r = being_read(c);
		if (event == RP_IN_BODY && r && fed == n) /* there was none to wait for */
			rp_set_moment(&r->body_ns, atomic_load(&r->head_ns));
		if (r)
			rp_add_bytes(&r->bytes_in, event == RP_IN_HEAD ? before - n : fed - n);
	} while (event != RP_IN_MORE && !atomic_load_explicit(&c->opaque, memory_order_relaxed));
	if (c->head_buffer && !c->in.n_kept)
		rp_conn_give_head(c);
}

void rp_conn_heard(int fd, const void *buf, size_t n)
{
	struct iovec iov = {(void *)(uintptr_t)buf, n};

	rp_conn_heard_iov(fd, &iov, 1, n);
}

static void heard_elsewhere(uint8_t kind, int fd, const struct iovec *iov, size_t n_iov, size_t n)
{
	if (kind == RP_FD_UPSTREAM)
		rp_peer_heard(fd);
	else if (kind == RP_FD_CARRIER)
		rp_carrier_heard(fd, iov, n_iov, n);
	else
		rp_carrier_rings(fd);
}

void rp_conn_heard_iov(int fd, const struct iovec *iov, size_t n_iov, size_t n)
{
	uint8_t kind = rp_conn_kind(fd);

	if (rp_conn_is_light() && n_iov == 1 && rp_conn_light_in(fd, iov->iov_base, n))
		return;
	if (rp_unlikely(kind >= RP_FD_UPSTREAM)) {
		heard_elsewhere(kind, fd, iov, n_iov, n);
		return;
	}
	struct rp_conn *c = rp_conn_get(fd);

	if (!c ||
	    (rp_unlikely(c->layer != RP_LAYER_PLAIN) && rp_conn_tls_heard(fd, c, iov, n_iov, n)))
		return;
	rp_conn_hear(fd, c, iov, n_iov, n, true);
}

/* The head that the gate let in just now, in this call.  Of HTTP/2, where others may have come with
 * it, and of a pipeline, a runtime is told nothing. */
static void tell_runtime(int fd, struct rp_conn *c, uint32_t serial)
{
	struct rp_run *run = c->h2 ? NULL : rp_pending_single(&c->pending);

	if (!rp_conn_followed(run) || run->serial != serial)
		return;
	if (rp_python_there)
		rp_python_head(run->request, serial);
	rp_node_head(fd, run->request, serial);
}

/* What the context of a runtime says is of another client than C's. */
static void meet(struct rp_conn *c)
{
	struct rp_run *run = c->h2 ? NULL : rp_pending_front(&c->pending);

	if (c->h2 || run)
		rp_python_meets(run ? run->request : 0, run ? run->serial : 0);
}

void rp_conn_hear(int fd, struct rp_conn *c, const struct iovec *iov, size_t n_iov, size_t n,
                  bool dry)
{
	if (!rp_conn_side(fd, c, &c->in_busy))
		return;
	if (rp_unlikely(c->h2))
		rp_conn_h2_call(c, true);
	if (!c->in_serial && rp_delim_skip(&c->in.left, c->in.state, n))
		n_iov = 0;
	if (rp_unlikely(c->stalled[RP_STALL_SENDS]))
		rp_conn_stall_end(c, RP_STALL_SENDS);
	bool begins = !rp_pending_front(&c->pending) || c->owing;

	for (size_t i = 0; i < n_iov && n; i++) {
		size_t part = iov[i].iov_len < n ? iov[i].iov_len : n;

		if (part && !iov[i].iov_base) { /* spliced away unseen: a head could hide in it */
			rp_drop(RP_DROP_lost_border);
			rp_conn_give_up(fd, c, RP_END_LOST);
		} else if (part && !atomic_load_explicit(&c->opaque, memory_order_relaxed)) {
			feed_in(fd, c, iov[i].iov_base, part);
		}
		n -= part;
	}
	bool more = being_read(c);

	atomic_store_explicit(&c->in_busy, 0, memory_order_release);
	if (rp_likely(!atomic_load_explicit(&rp_followed, memory_order_relaxed))) {
		rp_conn_read_from(c, 0);
		return;
	}
	uint32_t admitted = rp_self.gate_serial;

	if (begins) {
		const struct rp_run *single = rp_pending_single(&c->pending);

		rp_conn_read_from(c, single ? single->serial : 0);
	}
	rp_conn_bind(c, true);
	if (rp_unlikely(rp_self.told_serial))
		meet(c);
	if (rp_unlikely(admitted))
		tell_runtime(fd, c, admitted);
	rp_self.gate_serial = rp_self.claimed =
	        0; /* who works for it later did not just begin it */
	if (more && dry)
		rp_conn_stall_begin(fd, c, RP_STALL_SENDS);
}
