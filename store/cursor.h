/* cursor.h - bytes become values here and nowhere else: bounded, little-endian, and the first
 * failure sticks, so that a whole record is checked by one look at the end.
 *
 * Room: store.  rp_cursor reads, rp_cursor_out writes.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_STORE_CURSOR_H
#define RP_STORE_CURSOR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "store/records.h"

struct rp_cursor {
	const uint8_t *at, *end;
	bool failed; /* a value did not fit; everything read since is 0 */
};

struct rp_cursor_out {
	uint8_t *at, *end;
	bool failed; /* no room; what is before AT is not to be used */
};

/* The next N bytes, or NULL. */
static inline const uint8_t *rp_cursor_bytes(struct rp_cursor *c, uint64_t n)
{
	const uint8_t *at = c->at;

	if (c->failed || n > (uint64_t)(c->end - c->at)) {
		c->failed = true;
		return NULL;
	}
	c->at += n;
	return at;
}

static inline uint64_t rp_cursor_fixed(struct rp_cursor *c, unsigned n)
{
	const uint8_t *at = rp_cursor_bytes(c, n);
	uint64_t v = 0;

	for (unsigned i = 0; at && i < n; i++)
		v |= (uint64_t)at[i] << (8 * i);
	return v;
}

/* LEB128, at most 64 bits. */
static inline uint64_t rp_cursor_varint(struct rp_cursor *c)
{
	uint64_t v = 0;

	/* Most numbers of a session are small, and reading it is mostly this. */
	if (!c->failed && c->at < c->end && *c->at < 0x80)
		return *c->at++;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		const uint8_t *at = rp_cursor_bytes(c, 1);

		if (!at)
			return 0;
		if (shift == 63 && *at > 1)
			break;
		v |= (uint64_t)(*at & 0x7f) << shift;
		if (*at < 0x80)
			return v;
	}
	c->failed = true;
	return 0;
}

/* A varint that must fit 32 bits. */
static inline uint32_t rp_cursor_varint32(struct rp_cursor *c)
{
	uint64_t v = rp_cursor_varint(c);

	if (v <= UINT32_MAX)
		return (uint32_t)v;
	c->failed = true;
	return 0;
}

/* Zigzag: small negative numbers are short too.  The result is a difference modulo 2^64. */
static inline uint64_t rp_cursor_delta(struct rp_cursor *c)
{
	uint64_t v = rp_cursor_varint(c);

	return (v >> 1) ^ (0 - (v & 1));
}

static inline struct rp_slice rp_cursor_slice(struct rp_cursor *c)
{
	uint64_t n = rp_cursor_varint(c);
	const uint8_t *at = rp_cursor_bytes(c, n);

	return (struct rp_slice){(const char *)at, at ? (size_t)n : 0};
}

static inline void rp_cursor_put_bytes(struct rp_cursor_out *o, const void *bytes, size_t n)
{
	if (o->failed || n > (size_t)(o->end - o->at)) {
		o->failed = true;
		return;
	}
	if (n)
		memcpy(o->at, bytes, n);
	o->at += n;
}

static inline void rp_cursor_put_fixed(struct rp_cursor_out *o, uint64_t v, unsigned n)
{
	uint8_t bytes[8];

	for (unsigned i = 0; i < n; i++)
		bytes[i] = (uint8_t)(v >> (8 * i));
	rp_cursor_put_bytes(o, bytes, n);
}

static inline void rp_cursor_put_varint(struct rp_cursor_out *o, uint64_t v)
{
	uint8_t bytes[10];
	unsigned n = 0;

	for (; v >= 0x80; v >>= 7)
		bytes[n++] = (uint8_t)(v | 0x80);
	bytes[n++] = (uint8_t)v;
	rp_cursor_put_bytes(o, bytes, n);
}

static inline void rp_cursor_put_delta(struct rp_cursor_out *o, uint64_t difference)
{
	rp_cursor_put_varint(o, (difference << 1) ^ (0 - (difference >> 63)));
}

static inline void rp_cursor_put_slice(struct rp_cursor_out *o, struct rp_slice s, size_t cut)
{
	size_t n = s.n < cut ? s.n : cut;

	rp_cursor_put_varint(o, n);
	rp_cursor_put_bytes(o, s.at, n);
}

#endif
