/* book.h - what threads note of a request in flight, in memory of its own: kept or thrown away.
 *
 * Room: hot.  Several threads may note at once, also from signal handlers: each takes its place by
 * one addition, and says while it is about it.  Read when the request is over and all is quiet.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_BOOK_H
#define RP_HOT_BOOK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include "preload/hot/flight.h"
#include "preload/hot/self.h"
#include "preload/hot/stack.h"
#include "preload/hot/track.h"

/* A stretch of work of a thread ended.  WATCH_NS: the clocks were read from then on; RP_NEVER:
 * they were not.  CPU is of that part; so is the time in the run queue, as our thread saw it last:
 * the kernel's sum, from DELAY_FROM_NS on (0: not looked at), at DELAY_AT_NS.  What the thread
 * knows of it itself: TAIL_NS since MARK_NS.  SWITCHES: of the thread's life, 0: not known. */
struct rp_book_segment {
	uint64_t begin_ns, end_ns, watch_ns, cpu_ns, delay_from_ns, delay_ns, delay_at_ns, switches;
	uint64_t mark_ns, tail_ns, handler_ns, ticks;
	uint32_t n_kinds, reserved;
};

/* ... and follow, N_KINDS of them: its calls by kind, and those of them too short to be told. */
struct rp_book_kind {
	uint32_t kind, calls, shorts, reserved;
	uint64_t bytes, short_ns;
};

/* Head of a note; its body is that of enum rp_note_kind: a sample or a wait and its stack; an await
 * as a wait, without; END: a struct rp_book_segment. */
struct rp_book_note {
	uint32_t bytes;
	uint32_t kind;        /* enum rp_note_kind */
	uint32_t serial, tid; /* of the request: the slot may be another's by now */
};

struct rp_book {
	_Atomic uint32_t used, pushing; /* bytes given away; threads that are about it */
	_Atomic uint32_t annex;         /* index + 1 of the larger memory, 0: none */
	_Atomic uint32_t lost_samples, lost_waits, upstreams;
	bool over_tls;
	struct rp_address client; /* where its peer is a gateway that names one */
	struct rp_text host, protocol, traceparent;
	struct sockaddr_storage peer, local;
	socklen_t n_peer, n_local;
	/* The head as it came, to be parsed if the request is kept; N_HEAD 0: it was parsed, and of
	 * TEXT there is the target alone. */
	uint16_t n_head, target_at, n_target;
	char text[RP_BOOK_TEXT];
};

/* A wait is noted up to the end of its object's name. */
static inline size_t rp_book_wait_bytes(const struct rp_note_wait *n)
{
	return offsetof(struct rp_note_wait, object) + ((n->n_object + 7) & ~7u);
}

/* The book of flight NUMBER. */
struct rp_book *rp_book_of(uint32_t number);

/* For a new request: nothing is noted.  WHOLE: the bytes of HEAD, of which method and target alone
 * were looked at (at most RP_BOOK_TEXT); n 0: all of it was. */
void rp_book_open(uint32_t number, const struct rp_head *head, struct rp_span whole);
/* Nobody is about to note anything. */
bool rp_book_is_quiet(uint32_t number);
/* The annex goes back. */
void rp_book_close(uint32_t number);
void rp_book_forked(uint32_t number);

/* The stack of a sample or wait: N addresses follow. */
struct rp_book_stack {
	uint32_t n, stop, generation, reserved; /* as in struct rp_note_stack; n 0: none */
};

/* Of which request, by which thread. */
struct rp_book_for {
	uint32_t number, serial, tid;
};

static inline struct rp_book_for rp_book_for(const struct rp_self *s)
{
	return (struct rp_book_for){s->request, s->serial, s->tid};
}

/* HEAD and TAIL are put together (multiples of 8 bytes); with REGS the stack of the calling thread
 * is walked and follows.  False: no room, or the request is over. */
bool rp_book_note(struct rp_book_for whose, enum rp_note_kind kind, const void *head, size_t n_head,
                  const void *tail, size_t n_tail, const struct rp_regs *regs);

/* The note of flight NUMBER behind NOTE (NULL: the first), in the order in which their places were
 * taken, book and annex; NULL: no more.  The book is quiet. */
const struct rp_book_note *rp_book_next(uint32_t number, uint32_t serial,
                                        const struct rp_book_note *note);

/* How full the annex is, of 256; 0: there is none. */
unsigned rp_book_fullness(uint32_t number);

#endif
