/* wire.h - feeds both sides of the delimiter in pieces and writes down what they tell.
 *
 * Room: tests.  Every piece lies against an unmapped page.  The transcript has no trace of where
 * the cuts were, so transcripts of the same bytes must be equal.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_TESTS_WIRE_H
#define RP_TESTS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include "preload/hot/delim.h"

enum { WIRE_MAX = 16 << 10, WIRE_SHORT = 150 };

struct wire {
	char said[WIRE_MAX]; /* NUL-terminated; cut when it would be longer */
	size_t n_said;
	size_t at;       /* offset of the next byte in the whole stream */
	bool over;       /* the last event of the stream was told */
	unsigned begins; /* RP_IN_BEGIN since the last head */
	bool no_buffer;  /* the connection has no buffer to keep heads in */
	struct rp_delim_in in;
	struct rp_delim_out out;
	const unsigned char *asked; /* RP_ASKED_* of each response; NULL: none */
	size_t n_asked, response;
	char kept[RP_HEAD_MAX];
};

/* A fresh connection in the caller's W. */
void wire_open(struct wire *w);

/* The next N bytes from the client, or to it.  Aborts when more events come than bytes allow. */
void wire_request(struct wire *w, const char *bytes, size_t n);
void wire_response(struct wire *w, const char *bytes, size_t n);

/* N bytes of a response that the delimiter does not see. */
void wire_unseen(struct wire *w, size_t n);

/* A stream and the transcript that it must give. */
struct wire_case {
	const char *name, *bytes;
	size_t n;
	const char *said;
	const unsigned char *asked;
	size_t n_asked;
};

typedef void wire_feed(struct wire *w, const char *bytes, size_t n);

/* C gives its transcript whole, byte by byte, with every single cut, and with every pair of cuts
 * when it is WIRE_SHORT.  False: w->said has the other transcript. */
bool wire_cut_everywhere(struct wire *w, wire_feed *feed, const struct wire_case *c);

#endif
