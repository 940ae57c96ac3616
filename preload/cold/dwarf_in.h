/* dwarf_in.h - bytes of a DWARF section to values, bounded, with sticky failure.
 *
 * Room: cold.  After the first short read every value is 0 and `bad` stays set.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_DWARF_IN_H
#define RP_COLD_DWARF_IN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct rp_din {
	const uint8_t *at, *end;
	bool bad;
};

/* N bytes, or NULL. */
static inline const uint8_t *rp_din_take(struct rp_din *in, uint64_t n)
{
	const uint8_t *at = in->at;

	if (in->bad || n > (uint64_t)(in->end - at)) {
		in->bad = true;
		return NULL;
	}
	in->at += n;
	return at;
}

/* An unsigned number of N (1, 2, 4, 8) bytes. */
static inline uint64_t rp_din_uint(struct rp_din *in, unsigned n)
{
	const uint8_t *at = rp_din_take(in, n);
	uint64_t value = 0;

	if (at)
		memcpy(&value, at, n);
	return value;
}

static inline uint8_t rp_din_u8(struct rp_din *in)
{
	return (uint8_t)rp_din_uint(in, 1);
}

/* LEB128; SIGNED_ fills up with the sign.  More than 64 bits: the rest is dropped. */
static inline uint64_t rp_din_leb(struct rp_din *in, bool signed_)
{
	uint64_t value = 0;
	unsigned shift = 0;
	uint8_t byte;

	do {
		byte = rp_din_u8(in);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	if (signed_ && (byte & 0x40) && shift < 64)
		value |= ~(uint64_t)0 << shift;
	return value;
}

static inline uint64_t rp_din_uleb(struct rp_din *in)
{
	return rp_din_leb(in, false);
}

static inline int64_t rp_din_sleb(struct rp_din *in)
{
	return (int64_t)rp_din_leb(in, true);
}

/* An encoded pointer (DW_EH_PE_*).  ADDR_OF_START + (position - START) is where it stands.
 * Not known how to: bad. */
static inline uint64_t rp_din_pointer(struct rp_din *in, uint8_t encoding, const uint8_t *start,
                                      uint64_t addr_of_start)
{
	static const uint8_t sizes[16] = {8, 0, 2, 4, 8, 0, 0, 0, 0, 0, 2, 4, 8};
	uint64_t here = addr_of_start + (uint64_t)(in->at - start);
	unsigned n = sizes[encoding & 15];
	uint64_t value;

	if (n == 0 && (encoding & 7) == 1)
		value = rp_din_leb(in, encoding & 8);
	else
		value = n ? rp_din_uint(in, n) : (in->bad = true, 0);
	if ((encoding & 8) && (n == 2 || n == 4))
		value = n == 2 ? (uint64_t)(int16_t)value : (uint64_t)(int32_t)value;
	if ((encoding & 0x70) == 0x10)
		return value + here;
	if (encoding & 0x70)
		in->bad = true; /* text-, data-, function-relative, aligned: nobody's .eh_frame here
		                 */
	return value;
}

#endif
