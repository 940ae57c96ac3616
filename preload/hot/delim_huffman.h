/* delim_huffman.h - the Huffman code of HPACK, octet by octet.
 *
 * Room: hot, pure.  SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_DELIM_HUFFMAN_H
#define RP_HOT_DELIM_HUFFMAN_H

#include <stdbool.h>
#include <stdint.h>

/* A text that is being read; all zeros at its beginning. */
struct rp_huffman {
	uint64_t bits; /* the last N_BITS are not used up */
	uint8_t n_bits;
};

/* One octet more: what it completes goes into TEXT, 0 to 2 bytes; their number.  Negative: no text
 * goes on so. */
int rp_huffman_octet(struct rp_huffman *h, uint8_t octet, char text[2]);

/* The text may end here. */
bool rp_huffman_ends(const struct rp_huffman *h);

#endif
