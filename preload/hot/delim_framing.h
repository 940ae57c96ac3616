/* delim_framing.h - how long a message body is: Content-Length, Transfer-Encoding, chunks.
 *
 * Room: hot, pure.  Shared by the two sides of the delimiter (RFC 9112 section 6 and 7).
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_DELIM_FRAMING_H
#define RP_HOT_DELIM_FRAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "preload/hot/delim.h"

/* What the headers said so far. */
enum { RP_FRAMED_LENGTH = 1, RP_FRAMED_CHUNKED = 2, RP_FRAMED_BAD = 4 };

enum rp_chunk_event { RP_CHUNK_MORE, RP_CHUNK_END, RP_CHUNK_BAD };

/* N bytes of TEXT are those of WORD (lower case) but for case. */
bool rp_framing_spells(const char *text, const char *word, size_t n);

/* LINE begins with NAME (lower case) in any case, followed by a colon or a blank.  Inline: nearly
 * every line is turned away by its length or by the byte where the colon would be. */
static inline bool rp_framing_named(const char *line, size_t n, const char *name, size_t n_name)
{
	if (n <= n_name || (line[n_name] != ':' && (unsigned char)line[n_name] > ' '))
		return false;
	return rp_framing_spells(line, name, n_name);
}

/* The part of LINE after its name of N_NAME bytes and the colon, without blanks around it; line
 * ends inside (obs-fold) count as blanks.  .at NULL: no colon follows the name directly. */
struct rp_span rp_framing_value(const char *line, size_t n, size_t n_name);

/* TEXT without blanks and line ends around it. */
struct rp_span rp_framing_trim(struct rp_span text);

/* Two texts are equal but for case; WORD is lower case. */
bool rp_framing_same(struct rp_span text, const char *word);

/* A Content-Length: digits and no more, below 2^63. */
bool rp_framing_length(struct rp_span text, uint64_t *length);

/* The comma-separated LIST has WORD (lower case) among its elements. */
bool rp_framing_lists(struct rp_span list, const char *word);

/* Takes LINE in when it is Content-Length or Transfer-Encoding (true): adds to FLAGS and fills
 * LENGTH.  What servers read differently becomes RP_FRAMED_BAD. */
bool rp_framing_take(uint8_t *flags, uint64_t *length, const char *line, size_t n);

/* The headers of a complete head agree on one length.  HTTP10: of an HTTP/1.0 message. */
bool rp_framing_agrees(uint8_t flags, bool http10);

/* Chunked body: consumes up to and including the trailers' end.  LEFT and STEP are zero before
 * the first byte. */
enum rp_chunk_event rp_chunk_feed(uint64_t *left, uint8_t *step, const char **bytes, size_t *n);

/* Passes N bytes of chunk data unseen; false when they do not fit into the current chunk. */
bool rp_chunk_skip(uint64_t *left, uint8_t *step, size_t n);

#endif
