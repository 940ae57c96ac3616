/* track.h - what one thread saw while it worked for one request: a ring from it to the drain.
 *
 * Room: hot.  One writer (the owning thread, also from signal handlers), one reader (cold/drain.c).
 * A push never blocks: full means drop and count.  A handler may push in the middle of a push of
 * the same thread: both are told when the outer one is done.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_TRACK_H
#define RP_HOT_TRACK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "preload/limits.h"
#include "store/records.h"

/* Kinds of note, and what follows their head. */
enum rp_note_kind {
	RP_NOTE_SKIP,    /* padding up to the end of the ring */
	RP_NOTE_SAMPLE,  /* struct rp_note_sample, then its stack */
	RP_NOTE_WAIT,    /* struct rp_note_wait, then its stack */
	RP_NOTE_END,     /* struct rp_note_end */
	RP_NOTE_STALL,   /* struct rp_note_stall */
	RP_NOTE_AWAIT,   /* in books only (book.h) */
	RP_NOTE_HANDOFF, /* struct rp_note_handoff */
	RP_NOTE_LINK,    /* struct rp_note_link */
	RP_NOTE_HELD,    /* struct rp_note_held of the wait before it, then the holder's stack */
};

struct rp_note {
	uint32_t bytes; /* of head and body, a multiple of 8 */
	uint32_t kind;
};

/* A stack: walked (pc[n], RP_PC_EXACT set on interrupted instructions), or copied to be walked
 * by the drain: pc, sp, bp, bx, then n_copy bytes from sp_lo on. */
struct rp_note_stack {
	uint32_t n, stop;    /* frames and enum rp_stack_stop; n 0: copied */
	uint32_t generation; /* of the tables it was walked with */
	uint32_t n_copy;
	uint64_t pc, sp, bp, bx, sp_lo;
	uint32_t exact;
	/* Of a copy: how often something may have been unloaded before it was made, and the count
	 * of the set that it could not be walked with (GENERATION 0: there was none). */
	uint32_t unloads, subs;
	uint32_t walker; /* 1: libunwind walked it */
};
#define RP_PC_EXACT (1ull << 63)

struct rp_note_sample {
	uint64_t at_ns, weight, cpu_ns, runq_ns;
	uint32_t edge;
	uint32_t delay_us; /* in books: the turn's run delay, by the scheduler, a moment before */
};

struct rp_note_wait {
	uint64_t at_ns, span_ns, cpu_ns;
	uint32_t kind, n_object;
	char object[RP_OBJECT_BYTES];
};

/* Outside of any call (conn_stall.c). */
struct rp_note_stall {
	uint32_t way, reserved;
	uint64_t begin_ns, span_ns;
};

/* The segment began since another thread had given it something. */
struct rp_note_handoff {
	uint32_t by, from_tid; /* enum rp_source */
	uint64_t given_ns;
};

/* The request asks another server on a connection, for the first time. */
struct rp_note_link {
	uint64_t at_ns;
	uint32_t n_local, n_remote;
	char local[RP_OBJECT_BYTES], remote[RP_OBJECT_BYTES];
};

/* Hooked calls of a kind, however short, and the bytes that they moved. */
struct rp_calls {
	uint64_t count, bytes;
};

/* Who had the lock.  A stack of no frames and no copy: none was taken. */
struct rp_note_held {
	uint64_t at_ns;         /* of the wait */
	uint32_t how, tid, seq; /* enum rp_held_how; seq: of the holder's session, 0: none */
	uint32_t reserved;
};

struct rp_note_end {
	uint64_t end_ns, cpu_ns, minor_faults, major_faults, switches_voluntary, switches_forced;
	struct rp_rec_short_waits shorts[RP_N_WAIT_KINDS];
	struct rp_calls calls[RP_N_WAIT_KINDS];
	uint64_t upstreams; /* requests to others: see rp_wait_moved */
	uint64_t handler_ns, hooks_ns, ticks, period_ns;
	uint64_t switches_life; /* of the thread since it lives, 0: not known */
};

enum rp_track_state {
	RP_TRACK_FREE,
	RP_TRACK_OPEN,   /* a thread writes; claimed by it */
	RP_TRACK_CLOSED, /* the thread has left; the drain empties and frees */
};

struct rp_track {
	_Atomic uint32_t state;
	uint32_t request; /* index and serial of the request; written before OPEN */
	uint32_t serial;
	uint32_t tid;
	uint64_t begin_ns;
	_Atomic uint64_t claimed; /* bytes ever given to pushes; the thread's */
	_Atomic uint32_t depth;   /* pushes in progress, one inside the other; the thread's */
	/* Whose it is: generation << 2 | enum rp_track_hold.  A thread that sleeps in a wait pushes
	 * nothing, so the drain may take its track away then; the thread finds out when it wakes.
	 */
	_Atomic uint32_t hold;
	/* The wait that goes on, for a drain that cannot await its end; 0: none.  By the thread. */
	_Atomic uint64_t wait_at_ns, wait_cpu_ns;
	_Atomic uint32_t wait_kind;
	_Atomic uint64_t head; /* bytes ever pushed; written by the thread */
	_Atomic uint64_t tail; /* bytes ever taken; written by the drain */
	struct rp_rec_short_waits shorts[RP_N_WAIT_KINDS]; /* of the segment; the thread's */
	struct rp_calls calls[RP_N_WAIT_KINDS];
	uint64_t upstreams;
	char ring[RP_TRACK_BYTES] __attribute__((aligned(64)));
};

extern struct rp_track rp_tracks[RP_MAX_TRACKS];

/* None beyond was ever claimed in this process. */
extern _Atomic uint32_t rp_tracks_used;

enum rp_track_hold { RP_TRACK_HELD, RP_TRACK_PARKED, RP_TRACK_TAKEN };

/* The thread of generation GEN sleeps (PARK), and wakes (UNPARK; false: the track is not its any
 * more).  The drain takes a parked track. */
void rp_track_park(struct rp_track *t, uint32_t gen);
bool rp_track_unpark(struct rp_track *t, uint32_t gen);
bool rp_track_take_parked(struct rp_track *t);

/* A free track, marked OPEN for (REQUEST, SERIAL); NULL: none left. */
struct rp_track *rp_track_claim(uint32_t request, uint32_t serial, uint32_t tid, uint64_t now_ns);

/* The parts become one note.  False: no room, nothing was written; an END note always finds the
 * room that the others leave. */
bool rp_track_push(struct rp_track *t, enum rp_note_kind kind, const void *a, size_t n_a,
                   const void *b, size_t n_b, const void *c, size_t n_c);

/* In a forked child: no thread that wrote is here any more. */
void rp_track_forked(void);

/* The oldest note, or NULL; valid until rp_track_take. */
const struct rp_note *rp_track_peek(struct rp_track *t);
void rp_track_take(struct rp_track *t, const struct rp_note *note);

/* Is more than half of it free? */
bool rp_track_is_roomy(const struct rp_track *t);

/* Tells the drain that a request ended: it should not sleep its turn out. */
void rp_track_wake(void);
/* ... that there is a new track to look at, no more. */
void rp_track_glimpse(void);
extern _Atomic uint32_t rp_track_bell;  /* a futex; rung by both */
extern _Atomic uint32_t rp_track_wakes; /* how often by the first */

#endif
