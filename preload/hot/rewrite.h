/* rewrite.h - lines of ours in the head of an answer: where they go, and what one call then sends.
 *
 * Room: hot, pure: no clock, no descriptor, no memory of its own.  Lines go in front of the empty
 * line of the final head, so nothing of it need be held back: what comes before has been read by
 * then, and a head that is not plain HTTP/1.x, or that has our line already (an upstream under the
 * same shim), never gets any.  Bytes of the host stay what they are, where they are.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_REWRITE_H
#define RP_HOT_REWRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* The line that is ours alone, without its colon. */
#define RP_REWRITE_NAME "x-reqprof-id"

enum { RP_REWRITE_MAX = 64 << 10 /* bytes of a head; longer: not ours */, RP_EMPTY_LINE = 2 };

/* How far the heads of one answer are read: zero before its first byte. */
struct rp_rewrite {
	uint8_t state;
	uint8_t n_name; /* bytes of this line's name so far */
	uint8_t same;   /* they are those of RP_REWRITE_NAME */
	uint16_t status;
	uint32_t n; /* bytes of heads so far */
};

enum rp_rewrite_event {
	RP_REWRITE_MORE,  /* all bytes are read */
	RP_REWRITE_HERE,  /* they end with the empty line, of RP_EMPTY_LINE bytes */
	RP_REWRITE_NEVER, /* no line of ours belongs into this answer (any more) */
};

/* Reads bytes at *BYTES (N of them), advances both. */
enum rp_rewrite_event rp_rewrite_feed(struct rp_rewrite *r, const char **bytes, size_t *n);

/* The lines of one answer, and what became of them. */
enum rp_insert_state {
	RP_INSERT_OVER, /* there is nothing to do (any more) */
	RP_INSERT_WANT, /* their place has not come yet */
	RP_INSERT_PART, /* some bytes of them are out: the rest goes before any other */
};
struct rp_insert {
	uint8_t state;
	struct rp_rewrite rewrite; /* of the bytes that are out */
	const char *lines;
	uint16_t n, sent;
};

/* One call of the host; with lines in between, "woven" bytes are both. */
struct rp_weave {
	const struct iovec *iov; /* the host's */
	size_t n_iov, n;
	size_t at; /* so many of its bytes before the lines */
	const char *lines;
	size_t n_lines; /* 0: none */
};

/* Is the place of the lines in the host's bytes of W, or before them?  Fills AT; the lines are the
 * caller's to fill in. */
bool rp_insert_find(const struct rp_insert *i, struct rp_weave *w);
/* So many bytes of the lines are out. */
void rp_insert_took(struct rp_insert *i, size_t n_lines);
/* N bytes of the host are (BYTES NULL: unseen). */
void rp_insert_said(struct rp_insert *i, const char *bytes, size_t n);

/* The woven bytes behind the first DONE, in at most MOST pieces; their number.  *N: the bytes. */
size_t rp_weave_pieces(const struct rp_weave *w, size_t done, struct iovec *out, size_t most,
                       size_t *n);

/* Of the first DONE bytes, those of the host. */
size_t rp_weave_of_host(const struct rp_weave *w, size_t done);

#endif
