/* h2wire.h - frames of HTTP/2 as a peer writes them; the field blocks are nghttp2's.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#ifndef RP_TESTS_H2WIRE_H
#define RP_TESTS_H2WIRE_H

#include <stddef.h>
#include <stdint.h>

enum { H2WIRE_BYTES = 1 << 20 };

enum {
	H2WIRE_DATA,
	H2WIRE_HEADERS,
	H2WIRE_PRIORITY,
	H2WIRE_RST,
	H2WIRE_SETTINGS,
	H2WIRE_PUSH,
	H2WIRE_PING,
	H2WIRE_GOAWAY,
	H2WIRE_WINDOW,
	H2WIRE_CONTINUATION,
};

enum { H2WIRE_ENDS = 1, H2WIRE_WHOLE = 4, H2WIRE_PADDED = 8, H2WIRE_WEIGHED = 0x20 };

struct h2wire {
	void *deflater; /* one side's: its table goes on from block to block */
	size_t n;
	char bytes[H2WIRE_BYTES];
};

/* An encoder whose table may have TABLE bytes. */
void h2wire_open(struct h2wire *w, size_t table);
void h2wire_close(struct h2wire *w);

void h2wire_frame(struct h2wire *w, unsigned type, unsigned flags, unsigned stream,
                  const void *payload, size_t n);

/* A block of FIELDS: NAME, VALUE, ..., NULL; a name with '!' before it is never indexed.  Its bytes
 * in TO (of ROOM). */
size_t h2wire_block(struct h2wire *w, const char *const *fields, void *to, size_t room);

/* HEADERS with that block, ended by FLAGS but for H2WIRE_WHOLE: in pieces of PIECE bytes, the
 * others in CONTINUATION. */
void h2wire_headers(struct h2wire *w, unsigned flags, unsigned stream, const char *const *fields,
                    size_t piece);

#endif
