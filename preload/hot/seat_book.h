/* seat_book.h - the inside of a seat, shared by seat.c (segments, signals) and seat_wait.c (calls).
 *
 * Room: hot.  SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_SEAT_BOOK_H
#define RP_HOT_SEAT_BOOK_H

#include <assert.h>
#include "preload/hot/book.h"
#include "preload/hot/seat.h"

/* What the thread knows of its segment; its own. */
struct rp_seat_book {
	uint64_t begin_ns;
	uint64_t watch_ns, watch_cpu_ns; /* first reading of the CPU clock; RP_NEVER: none yet */
	uint64_t mark_ns, mark_cpu_ns;   /* the last one */
	long mark_voluntary;             /* switches of the thread then; -1: not known */
	uint64_t handler_ns, ticks;
	uint32_t touched; /* kinds that are in use, a bit each */
	/* Descriptor + 1 of its client whose request or answer is not whole yet, and the way of the
	 * bytes: the client may be slow (conn_stall.c). */
	uint32_t talks;
	enum rp_stall_way way;
	struct rp_book_kind kinds[RP_N_WAIT_KINDS];
};

static_assert(RP_N_WAIT_KINDS <= 32, "a bit each");

extern struct rp_seat_book rp_seat_books[RP_MAX_SEATS];

static inline struct rp_seat_book *rp_seat_book(const struct rp_self *s)
{
	return &rp_seat_books[s->seat_number];
}

static inline struct rp_book_kind *rp_seat_kind(struct rp_seat_book *b, enum rp_wait_kind kind)
{
	struct rp_book_kind *k = &b->kinds[kind];

	if (!(b->touched >> kind & 1)) {
		b->touched |= 1u << kind;
		*k = (struct rp_book_kind){.kind = kind};
	}
	return k;
}

/* Is the segment of S watched?  Takes over what our thread has read meanwhile. */
bool rp_seat_watched(struct rp_self *s, struct rp_seat_book *b);

/* The CPU clock was CPU_NS at NOW_NS. */
void rp_seat_mark(struct rp_seat_book *b, uint64_t now_ns, uint64_t cpu_ns);

/* A signal of our thread is on its way, or may be: it is kept out from here on.  True: the host
 * keeps it out anyhow. */
bool rp_seat_hold_back(void);

/* What was on its way has come and is thrown away: the next may pass, if it was let in before. */
void rp_seat_let_pass(struct rp_self *s, bool host_blocks);

#endif
