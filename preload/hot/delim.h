/* delim.h - bytes of a connection in, edges of requests out.  Pure.
 *
 * Room: hot.  No clock, no descriptor, no allocation, no libc beyond mem*; fuzzed as it stands.
 * The request side (rp_delim_in) and the response side (rp_delim_out) are separate states: the
 * reading thread owns one, the writing thread the other.  HTTP/1.x (RFC 9112); what else a
 * connection may carry is in delim_wires.h.  No head is kept longer than it is incomplete.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_DELIM_H
#define RP_HOT_DELIM_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "preload/hot/delim_address.h"

enum { RP_HEAD_MAX = 64 << 10 }; /* bytes of a request head; longer: not ours */

struct rp_span {
	const char *at;
	size_t n;
};

/* What a connection carries, known by its first bytes. */
enum rp_wire {
	RP_WIRE_OPEN,
	RP_WIRE_HTTP,
	RP_WIRE_FCGI,
	RP_WIRE_SCGI,
	RP_WIRE_UWSGI,
	RP_WIRE_PROXY,
	RP_WIRE_H2,
};

/* What must be known of the request that is being answered. */
enum {
	RP_ASKED_HEAD = 1,
	RP_ASKED_CONNECT = 2,
	RP_ASKED_CGI = 4,     /* the answer may have CGI's head: "Status:" and no status line */
	RP_ASKED_RECORDS = 8, /* it comes in FastCGI's records */
};

/* A request head, complete; spans point into the caller's or the kept bytes and live until the
 * next call of rp_delim_in_feed.  A header that was not there has .at NULL. */
struct rp_head {
	struct rp_span method, target, protocol; /* target as sent; protocol "HTTP/1.1" */
	struct rp_span host, traceparent;
	struct rp_span trigger; /* the X-Reqprof value */
	struct rp_span query;   /* where it comes apart from the target; else it is in there */
	struct rp_address peer; /* the client, where somebody in between names it */
	uint8_t wire;           /* enum rp_wire */
	uint16_t request_id;    /* FastCGI's */
	uint8_t asked;          /* of RP_ASKED_*, what its wire says of the answer */
	bool forwarded;         /* Forwarded, X-Forwarded-*, X-Real-IP or Via was there */
	bool is_head, is_connect, upgrade, expect;
	bool close; /* the client asked for close, or HTTP/1.0 without keep-alive */
	bool chunked;
	uint64_t body_bytes;          /* Content-Length; 0 when none or chunked */
	struct rp_span forwarded_for; /* the last X-Forwarded-For value; HTTP/2's is not kept */
};

enum rp_in_event {
	RP_IN_MORE,   /* all bytes consumed (but see want_kept); nothing to tell */
	RP_IN_BEGIN,  /* first bytes of a head that this feed does not complete: take the time */
	RP_IN_HEAD,   /* *head is filled */
	RP_IN_BODY,   /* the body is complete (also right after HEAD when there is none) */
	RP_IN_PEER,   /* a PROXY preface: head->peer is the client of all that follows */
	RP_IN_H2,     /* HTTP/2 from here on: delim_h2.h */
	RP_IN_OPAQUE, /* nothing that we know, or a border was lost: nothing more will come */
};

/* Where a side of a FastCGI connection is in its records. */
struct rp_record {
	uint16_t id, content;  /* the request's, 0: not known; bytes of this record still to come */
	uint8_t type, padding; /* padding bytes still to come */
	uint8_t n_head;        /* bytes of its head so far */
	uint8_t flags;
};

/* The places that both sides know; others are the side's own. */
enum { RP_DELIM_BETWEEN, RP_DELIM_LENGTH /* in a body of which LEFT bytes are to come */ };

/* Request side.  Zero is the state of a fresh connection. */
struct rp_delim_in {
	uint64_t left;    /* body or chunk bytes still to come */
	uint32_t n_kept;  /* bytes of the incomplete head in the kept buffer */
	uint32_t scanned; /* of these, already searched for the end */
	uint8_t state, aux;
	uint8_t wire; /* enum rp_wire */
	uint8_t reserved[5];
	struct rp_record record;
};
static_assert(sizeof(struct rp_delim_in) <= 32, "one a connection (limits.h)");

/* Gives bytes at *BYTES (N of them): consumes some, advances *BYTES and *N, returns one event.
 * Call again until RP_IN_MORE or RP_IN_OPAQUE: events may be due with no byte left.  KEPT is the
 * connection's buffer of RP_HEAD_MAX bytes, or NULL when it has none: when one is needed
 * *want_kept is set with RP_IN_MORE, the bytes are not consumed and must be offered again with a
 * buffer (still NULL: RP_IN_OPAQUE).  It may be taken back whenever n_kept is 0; a head that was
 * assembled in it holds it until the call after RP_IN_HEAD. */
enum rp_in_event rp_delim_in_feed(struct rp_delim_in *d, const char **bytes, size_t *n, char *kept,
                                  bool *want_kept, struct rp_head *head);

enum rp_out_event {
	RP_OUT_MORE,
	RP_OUT_FIRST,    /* first byte of a response, 1xx included; once an exchange */
	RP_OUT_STATUS,   /* a final status line was read: d->status; 1xx are passed over silently */
	RP_OUT_END,      /* the last byte of the response; ready for the next one */
	RP_OUT_UPGRADED, /* 101 (no RP_OUT_STATUS), or 2xx to CONNECT: nothing more will come */
	RP_OUT_OPAQUE,   /* not a response, or a border was lost */
};

/* Response side.  Zero is the state of a fresh connection. */
struct rp_delim_out {
	uint64_t left;
	uint16_t status;
	uint8_t state, aux;
	uint8_t close_delimited; /* 1: the response ends with the connection, never RP_OUT_END */
	uint8_t n_line;          /* bytes kept of the current header line */
	uint8_t to_h2;           /* with RP_OUT_UPGRADED: HTTP/2 follows */
	uint8_t reserved;
	char line[40]; /* enough for the names and values that delimit */
	struct rp_record record;
};
static_assert(sizeof(struct rp_delim_out) <= 64, "one a connection (limits.h)");

/* As rp_delim_in_feed.  ASKED: RP_ASKED_* of the oldest unanswered request; looked at when the
 * head of its final response ends.  *BYTES NULL passes N body bytes unseen (sendfile, splice);
 * more of them than the body or chunk has: RP_OUT_OPAQUE. */
enum rp_out_event rp_delim_out_feed(struct rp_delim_out *d, const char **bytes, size_t *n,
                                    unsigned asked);

/* N bytes inside a body of known length that goes on behind them: passed over, true; no event
 * could come of them.  Else false, and nothing has changed. */
static inline bool rp_delim_skip(uint64_t *left, uint8_t state, size_t n)
{
	if (state != RP_DELIM_LENGTH || n >= *left)
		return false;
	*left -= n;
	return true;
}

#endif
