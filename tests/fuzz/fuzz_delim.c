/* fuzz_delim.c - any bytes, cut anywhere: the same edges, and an end of the work.
 *
 * Input: one byte of choices, four that seed the cuts, then the stream.
 * Needs: tests/support/wire.c tests/support/guard.c preload/hot/delim_*.c
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "tests/support/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { HEAD_BYTES = 5, RESPONSE = 1, LONG_PIECES = 2, ASKED_SHIFT = 2, ASKED = 15 };

static struct wire whole, pieces;

/* xorshift; never 0 */
static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void feed_cut(struct wire *w, wire_feed *feed, const char *stream, size_t n, uint32_t seed,
                     uint32_t longest)
{
	for (size_t at = 0; at < n;) {
		size_t piece = next_random(&seed) % (longest + 1);

		if (piece > n - at)
			piece = n - at;
		feed(w, stream + at, piece);
		at += piece;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static unsigned char asked[64];
	uint32_t seed;

	if (n < HEAD_BYTES || n > (512 << 10))
		return 0;
	wire_feed *feed = bytes[0] & RESPONSE ? wire_response : wire_request;
	const char *stream = (const char *)bytes + HEAD_BYTES;
	uint32_t longest = bytes[0] & LONG_PIECES ? 4000 : 9;

	memcpy(&seed, bytes + 1, sizeof(seed));
	memset(asked, bytes[0] >> ASKED_SHIFT & ASKED, sizeof(asked));
	n -= HEAD_BYTES;
	wire_open(&whole);
	wire_open(&pieces);
	whole.asked = pieces.asked = asked;
	whole.n_asked = pieces.n_asked = sizeof(asked);
	feed(&whole, stream, n);
	feed_cut(&pieces, feed, stream, n, seed | 1, longest);
	if (strcmp(whole.said, pieces.said) != 0)
		abort();
	return 0;
}
