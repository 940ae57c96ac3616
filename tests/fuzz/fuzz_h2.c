/* fuzz_h2.c - any bytes as frames of HTTP/2, cut anywhere: the same edges, and an end of the work.
 *
 * Input: one byte of choices, four that seed the cuts, then the stream.
 * Needs: tests/support/h2told.c preload/hot/delim_*.c
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "tests/support/h2told.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { HEAD_BYTES = 5, SERVER = 1, LONG_PIECES = 2 };

static struct rp_h2_in in;
static struct rp_h2_out out;
static struct h2told whole, pieces;

static struct rp_h2_side *open_side(bool server)
{
	rp_h2_open_in(&in);
	rp_h2_open_out(&out);
	return server ? &out.side : &in.side;
}

/* Exactly as long as it is, so that a sanitizer sees one byte too far. */
static void feed(struct h2told *t, struct rp_h2_side *side, const uint8_t *bytes, size_t n)
{
	char *piece = malloc(n ? n : 1);

	if (!piece)
		abort();
	if (n)
		memcpy(piece, bytes, n);
	h2told_feed(t, side, piece, n);
	free(piece);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	uint32_t seed;

	if (n < HEAD_BYTES || n > (256 << 10))
		return 0;
	bool server = bytes[0] & SERVER;
	uint32_t longest = bytes[0] & LONG_PIECES ? 2000 : 7;

	memcpy(&seed, bytes + 1, sizeof(seed));
	seed |= 1;
	bytes += HEAD_BYTES;
	n -= HEAD_BYTES;
	memset(&whole, 0, sizeof(whole));
	memset(&pieces, 0, sizeof(pieces));
	feed(&whole, open_side(server), bytes, n);
	struct rp_h2_side *side = open_side(server);

	for (size_t at = 0; at < n;) {
		seed = seed * 1664525 + 1013904223;
		size_t piece = seed % (longest + 1);

		piece = piece < n - at ? piece : n - at;
		feed(&pieces, side, bytes + at, piece);
		at += piece;
	}
	if (strcmp(whole.text, pieces.text) != 0)
		abort();
	return 0;
}
