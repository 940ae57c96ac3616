/* conn_h2.c - see conn_h2.h.
 *
 * Room: hot.  A stream is put down by whoever reads and taken away by whoever writes, without a
 * lock: its place is found by its id, and whoever swaps its serial for 0 ends its request.
 * SPDX-License-Identifier: MIT
 */
#include "preload/hot/conn_h2.h"

#include <string.h>
#include "preload/hot/clock.h"
#include "preload/hot/conn_bytes.h"
#include "preload/hot/current.h"
#include "preload/hot/drops.h"
#include "preload/hot/flight.h"
#include "preload/hot/request.h"
#include "preload/hot/seat.h"
#include "preload/hot/turn.h"

enum { WRITES, READS, SEVERAL = -1 /* no stream's id: 31 bits */ };

struct stream {
	_Atomic uint32_t id;     /* 0: free */
	_Atomic uint32_t serial; /* of the followed request, 0: plain, or over */
	uint32_t request;        /* its number */
};

/* What a connection needs, the often used first: few pages are touched. */
struct h2 {
	_Atomic uint32_t n_open;
	_Atomic uint8_t far;      /* the farthest that a stream was put from its place */
	_Atomic uint8_t crowded;  /* streams are open that found no place */
	int64_t named[2];         /* the stream of this call's frames; the reader's, the writer's */
	uint32_t turn, reader;    /* the turn of the loop, on the reader's thread, that it is of */
	uint32_t early_of, early; /* bytes of a stream whose head is not complete; the reader's */
	struct stream streams[RP_MAX_STREAMS];
	struct rp_h2_out out;
	struct rp_h2_in in;
};

static_assert(sizeof(struct h2) <= 16 << 10, "one a connection (limits.h)");

static struct h2 pool[RP_MAX_H2];
static _Atomic uint8_t taken[RP_MAX_H2];

static struct h2 *of(const struct rp_conn *c)
{
	return &pool[c->h2 - 1];
}

bool rp_conn_h2_begin(struct rp_conn *c)
{
	static _Atomic uint32_t next;

	for (unsigned i = 0; !c->h2 && i < RP_MAX_H2; i++) {
		uint32_t at = atomic_fetch_add_explicit(&next, 1, memory_order_relaxed) % RP_MAX_H2;

		if (atomic_exchange(&taken[at], 1))
			continue;
		memset(&pool[at], 0, offsetof(struct h2, out));
		rp_h2_open_in(&pool[at].in);
		rp_h2_open_out(&pool[at].out);
		c->h2 = (uint16_t)(at + 1);
	}
	if (!c->h2)
		rp_drop(RP_DROP_no_h2);
	return c->h2;
}

void rp_conn_h2_give(struct rp_conn *c)
{
	if (c->h2)
		atomic_store_explicit(&taken[c->h2 - 1], 0, memory_order_release);
	c->h2 = 0;
}

/* --- streams --- */

static struct stream *place(struct h2 *h, uint32_t id, unsigned i)
{
	return &h->streams[((id >> 1) + i) % RP_MAX_STREAMS];
}

static struct stream *find(struct h2 *h, uint32_t id)
{
	unsigned far = atomic_load_explicit(&h->far, memory_order_relaxed);

	for (unsigned i = 0; id && i <= far; i++)
		if (atomic_load_explicit(&place(h, id, i)->id, memory_order_acquire) == id)
			return place(h, id, i);
	return NULL;
}

/* False: there is no place. */
static bool put(struct h2 *h, uint32_t id, uint32_t request, uint32_t serial)
{
	for (unsigned i = 0; i < RP_MAX_STREAMS; i++) {
		struct stream *s = place(h, id, i);

		if (atomic_load_explicit(&s->id, memory_order_relaxed))
			continue;
		s->request = request;
		atomic_store_explicit(&s->serial, serial, memory_order_relaxed);
		if (i > atomic_load_explicit(&h->far, memory_order_relaxed))
			atomic_store_explicit(&h->far, (uint8_t)i, memory_order_relaxed);
		atomic_fetch_add_explicit(&h->n_open, 1, memory_order_relaxed);
		atomic_store_explicit(&s->id, id, memory_order_release);
		return true;
	}
	atomic_store_explicit(&h->crowded, 1, memory_order_relaxed);
	return false;
}

static bool is_followed(const struct stream *s)
{
	uint32_t serial = s ? atomic_load_explicit(&s->serial, memory_order_relaxed) : 0;

	return serial && rp_request_lives(s->request, serial);
}

static struct rp_course *course(const struct stream *s)
{
	return is_followed(s) ? rp_request_course(s->request) : NULL;
}

/* The stream is over; of two threads that say so, one ends its request. */
static void end(struct h2 *h, struct stream *s, enum rp_end_how how)
{
	uint32_t serial = atomic_exchange(&s->serial, 0);

	if (serial && rp_request_lives(s->request, serial)) {
		if (how == RP_END_COMPLETE) /* who said the last byte worked for it */
			rp_current_enter(s->request, serial);
		rp_current_over(s->request, serial, how);
	}
	if (atomic_exchange_explicit(&s->id, 0, memory_order_release))
		atomic_fetch_sub_explicit(&h->n_open, 1, memory_order_relaxed);
}

void rp_conn_h2_over(struct rp_conn *c, enum rp_end_how how)
{
	struct h2 *h = of(c);

	for (unsigned i = 0; i < RP_MAX_STREAMS; i++)
		if (atomic_load_explicit(&h->streams[i].id, memory_order_acquire))
			end(h, &h->streams[i], how);
}

unsigned rp_conn_h2_open(const struct rp_conn *c)
{
	return atomic_load_explicit(&of(c)->n_open, memory_order_relaxed);
}

bool rp_conn_h2_upgrade(struct rp_conn *c)
{
	struct rp_run *run = rp_pending_front(&c->pending);

	if (!run || c->in.left || c->in.n_kept || !rp_conn_h2_begin(c))
		return false;
	put(of(c), 1, run->request, run->serial);
	of(c)->in.side.newest = 1;
	rp_pending_pop(&c->pending);
	c->in = (struct rp_delim_in){0}; /* the client's preface comes now */
	return true;
}

/* --- bytes --- */

/* Who reads twice in a turn of a loop may serve all of it afterwards; but nginx does at once what
 * it has read. */
static bool goes_on_reading(struct h2 *h)
{
	const struct rp_self *s = &rp_self;
	uint32_t turn = h->turn, reader = h->reader;

	h->turn = s->turn.number;
	h->reader = (uint32_t)((uintptr_t)s >> 4);
	return s->turn.looped && turn == h->turn && reader == h->reader &&
	       rp_turn_runs != RP_RUNS_INLINE;
}

void rp_conn_h2_call(struct rp_conn *c, bool reads)
{
	struct h2 *h = of(c);

	if (!reads || !goes_on_reading(h))
		h->named[reads] = 0;
}

/* Frames of this call were TOLD.  What lets others go on is everybody's, if there are others. */
static void name(struct h2 *h, const struct rp_h2_told *told, bool reads)
{
	int64_t *named = &h->named[reads];
	bool others = atomic_load_explicit(&h->n_open, memory_order_relaxed) > 1;

	if (told->stream && told->bytes && *named != told->stream)
		*named = *named ? SEVERAL : (int64_t)told->stream;
	if (told->wide && others)
		*named = SEVERAL;
}

static void open_stream(int fd, struct rp_conn *c, struct rp_h2_told *told)
{
	struct h2 *h = of(c);
	uint32_t serial;
	uint16_t number;

	rp_conn_admit(fd, c, &told->head, &number, &serial);
	if (told->unsure)
		rp_drop(RP_DROP_lost_field);
	if (serial && number < RP_MAX_REQUESTS)
		rp_cut_begins();
	if (serial)
		rp_add_bytes(&rp_request_course(number)->bytes_in,
		             told->bytes + (h->early_of == told->stream ? h->early : 0));
	h->early_of = 0;
	if (put(h, told->stream, number, serial))
		return;
	rp_drop(RP_DROP_many_streams);
	if (serial)
		rp_current_over(number, serial, RP_END_LOST);
}

/* Bytes of a head that is not complete count when it is. */
static void wait_for_head(struct h2 *h, const struct rp_h2_told *told)
{
	if (h->early_of != told->stream)
		h->early = 0;
	h->early_of = told->stream;
	h->early += told->bytes;
}

static void in_event(int fd, struct rp_conn *c, enum rp_h2_event event, struct rp_h2_told *told)
{
	struct h2 *h = of(c);

	if (event == RP_H2_HEAD) {
		open_stream(fd, c, told);
		return;
	}
	struct stream *s = find(h, told->stream);
	struct rp_course *r = course(s);

	if (r)
		rp_add_bytes(&r->bytes_in, told->bytes);
	else if (!s && h->in.side.block)
		wait_for_head(h, told);
	if (event == RP_H2_END && r)
		rp_set_moment(&r->body_ns, told->bytes ? rp_mono_ns() : atomic_load(&r->head_ns));
	if (event == RP_H2_RESET && s)
		end(h, s, RP_END_CLOSED);
}

void rp_conn_h2_heard(int fd, struct rp_conn *c, const char *bytes, size_t n)
{
	struct h2 *h = of(c);
	struct rp_h2_told told;
	enum rp_h2_event event;

	do {
		event = rp_h2_feed(&h->in.side, &bytes, &n, &told);
		if (event == RP_H2_BAD) {
			rp_conn_give_up(fd, c, RP_END_LOST);
			return;
		}
		if (event == RP_H2_MORE)
			break;
		name(h, &told, READS);
		in_event(fd, c, event, &told);
	} while (!atomic_load_explicit(&c->opaque, memory_order_relaxed));
	if (h->in.side.block && !c->first_ns)
		c->first_ns = rp_mono_ns();
}

const struct rp_h2_in *rp_conn_h2_in(const struct rp_conn *c)
{
	return &of(c)->in;
}

bool rp_conn_h2_flags(const struct rp_conn *c, uint32_t stream)
{
	const struct stream *s = find(of(c), stream);

	return is_followed(s) && s->request < RP_MAX_REQUESTS;
}

static void out_event(struct h2 *h, enum rp_h2_event event, const struct rp_h2_told *told)
{
	struct stream *s = find(h, told->stream);
	struct rp_course *r = course(s);

	if (r)
		rp_add_bytes(&r->bytes_out, told->bytes);
	if (r && event == RP_H2_STATUS) {
		atomic_store_explicit(&r->status, told->status, memory_order_relaxed);
		if (s->request >= RP_REQUEST_FLIGHTS)
			rp_flight_status(s->request, told->status);
		rp_set_moment(&r->response_ns, rp_seat_call_ns());
	}
	if (s && (event == RP_H2_END || event == RP_H2_RESET))
		end(h, s, event == RP_H2_END ? RP_END_COMPLETE : RP_END_CLOSED);
}

void rp_conn_h2_said(int fd, struct rp_conn *c, const char *bytes, size_t n)
{
	struct h2 *h = of(c);
	struct rp_h2_told told;
	enum rp_h2_event event;

	while ((event = rp_h2_feed(&h->out.side, &bytes, &n, &told)) != RP_H2_MORE) {
		if (event == RP_H2_BAD) {
			rp_conn_give_up(fd, c, RP_END_LOST);
			return;
		}
		name(h, &told, WRITES);
		out_event(h, event, &told);
	}
}

/* --- whose thread it is --- */

/* The only stream that is open, NULL: there is none, or there are others. */
static struct stream *sole(struct h2 *h)
{
	if (atomic_load_explicit(&h->n_open, memory_order_relaxed) != 1 ||
	    atomic_load_explicit(&h->crowded, memory_order_relaxed))
		return NULL;
	for (unsigned i = 0; i < RP_MAX_STREAMS; i++)
		if (atomic_load_explicit(&h->streams[i].id, memory_order_relaxed))
			return &h->streams[i];
	return NULL;
}

static void work_for(const struct rp_conn *c, const struct stream *s, bool reads)
{
	uint32_t serial = s ? atomic_load_explicit(&s->serial, memory_order_relaxed) : 0;
	bool lent = !reads && rp_self.client != rp_conn_client(c);

	rp_self.lent = lent;
	if (is_followed(s) && (rp_current_works(s->request, serial) ||
	                       rp_turn_allows_client(s->request, c->watched || lent, reads)))
		rp_current_enter(s->request, serial);
	else
		rp_current_leave();
}

void rp_conn_h2_bind(struct rp_conn *c, bool reads)
{
	struct h2 *h = of(c);
	int64_t named = h->named[reads];

	if (named == SEVERAL)
		rp_current_leave();
	else
		work_for(c, named ? find(h, (uint32_t)named) : sole(h), reads);
}

/* What the call will carry nobody knows yet: whoever worked for one of these streams goes on. */
void rp_conn_h2_touch(struct rp_conn *c, bool reads)
{
	struct h2 *h = of(c);

	for (unsigned i = 0; rp_self.armed && i < RP_MAX_STREAMS; i++)
		if (is_followed(&h->streams[i]) &&
		    rp_current_is(h->streams[i].request,
		                  atomic_load_explicit(&h->streams[i].serial,
		                                       memory_order_relaxed)))
			return;
	work_for(c, sole(h), reads);
}

bool rp_conn_h2_is_own(struct rp_conn *c)
{
	struct stream *s = sole(of(c));

	return is_followed(s) &&
	       rp_current_is(s->request, atomic_load_explicit(&s->serial, memory_order_relaxed));
}
