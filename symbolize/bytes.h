/* bytes.h - little-endian values off the bytes of a debug section, never behind their end.
 *
 * Room: symbolize, private.  A read that does not fit gives 0 and leaves nothing to read: loops
 * over what is left end by themselves.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_BYTES_H
#define RP_SYMBOLIZE_BYTES_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct rp_bytes {
	const uint8_t *at, *end;
};

static inline size_t rp_bytes_left(const struct rp_bytes *b)
{
	return (size_t)(b->end - b->at);
}

static inline bool rp_bytes_skip(struct rp_bytes *b, uint64_t n)
{
	bool fits = n <= rp_bytes_left(b);

	if (!fits)
		b->at = b->end;
	else if (n) /* nothing may be at NULL */
		b->at += n;
	return fits;
}

static inline uint8_t rp_bytes_u8(struct rp_bytes *b)
{
	return b->at < b->end ? *b->at++ : 0;
}

static inline uint16_t rp_bytes_u16(struct rp_bytes *b)
{
	uint16_t value = 0;

	if (rp_bytes_skip(b, sizeof(value)))
		memcpy(&value, b->at - sizeof(value), sizeof(value));
	return le16toh(value);
}

static inline uint32_t rp_bytes_u32(struct rp_bytes *b)
{
	uint32_t value = 0;

	if (rp_bytes_skip(b, sizeof(value)))
		memcpy(&value, b->at - sizeof(value), sizeof(value));
	return le32toh(value);
}

static inline uint64_t rp_bytes_u64(struct rp_bytes *b)
{
	uint64_t value = 0;

	if (rp_bytes_skip(b, sizeof(value)))
		memcpy(&value, b->at - sizeof(value), sizeof(value));
	return le64toh(value);
}

/* A value of N bytes: 1, 2, 3, 4 or 8. */
static inline uint64_t rp_bytes_sized(struct rp_bytes *b, unsigned n)
{
	uint64_t low;

	switch (n) {
	case 1:
		return rp_bytes_u8(b);
	case 2:
		return rp_bytes_u16(b);
	case 3:
		low = rp_bytes_u16(b);
		return low | (uint64_t)rp_bytes_u8(b) << 16;
	case 4:
		return rp_bytes_u32(b);
	default:
		return rp_bytes_u64(b);
	}
}

/* LEB128; bits above the 64th are lost. */
static inline uint64_t rp_bytes_uleb(struct rp_bytes *b)
{
	uint64_t value = 0;

	if (b->at < b->end && *b->at < 0x80)
		return *b->at++;
	for (unsigned shift = 0; b->at < b->end; shift += 7) {
		uint8_t byte = *b->at++;

		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			break;
	}
	return value;
}

static inline int64_t rp_bytes_sleb(struct rp_bytes *b)
{
	uint64_t value = 0;
	unsigned shift = 0;
	uint8_t byte = 0;

	while (b->at < b->end) {
		byte = *b->at++;
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
		if (byte < 0x80)
			break;
	}
	if (shift < 64 && (byte & 0x40))
		value |= ~UINT64_C(0) << shift;
	return (int64_t)value;
}

/* The text up to its NUL, which is read as well; NULL, and nothing left, without one. */
static inline const char *rp_bytes_text(struct rp_bytes *b)
{
	const uint8_t *from = b->at;
	const uint8_t *nul = rp_bytes_left(b) ? memchr(from, 0, rp_bytes_left(b)) : NULL;

	b->at = nul ? nul + 1 : b->end;
	return nul ? (const char *)from : NULL;
}

#endif
