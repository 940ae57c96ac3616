/* flight.c - see flight.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/flight.h"

#include <limits.h>
#include <linux/futex.h>
#include <string.h>
#include <time.h>
#include "preload/hot/book.h"
#include "preload/hot/clock.h"
#include "preload/hot/conn.h"
#include "preload/hot/current.h"
#include "preload/hot/drops.h"
#include "preload/hot/gate.h"
#include "preload/hot/seat.h"
#include "preload/hot/sys.h"
#include "preload/settings.h"

enum { SERIAL_BITS = 24 };

struct rp_inflight *_Atomic rp_flights;
_Atomic uint32_t rp_flights_due;
bool rp_flight_on, rp_flight_keeps, rp_flights_shared;
_Atomic uint32_t rp_flight_asleep = 1, rp_flights_kept;
_Atomic uint64_t rp_flights_taken[RP_MAX_FLIGHTS / 64];

/* Uses of each slot; above them, forks: what the parent had in flight never lives here. */
static uint32_t uses[RP_MAX_FLIGHTS];
static uint32_t forks;

/* Threads begin to look in different words; each takes the lowest slot there: few pages are ever
 * touched. */
static int take_slot(void)
{
	enum { WORDS = RP_MAX_FLIGHTS / 64 };
	unsigned first = rp_self.seat_number % WORDS;

	for (unsigned i = 0; i < WORDS; i++) {
		_Atomic uint64_t *word = &rp_flights_taken[(first + i) % WORDS];
		uint64_t taken = atomic_load_explicit(word, memory_order_relaxed);

		while (~taken) {
			int bit = __builtin_ctzll(~taken);

			if (atomic_compare_exchange_weak(word, &taken, taken | 1ull << bit))
				return (int)((first + i) % WORDS) * 64 + bit;
		}
	}
	return -1;
}

static void give_slot(unsigned i)
{
	atomic_fetch_and(&rp_flights_taken[i / 64], ~(1ull << i % 64));
}

static uint32_t next_serial(unsigned i)
{
	uint32_t use = ++uses[i] & ((1u << SERIAL_BITS) - 1);

	if (!use)
		use = ++uses[i] & ((1u << SERIAL_BITS) - 1);
	return forks << SERIAL_BITS | use;
}

/* Heads so far, of this slot's request and of others; those for which there was no room, too. */
static _Atomic uint32_t n_heads;
static uint32_t lone_heads[RP_MAX_FLIGHTS]; /* 0: somebody was in flight already */

static bool anybody_else(unsigned slot)
{
	uint64_t others = 0;

	for (unsigned i = 0; i < RP_MAX_FLIGHTS / 64; i++)
		others |= atomic_load_explicit(&rp_flights_taken[i], memory_order_relaxed) &
		          ~(i == slot / 64 ? 1ull << slot % 64 : 0);
	return others;
}

bool rp_flight_is_alone(uint32_t number)
{
	return lone_heads[number - RP_REQUEST_FLIGHTS] ==
	       atomic_load_explicit(&n_heads, memory_order_relaxed);
}

void rp_flight_joins(void)
{
	atomic_fetch_add_explicit(&n_heads, 1, memory_order_relaxed);
}

static void set(_Atomic uint64_t *moment, uint64_t ns)
{
	atomic_store_explicit(moment, ns, memory_order_relaxed);
}

static void open_course(struct rp_course *c, uint64_t accepted_ns, uint64_t first_ns,
                        uint64_t now_ns)
{
	set(&c->accepted_ns, accepted_ns);
	set(&c->first_byte_ns, first_ns ? first_ns : now_ns);
	set(&c->head_ns, now_ns);
	set(&c->body_ns, RP_NEVER);
	set(&c->response_ns, RP_NEVER);
	set(&c->last_byte_ns, RP_NEVER);
	set(&c->bytes_in, 0);
	set(&c->bytes_out, 0);
	atomic_store_explicit(&c->status, 0, memory_order_relaxed);
	atomic_store_explicit(&c->how, RP_END_LOST, memory_order_relaxed);
}

static uint8_t copy(char *to, size_t cap, struct rp_span from)
{
	size_t n = from.n < cap ? from.n : cap;

	memcpy(to, from.at, n);
	return (uint8_t)n;
}

/* Others may see the table: no query. */
static void name(struct rp_flight *f, const struct rp_head *head)
{
	struct rp_span path = head->target;
	const char *query = memchr(path.at, '?', path.n);

	path.n = query ? (size_t)(query - path.at) : path.n;
	f->n_method = copy(f->method, sizeof(f->method), head->method);
	f->n_path = copy(f->path, sizeof(f->path), path);
}

static bool is_client(int fd)
{
	struct sockaddr_storage peer;
	socklen_t n = sizeof(peer);

	return rp_sys(SYS_getpeername, fd, &peer, &n) == 0;
}

void rp_flights_tell(void)
{
	atomic_store(&rp_flights_due, 0);
	rp_sys(SYS_futex, &rp_flights_due, FUTEX_WAKE_PRIVATE, INT_MAX);
}

void rp_flight_stop(void)
{
	rp_flight_on = rp_flight_keeps = false;
	rp_flights_tell();
}

static void wake(void)
{
	if (!rp_awake || rp_self.ours || !rp_gate_start || rp_gate_start())
		return;
	rp_drop(RP_DROP_no_thread);
	rp_flight_stop();
}

/* The first request of a process may be its only one, or its slow one. */
static bool await_table(void)
{
	uint64_t end_ns = rp_mono_ns() + RP_TABLE_WAIT_MS * 1000000ull, now_ns;

	wake();
	while (rp_flight_on && atomic_load(&rp_flights_due)) {
		if ((now_ns = rp_mono_ns()) >= end_ns) {
			atomic_store(&rp_flights_due, 0); /* nobody else waits as long */
			rp_drop(RP_DROP_no_flight);
			return false;
		}
		struct timespec t = {0, (long)(end_ns - now_ns)};

		rp_sys(SYS_futex, &rp_flights_due, FUTEX_WAIT_PRIVATE, 1, &t);
	}
	return atomic_load(&rp_flights);
}

uint32_t rp_flight_claim(const struct rp_boarding *b, uint16_t *number)
{
	if (!b->client && !is_client(b->fd))
		return 0;
	if (rp_unlikely(!atomic_load_explicit(&rp_flights, memory_order_acquire)) && !await_table())
		return 0;
	int i = take_slot();
	uint32_t head_number = atomic_fetch_add_explicit(&n_heads, 1, memory_order_relaxed) + 1;

	if (rp_unlikely(i < 0)) {
		rp_drop(RP_DROP_no_flight);
		return 0;
	}
	*number = (uint16_t)(RP_REQUEST_FLIGHTS + i);
	struct rp_flight *f = rp_flight_at(*number);
	uint32_t serial = next_serial((unsigned)i);
	uint64_t now_ns = rp_mono_ns();

	lone_heads[i] = anybody_else((unsigned)i) || (!b->flagged && atomic_load(&rp_n_live))
	                        ? 0
	                        : head_number;
	open_course(&f->course, b->accepted_ns, b->first_ns, now_ns);
	f->fd = b->fd;
	atomic_store_explicit(&f->asks, 0, memory_order_relaxed);
	atomic_store_explicit(&f->flags, b->flagged ? RP_FLIGHT_FLAGGED : 0, memory_order_relaxed);
	name(f, b->head);
	if (rp_flight_keeps && !b->flagged)
		rp_book_open(*number, b->head, b->whole);
	atomic_store_explicit(&f->hold, rp_flight_hold(serial, RP_FLIGHT_LIVE),
	                      memory_order_release);
	if (rp_unlikely(atomic_load_explicit(&rp_flight_asleep, memory_order_relaxed)))
		wake();
	rp_self.claimed = serial;
	rp_self.claimed_ns = now_ns;
	return serial;
}

void rp_flight_status(uint32_t number, uint32_t status)
{
	struct rp_flight *f = rp_flight_at(number);

	if (status >= 100 && status - 100 < 64 * RP_ERROR_WORDS &&
	    rp_settings.errors[(status - 100) / 64] >> (status - 100) % 64 & 1)
		atomic_fetch_or(&f->flags, RP_FLIGHT_FAILED);
}

bool rp_flight_within_rate(uint64_t now_ns)
{
	static _Atomic uint64_t full_at_ns;

	return rp_gate_within(&full_at_ns, now_ns, RP_DROP_caught_rate);
}

void rp_flight_asks(uint32_t number, uint32_t serial, int fd)
{
	if (number < RP_MAX_REQUESTS) {
		serial = rp_requests[number].flight_serial;
		number = rp_requests[number].flight;
	}
	if (serial && number >= RP_REQUEST_FLIGHTS && rp_flight_lives(number, serial))
		atomic_store_explicit(&rp_flight_at(number)->asks, (uint32_t)(fd + 1),
		                      memory_order_relaxed);
}

/* Is it worth a session? */
static bool is_worth_it(struct rp_flight *f, uint64_t now_ns)
{
	uint32_t flags = atomic_load_explicit(&f->flags, memory_order_relaxed);

	if (!rp_flight_keeps || flags & (RP_FLIGHT_FLAGGED | RP_FLIGHT_TOLD))
		return false;
	return flags & RP_FLIGHT_FAILED ||
	       now_ns - atomic_load(&f->course.first_byte_ns) >= rp_settings.slow_ns;
}

/* And may it have one? */
static bool is_kept(struct rp_flight *f, uint64_t now_ns)
{
	if (now_ns - atomic_load(&f->course.first_byte_ns) >= rp_settings.slow_ns)
		atomic_fetch_or(&f->flags, RP_FLIGHT_SLOW);
	return rp_conn_own_process() && rp_flight_within_rate(now_ns);
}

/* Its connection is still open: who was it? */
static void ask_names(uint32_t number, int fd)
{
	struct rp_book *b = rp_book_of(number);
	socklen_t n_peer = sizeof(b->peer), n_local = sizeof(b->local);

	if (rp_self.ours)
		return; /* our descriptors are not the host's */
	if (rp_sys(SYS_getpeername, fd, &b->peer, &n_peer) == 0)
		b->n_peer = n_peer;
	if (rp_sys(SYS_getsockname, fd, &b->local, &n_local) == 0)
		b->n_local = n_local;
}

static void leave_it(uint32_t number, uint32_t serial, bool keep)
{
	struct rp_self *s = &rp_self;

	if (s->armed == RP_ARMED_LIGHT && rp_current_is(number, serial) && !s->moving)
		rp_seat_leave(s, keep);
}

/* Who is still about to note something finds it LEFT, and notes nothing; who was first is awaited:
 * by our thread, which looks at what is LEFT. */
static void release(uint32_t number)
{
	uint64_t left = RP_FLIGHT_LEFT;

	if (rp_book_is_quiet(number) &&
	    atomic_compare_exchange_strong(&rp_flight_at(number)->hold, &left, RP_FLIGHT_FREE)) {
		rp_book_close(number);
		give_slot(number - RP_REQUEST_FLIGHTS);
	}
}

void rp_flight_free(uint32_t number)
{
	atomic_store(&rp_flight_at(number)->hold, RP_FLIGHT_LEFT);
	release(number);
}

void rp_flight_over(uint32_t number, uint32_t serial, enum rp_end_how how)
{
	struct rp_flight *f = rp_flight_at(number);
	uint64_t live = rp_flight_hold(serial, RP_FLIGHT_LIVE), now_ns = rp_seat_call_ns();
	bool worth_it = is_worth_it(f, now_ns);
	uint64_t next = worth_it ? rp_flight_hold(serial, RP_FLIGHT_ENDING) : RP_FLIGHT_LEFT;

	if (!atomic_compare_exchange_strong(&f->hold, &live, next))
		return;
	if (rp_likely(!worth_it)) { /* the slot may be another's from here on */
		leave_it(number, serial, false);
		release(number);
		return;
	}
	bool keep = is_kept(f, now_ns);

	set(&f->course.last_byte_ns, now_ns);
	atomic_store_explicit(&f->course.how, how, memory_order_relaxed);
	leave_it(number, serial, keep);
	if (!keep) {
		rp_flight_free(number);
		return;
	}
	ask_names(number, f->fd);
	atomic_fetch_add(&rp_flights_kept, 1);
	atomic_store_explicit(&f->hold, rp_flight_hold(serial, RP_FLIGHT_KEPT),
	                      memory_order_release);
}

bool rp_flight_lives(uint32_t number, uint32_t serial)
{
	return atomic_load_explicit(&rp_flights, memory_order_relaxed) &&
	       atomic_load_explicit(&rp_flight_at(number)->hold, memory_order_relaxed) ==
	               rp_flight_hold(serial, RP_FLIGHT_LIVE);
}

uint64_t rp_flight_over_ns(uint32_t number, uint32_t serial)
{
	struct rp_flight *f = rp_flight_at(number);
	uint64_t over_ns = atomic_load(&f->course.last_byte_ns);

	return atomic_load(&f->hold) >> 32 == serial ? over_ns : RP_NEVER;
}

void rp_flight_forked(void)
{
	struct rp_inflight *table = atomic_exchange(&rp_flights, NULL);

	atomic_store(&rp_flight_asleep, 1);
	atomic_store(&rp_flights_kept, 0);
	forks++;
	for (unsigned i = 0; i < RP_MAX_FLIGHTS; i++) {
		if (!(atomic_load(&rp_flights_taken[i / 64]) >> i % 64 & 1))
			continue;
		if (table && !rp_flights_shared)
			atomic_store(&table->flights[i].hold, RP_FLIGHT_FREE);
		rp_book_forked(RP_REQUEST_FLIGHTS + i);
		give_slot(i);
	}
}
