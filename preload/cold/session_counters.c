/* session_counters.c - the named numbers of a session, by counters.def.
 *
 * Room: cold.  SPDX-License-Identifier: MIT
 */
#include <time.h>
#include "preload/cold/session_parts.h"
#include "preload/hot/current.h"

static const uint8_t reading[] = {RP_WAIT_READ, RP_WAIT_RECV},
                     writing[] = {RP_WAIT_WRITE, RP_WAIT_SEND, RP_WAIT_SENDFILE};

static uint64_t calls(const struct rp_session *s, const uint8_t *kinds, unsigned n)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum += s->calls[kinds[i]].count;
	return sum;
}

static uint64_t bytes(const struct rp_session *s, const uint8_t *kinds, unsigned n)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum += s->calls[kinds[i]].bytes;
	return sum;
}

/* The kernel's tick, to which it knows when bytes came. */
static uint64_t tick_ns(void)
{
	struct timespec t = {0, 10000000};

	clock_getres(CLOCK_MONOTONIC_COARSE, &t);
	return (uint64_t)t.tv_nsec;
}

/* 0 where it may have been nothing. */
static uint64_t between(uint64_t begin_ns, uint64_t end_ns)
{
	bool known = begin_ns < end_ns && end_ns != RP_NEVER;

	return known && end_ns - begin_ns > tick_ns() ? end_ns - begin_ns : 0;
}

/* The bytes lay in the socket before the host took the connection. */
static uint64_t queue_ns(struct rp_request *r)
{
	return between(r->arrived_ns, atomic_load(&r->course.accepted_ns));
}

/* ... or before it read them. */
static uint64_t unread_ns(struct rp_request *r)
{
	uint64_t accepted_ns = atomic_load(&r->course.accepted_ns), from_ns = r->arrived_ns;

	if (accepted_ns != RP_NEVER && accepted_ns > from_ns)
		from_ns = accepted_ns;
	return between(from_ns, atomic_load(&r->course.first_byte_ns));
}

void rp_session_put_number(struct rp_session *s, enum rp_item_kind kind, const char *name,
                           uint64_t n)
{
	struct rp_item item = {.kind = kind};

	item.counter.name = rp_slice_of(name);
	item.counter.value = n;
	if (n)
		rp_writer_put(s->writer, &item);
}

void rp_session_put_counters(struct rp_session *s)
{
	struct rp_request *r = s->request;

#define COUNTER(name, value, text) rp_session_put_number(s, RP_ITEM_COUNTER, #name, value);
#include "preload/counters.def"
}
