/* conn_light.c - see conn_light.h.
 *
 * Room: hot.  The host's call is over; two readers, or two writers, exclude each other as in
 * conn_in.c and conn_out.c, which are asked when they meet.  A thread that began another wait for
 * events, or somebody else's answer, is their business as well.
 * SPDX-License-Identifier: MIT
 */
#include "preload/hot/conn_light.h"

#include "preload/hot/conn_glance.h"
#include "preload/hot/coroutine.h"
#include "preload/hot/current.h"
#include "preload/hot/delim_glance.h"
#include "preload/hot/seat_book.h"
#include "preload/hot/turn.h"
#include "preload/settings.h"

static bool is_usable(const struct rp_conn *c, enum rp_stall_way way)
{
	return c && !c->stalled[way] && c->layer != RP_LAYER_TLS && !c->h2 && !c->owing &&
	       !atomic_load_explicit(&c->marks, memory_order_relaxed) &&
	       !atomic_load_explicit(&c->opaque, memory_order_relaxed);
}

/* The request of a whole head that has no body; serial 0: there is no slot for it. */
static uint32_t board(int fd, const struct rp_conn *c, const struct rp_glance *g,
                      struct rp_span whole, uint16_t *number)
{
	struct rp_head head = {.method = g->method, .target = g->target, .peer = c->client};
	struct rp_boarding boarding = {.fd = fd,
	                               .client = c->accepted,
	                               .accepted_ns = c->accepted_ns,
	                               .head = &head,
	                               .whole = whole};
	uint32_t serial = rp_flight_claim(&boarding, number);

	if (!serial)
		return 0;
	struct rp_course *course = &rp_flight_at(*number)->course;

	atomic_store_explicit(&course->body_ns, rp_self.claimed_ns, memory_order_relaxed);
	atomic_store_explicit(&course->bytes_in, whole.n, memory_order_relaxed);
	return serial;
}

static bool take_request(int fd, struct rp_conn *c, struct rp_span whole, uint16_t *number,
                         uint32_t *serial)
{
	struct rp_glance g;

	if (!rp_conn_is_light() || c->in_serial || c->first_ns ||
	    !rp_conn_glance_at(c, whole.at, whole.n, &g) || g.left || whole.n > RP_BOOK_TEXT ||
	    rp_pending_front(&c->pending))
		return false;
	*number = 0;
	*serial = board(fd, c, &g, whole, number);
	rp_pending_push(&c->pending, 0, *number, *serial);
	rp_conn_glance_took(c, 0);
	return true;
}

RP_PASS bool rp_conn_light_in(int fd, const void *buf, size_t n)
{
	struct rp_conn *c = rp_conn_at_home(fd);
	struct rp_span whole = {buf, n};
	uint32_t serial;
	uint16_t number;

	if (!is_usable(c, RP_STALL_SENDS) || !buf ||
	    atomic_exchange_explicit(&c->in_busy, 1, memory_order_acquire))
		return false;
	bool done = take_request(fd, c, whole, &number, &serial);

	atomic_store_explicit(&c->in_busy, 0, memory_order_release);
	if (!done)
		return false;
	rp_conn_read_from(c, 0); /* whom nobody flagged no queue passes on */
	if (serial && rp_turn_allows_client(number, c->watched, true)) {
		rp_seat_enter(number, serial);
		rp_coroutine_takes(&rp_self, RP_BY_CLIENT);
	} else {
		rp_current_leave();
		rp_fiber_forgets();
	}
	rp_self.claimed = 0;
	return true;
}

/* Bytes of the answer to RUN: of its body, or from its first on. */
static enum rp_glance_answer take_response(struct rp_conn *c, struct rp_course *course,
                                           const struct rp_run *run, const char *buf, size_t n_at,
                                           size_t n)
{
	enum rp_glance_answer answer;

	if (rp_delim_skip(&c->out.left, c->out.state, n))
		return RP_GLANCE_MORE;
	if (c->out.state == RP_DELIM_LENGTH && n == c->out.left) {
		c->out.left = 0;
		c->out.state = RP_DELIM_BETWEEN;
		return RP_GLANCE_END;
	}
	if (!buf || c->out.state != RP_DELIM_BETWEEN || c->out.aux)
		return RP_GLANCE_NO;
	answer = rp_glance_response(&c->out, buf, n_at, n);
	if (answer == RP_GLANCE_NO)
		return RP_GLANCE_NO;
	atomic_store_explicit(&course->response_ns, rp_seat_call_ns(), memory_order_relaxed);
	atomic_store_explicit(&course->status, c->out.status, memory_order_relaxed);
	rp_flight_status(run->request, c->out.status);
	return answer;
}

static bool say(int fd, struct rp_conn *c, const char *buf, size_t n_at, size_t n)
{
	struct rp_run *run = rp_pending_single(&c->pending);
	struct rp_self *s = &rp_self;

	if (!run || run->asked || !rp_current_is(run->request, run->serial) ||
	    s->armed != RP_ARMED_LIGHT || s->moving || !rp_flight_lives(run->request, run->serial))
		return false;
	struct rp_course *course = &rp_flight_at(run->request)->course;
	uint64_t bytes_out = atomic_load_explicit(&course->bytes_out, memory_order_relaxed);
	enum rp_glance_answer answer = take_response(c, course, run, buf, n_at, n);

	if (answer == RP_GLANCE_NO)
		return false;
	atomic_store_explicit(&course->bytes_out, bytes_out + n, memory_order_relaxed);
	if (answer == RP_GLANCE_END) {
		rp_flight_over(run->request, run->serial, RP_END_COMPLETE);
		rp_pending_pop(&c->pending);
	} else {
		rp_conn_stall_begin(fd, c, RP_STALL_READS);
	}
	return true;
}

RP_PASS bool rp_conn_light_out(int fd, const void *buf, size_t n_at, size_t n)
{
	struct rp_conn *c = rp_conn_at_home(fd);

	if (!is_usable(c, RP_STALL_READS) ||
	    atomic_exchange_explicit(&c->out_busy, 1, memory_order_acquire))
		return false;
	bool done = say(fd, c, buf, n_at, n);

	atomic_store_explicit(&c->out_busy, 0, memory_order_release);
	if (done)
		rp_self.call_ns = 0;
	return done;
}
