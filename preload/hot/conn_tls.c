/* conn_tls.c - see conn_tls.h.
 *
 * Room: hot.  The host uses an object of its TLS library on one thread at a time, so what is here
 * of one connection is written by one at a time.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/conn_tls.h"

#include "preload/hot/conn_glance.h"
#include "preload/hot/conn_slot.h"
#include "preload/hot/drops.h"
#include "preload/hot/request.h"
#include "preload/hot/self.h"

/* A record of handshake, in it a ClientHello: 5 and 4 bytes, the version, 32 random bytes.  Of
 * these the last eight are what is left of all of them in 64 bits. */
enum { HELLO_BYTES = 5 + 4 + 2 + 32, HANDSHAKE = 22, MAJOR = 3, CLIENT_HELLO = 1, NEAR = 8 };

/* Hello -> descriptor + 1, at one of NEAR places; believed only if the connection says so, too. */
static _Atomic uint16_t places[RP_MAX_CONNS];

static struct rp_conn *carries(uint16_t place, uint64_t hello)
{
	struct rp_conn *c = place ? rp_conn_of(place - 1) : NULL;

	if (!c || c->layer != RP_LAYER_TLS ||
	    atomic_load_explicit(&c->hello, memory_order_relaxed) != hello)
		return NULL;
	return c;
}

static int find(uint64_t hello)
{
	for (unsigned i = 0; hello && i < NEAR; i++) {
		uint16_t place = atomic_load_explicit(&places[(hello + i) % RP_MAX_CONNS],
		                                      memory_order_relaxed);

		if (carries(place, hello))
			return place - 1;
	}
	return -1;
}

/* Two conversations with the same random bytes: somebody plays, and neither is known by them. */
static bool is_twice(struct rp_conn *c, uint64_t hello)
{
	int fd = find(hello);
	struct rp_conn *other = fd >= 0 ? rp_conn_of(fd) : NULL;

	if (!other || other == c)
		return false;
	atomic_store_explicit(&other->hello, 0, memory_order_relaxed);
	atomic_store_explicit(&c->hello, 0, memory_order_relaxed);
	return true;
}

static void know(int fd, struct rp_conn *c, uint64_t hello)
{
	_Atomic uint16_t *to = &places[hello % RP_MAX_CONNS];

	if (is_twice(c, hello) || fd >= UINT16_MAX)
		return;
	atomic_store_explicit(&c->hello, hello, memory_order_relaxed);
	for (unsigned i = 0; i < NEAR; i++) {
		_Atomic uint16_t *place = &places[(hello + i) % RP_MAX_CONNS];
		uint16_t was = atomic_load_explicit(place, memory_order_relaxed);
		struct rp_conn *other = was ? rp_conn_of(was - 1) : NULL;

		if (other && other != c && other->layer == RP_LAYER_TLS)
			continue;
		to = place;
		break;
	}
	atomic_store_explicit(to, (uint16_t)(fd + 1), memory_order_relaxed);
}

int rp_conn_carrier(uint64_t hello, int nested)
{
	struct rp_conn *c = nested >= 0 ? rp_conn_of(nested) : NULL;

	if (!c || c->layer != RP_LAYER_TLS)
		return find(hello);
	if (hello && atomic_load_explicit(&c->hello, memory_order_relaxed) != hello)
		know(nested, c, hello); /* the first one was not seen whole, or they began anew */
	return nested;
}

/* False: it is no ClientHello. */
static bool take_hello(int fd, struct rp_conn *c, const uint8_t *bytes, size_t n)
{
	uint64_t hello = atomic_load_explicit(&c->hello, memory_order_relaxed);

	for (size_t i = 0; i < n && c->n_hello < HELLO_BYTES; i++, c->n_hello++) {
		if ((c->n_hello == 1 && bytes[i] != MAJOR) ||
		    (c->n_hello == 5 && bytes[i] != CLIENT_HELLO))
			return false;
		hello = hello << 8 | bytes[i];
	}
	atomic_store_explicit(&c->hello, hello, memory_order_relaxed);
	if (c->n_hello == HELLO_BYTES)
		know(fd, c, hello);
	return true;
}

/* The first bytes of a connection, or those of a ClientHello. */
static void begin(int fd, struct rp_conn *c, const struct iovec *iov, size_t n_iov, size_t n)
{
	for (size_t i = 0; i < n_iov && n; i++) {
		const uint8_t *bytes = iov[i].iov_base;
		size_t part = iov[i].iov_len < n ? iov[i].iov_len : n;

		if (part && c->layer == RP_LAYER_FRESH)
			c->layer = bytes && *bytes == HANDSHAKE ? RP_LAYER_TLS : RP_LAYER_PLAIN;
		if (c->layer == RP_LAYER_PLAIN)
			return;
		if (part && (!bytes || !take_hello(fd, c, bytes, part))) {
			rp_conn_give_up(fd, c, RP_END_LOST);
			return;
		}
		n -= part;
	}
}

bool rp_conn_tls_heard(int fd, struct rp_conn *c, const struct iovec *iov, size_t n_iov, size_t n)
{
	if (c->n_hello < HELLO_BYTES)
		begin(fd, c, iov, n_iov, n);
	if (c->layer != RP_LAYER_TLS)
		return false;
	rp_self.tls.fd = fd;
	if (rp_likely(!atomic_load_explicit(&rp_followed, memory_order_relaxed)))
		return true;
	rp_conn_stall_end(c, RP_STALL_SENDS);
	rp_conn_bind(c, true);
	if (rp_conn_reads(c))
		rp_conn_stall_begin(fd, c, RP_STALL_SENDS);
	return true;
}

/* What the library gave to the wire while the host was in it may be what it was just given, or
 * what it could not get rid of before; else it is what is owed. */
static bool paid(struct rp_conn *c, size_t n)
{
	if (rp_self.tls.object && rp_self.tls.writes)
		c->flushed += n;
	else
		c->owed = c->owed > n ? c->owed - n : 0;
	return !c->owed;
}

bool rp_conn_tls_said(int fd, struct rp_conn *c, size_t n)
{
	if (c->layer != RP_LAYER_TLS)
		return false;
	rp_self.tls.fd = fd;
	if (paid(c, n) && rp_unlikely(c->owing))
		rp_conn_settle(c);
	if (rp_likely(!atomic_load_explicit(&rp_followed, memory_order_relaxed)))
		return true;
	rp_self.call_ns = 0;
	rp_conn_stall_end(c, RP_STALL_READS);
	rp_conn_bind(c, false);
	rp_conn_stall_begin(fd, c, RP_STALL_READS);
	return true;
}

void rp_conn_plain_heard(int fd, const void *buf, size_t n, bool dry)
{
	struct iovec iov = {(void *)(uintptr_t)buf, n};
	struct rp_conn *c = rp_conn_of(fd);

	if (!c || c->layer != RP_LAYER_TLS)
		return;
	if (rp_unlikely(c->owing)) /* the client has its answer, or does not care for it */
		rp_conn_settle(c);
	if (!rp_flight_on && rp_conn_glance_plain_in(c, buf, n))
		return;
	rp_conn_hear(fd, c, &iov, 1, n, dry);
}

/* Plain bytes are fewer than what carries them, but how many fewer is the library's affair: an
 * answer is taken to be out when as many bytes are. */
void rp_conn_plain_said(int fd, const void *buf, size_t n)
{
	struct iovec iov = {(void *)(uintptr_t)buf, n};
	struct rp_conn *c = rp_conn_of(fd);

	if (!c || c->layer != RP_LAYER_TLS)
		return;
	c->owed = c->owed + n > c->flushed ? c->owed + n - c->flushed : 0;
	c->flushed = 0;
	if (!rp_flight_on && rp_conn_glance_plain_out(c, buf, n, n))
		return;
	rp_self.call_ns = 0; /* the last call may not have been this one's */
	rp_conn_say(fd, c, &iov, 1, n);
}
