/* heads.h - our lines in the answers of flagged requests: X-Reqprof-Id and Server-Timing.
 *
 * Room: hot.  HTTP/1.x, plain and inside TLS.  They are made when their place is offered, so they
 * tell what is known at the first write.  Everything else of the answer goes out as the host gave
 * it, by calls of the same kind, and the host hears of its own bytes only (rewrite.h); what the
 * kernel did not take of ours goes before the next of the host's.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_HEADS_H
#define RP_HOT_HEADS_H

#include <stdbool.h>
#include <stddef.h>
#include "preload/hot/conn_slot.h"
#include "preload/hot/offer_part.h"
#include "preload/hot/request.h"
#include "preload/hot/rewrite.h"

/* Of one flagged request. */
struct rp_heads {
	struct rp_conn *_Atomic conn; /* NULL: nobody's */
	uint32_t serial;              /* of the request */
	_Atomic uint8_t busy;         /* a thread sends */
	bool held;                    /* bytes are owed: counted in rp_n_answers */
	struct rp_insert insert;
	size_t untold; /* TLS: bytes of the host's call that are out, though it was told "again" */
	char lines[RP_LINES_BYTES];
};

/* The flagged request R with HEAD came on C. */
void rp_heads_want(struct rp_conn *c, const struct rp_request *r, const struct rp_head *head);

/* rp_offer_take, where answers of C get lines. */
bool rp_heads_offer(struct rp_conn *c, const struct rp_offer *o, ssize_t *put);

/* PART, which is not the whole call, goes to the kernel as the host meant it, with lines where they
 * belong; what of it did, or -1. */
ssize_t rp_heads_pass(struct rp_conn *c, const struct rp_offer *o, struct rp_part part);

/* Where PART is not sent but kept to be sent later: the lines that come before any of it, composed;
 * NULL: none do, BEFORE so many bytes of it. */
struct rp_heads *rp_heads_due(struct rp_conn *c, const struct rp_offer *o,
                              const struct rp_part *part, size_t *before);

/* A call into the host's TLS library: gives it N bytes at BUF.  *PUT: how many it took; its word,
 * which says why when it took none. */
struct rp_heads_call {
	long (*give)(const struct rp_heads_call *call, const void *buf, size_t n, size_t *put);
	const void *of;
	bool pieces; /* a host that was told "again" need not come with the same bytes (GnuTLS) */
};

/* The host writes N bytes at BUF into the TLS that FD carries: the word of the last call; *PUT: how
 * many of its bytes it is told, 0: the word is what it gets. */
long rp_heads_tls(int fd, const void *buf, size_t n, const struct rp_heads_call *call, size_t *put);

/* Bytes of the answer to (NUMBER, SERIAL) are said (conn_out.c; NULL: unseen). */
void rp_heads_said(struct rp_conn *c, uint32_t number, uint32_t serial, const char *bytes,
                   size_t n);

/* C dies. */
void rp_heads_over(struct rp_conn *c);
/* In a forked child: they are the parent's. */
void rp_heads_forked(void);

/* heads.c, for those that send: the lines of C that are under way or owed, else those of the
 * request that is answered now; NULL: none.  Taken, until they are let go. */
struct rp_heads *rp_heads_take(struct rp_conn *c);
void rp_heads_let(struct rp_conn *c, struct rp_heads *h);
/* Composes the lines, as many as there is room for. */
void rp_heads_compose(struct rp_heads *h);

#endif
