/* delim_h2.h - frames of HTTP/2 (RFC 9113) in, edges of streams out.  One side of a connection.
 *
 * Room: hot, pure.  Bytes behind the client's preface, or the server's from its first frame on.  A
 * side has 13 KiB at most, whatever the other end sends.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_DELIM_H2_H
#define RP_HOT_DELIM_H2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "preload/hot/delim.h"
#include "preload/hot/delim_hpack.h"

enum rp_h2_event {
	RP_H2_MORE,   /* all bytes consumed */
	RP_H2_PASS,   /* (a piece of) a frame passed */
	RP_H2_HEAD,   /* a request begins: its head is complete */
	RP_H2_STATUS, /* a final answer begins: its status; 1xx are passed over */
	RP_H2_END,    /* this side of the stream has said its last */
	RP_H2_RESET,  /* the stream is over, for both sides */
	RP_H2_BAD,    /* not HTTP/2, or a border was lost: nothing more will come */
};

/* What an event says beside its name. */
struct rp_h2_told {
	uint32_t stream; /* 0: the connection's */
	uint32_t bytes;  /* of the wire, that are told with this event and no other */
	bool wide;       /* a frame that may set others going than its own stream */
	uint16_t status;
	bool unsure;         /* a field of the head could not be known any more */
	struct rp_head head; /* of RP_H2_HEAD; its spans live until the side's next field block */
};

enum { RP_H2_TEXT = 6 << 10, RP_H2_VALUES = 5 << 10, RP_H2_ENTRIES = 128, RP_H2_STATUSES = 32 };

struct rp_h2_side {
	uint32_t stream, left; /* of the frame under way: its stream, its payload still to come */
	uint32_t block;        /* the stream whose field block goes on, 0: none */
	uint32_t newest;       /* the client's newest stream */
	uint8_t head[9], n_head, type, flags;
	uint8_t skip, pad; /* bytes of payload before and behind a field block */
	uint8_t due;       /* an event that waits for the next feed */
	bool server, padded, opens, ends, promised; /* of the block */
	uint16_t status;                            /* of the block, as the rest */
	struct rp_span method, path, authority, host, trigger, traceparent;
	bool forwarded;
	struct rp_hpack hpack;
};

/* The client's side has more to remember than the server's. */
struct rp_h2_in {
	struct rp_h2_side side;
	struct rp_hpack_entry entries[RP_H2_ENTRIES];
	char text[RP_H2_TEXT], values[RP_H2_VALUES];
};

struct rp_h2_out {
	struct rp_h2_side side;
	struct rp_hpack_entry entries[RP_H2_STATUSES];
	char text[16], values[128];
};

/* These are the first bytes of a server that need not wait for its client's: SETTINGS. */
bool rp_h2_speaks_first(const char *bytes, size_t n);

void rp_h2_open_in(struct rp_h2_in *in);
void rp_h2_open_out(struct rp_h2_out *out);
/* TO goes on as FROM, which is between two field blocks, would. */
void rp_h2_copy_in(struct rp_h2_in *to, const struct rp_h2_in *from);

/* Gives bytes at *BYTES (N of them): consumes some, advances *BYTES and *N, returns one event and
 * what it tells.  Call again until RP_H2_MORE or RP_H2_BAD: events may be due with no byte left.
 * *BYTES NULL passes N bytes of one frame of DATA unseen. */
enum rp_h2_event rp_h2_feed(struct rp_h2_side *s, const char **bytes, size_t *n,
                            struct rp_h2_told *told);

#endif
