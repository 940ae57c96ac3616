/* crc32c.c - see crc32c.h.  Slice-by-8 over constant tables, so nothing is built at run time.
 *
 * Room: store, also linked into the shim.
 * SPDX-License-Identifier: MIT
 */
#include "store/crc32c.h"

/* The sum is linear: the entry of a byte is the xor of the entries of its bits.  So eight numbers
 * (polynomial 0x1edc6f41, reflected) make a table, and the compiler writes out the rest. */
#define BIT(i, b, v) ((i) >> (b)&1 ? (v) : 0u)
#define AT(i, a, b, c, d, e, f, g, h)                                                              \
	(BIT(i, 0, a) ^ BIT(i, 1, b) ^ BIT(i, 2, c) ^ BIT(i, 3, d) ^ BIT(i, 4, e) ^ BIT(i, 5, f) ^ \
	 BIT(i, 6, g) ^ BIT(i, 7, h))
#define X4(i, ...)                                                                                 \
	AT(i, __VA_ARGS__), AT((i) + 1, __VA_ARGS__), AT((i) + 2, __VA_ARGS__),                    \
	        AT((i) + 3, __VA_ARGS__)
#define X16(i, ...)                                                                                \
	X4(i, __VA_ARGS__), X4((i) + 4, __VA_ARGS__), X4((i) + 8, __VA_ARGS__),                    \
	        X4((i) + 12, __VA_ARGS__)
#define X64(i, ...)                                                                                \
	X16(i, __VA_ARGS__), X16((i) + 16, __VA_ARGS__), X16((i) + 32, __VA_ARGS__),               \
	        X16((i) + 48, __VA_ARGS__)
#define TABLE(...)                                                                                 \
	{                                                                                          \
		X64(0, __VA_ARGS__), X64(64, __VA_ARGS__), X64(128, __VA_ARGS__),                  \
		        X64(192, __VA_ARGS__)                                                      \
	}

/* crc_table[k][byte]: the byte with k zero bytes after it. */
static const uint32_t crc_table[8][256] = {
        TABLE(0xf26b8303, 0xe13b70f7, 0xc79a971f, 0x8ad958cf, 0x105ec76f, 0x20bd8ede, 0x417b1dbc,
              0x82f63b78),
        TABLE(0x13a29877, 0x274530ee, 0x4e8a61dc, 0x9d14c3b8, 0x3fc5f181, 0x7f8be302, 0xff17c604,
              0xfbc3faf9),
        TABLE(0xa541927e, 0x4f6f520d, 0x9edea41a, 0x38513ec5, 0x70a27d8a, 0xe144fb14, 0xc76580d9,
              0x8b277743),
        TABLE(0xdd45aab8, 0xbf672381, 0x7b2231f3, 0xf64463e6, 0xe964b13d, 0xd725148b, 0xaba65fe7,
              0x52a0c93f),
        TABLE(0x38116fac, 0x7022df58, 0xe045beb0, 0xc5670b91, 0x8f2261d3, 0x1ba8b557, 0x37516aae,
              0x6ea2d55c),
        TABLE(0xef306b19, 0xdb8ca0c3, 0xb2f53777, 0x6006181f, 0xc00c303e, 0x85f4168d, 0x0e045beb,
              0x1c08b7d6),
        TABLE(0x68032cc8, 0xd0065990, 0xa5e0c5d1, 0x4e2dfd53, 0x9c5bfaa6, 0x3d5b83bd, 0x7ab7077a,
              0xf56e0ef4),
        TABLE(0x493c7d27, 0x9278fa4e, 0x211d826d, 0x423b04da, 0x847609b4, 0x0d006599, 0x1a00cb32,
              0x34019664),
};

static uint32_t eight_more(uint32_t crc, const uint8_t *at)
{
	crc ^= (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
	return crc_table[7][crc & 0xff] ^ crc_table[6][crc >> 8 & 0xff] ^
	       crc_table[5][crc >> 16 & 0xff] ^ crc_table[4][crc >> 24] ^ crc_table[3][at[4]] ^
	       crc_table[2][at[5]] ^ crc_table[1][at[6]] ^ crc_table[0][at[7]];
}

uint32_t rp_crc32c(uint32_t crc, const void *bytes, size_t n)
{
	const uint8_t *at = bytes;

	crc = ~crc;
	for (; n >= 8; at += 8, n -= 8)
		crc = eight_more(crc, at);
	for (; n; at++, n--)
		crc = crc >> 8 ^ crc_table[0][(crc ^ *at) & 0xff];
	return ~crc;
}
