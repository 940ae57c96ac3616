/* self.h - what we know of the calling thread.
 *
 * Room: hot.  Initial-exec TLS; written by its thread, also from our signal handler on it.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_SELF_H
#define RP_HOT_SELF_H

#include <stdbool.h>
#include <stdint.h>
#include "preload/hot/track.h"

struct rp_seat;
struct rp_wait;

/* How a thread came to work for a request: RP_BY_CLIENT, it read or wrote on its connection, ... */
enum rp_source {
#define HANDOFF(name, number, text) RP_BY_##name = number,
#include "store/handoffs.def"
};

/* A request passes from one thread (TID, at AT_NS) to the next. */
struct rp_handoff {
	uint32_t request, serial; /* 0: nobody's, or not known */
	enum rp_source by;
	uint32_t tid;
	uint64_t at_ns;
	const void *queue; /* what it went through: a mutex; a descriptor + 1 */
	uint32_t client;   /* rp_self.client of who put it in */
};

/* What the loop on this thread does (turn.h).  All zeros: not a loop, or not seen yet. */
struct rp_turn {
	bool looped;    /* the thread waits for the events of a loop */
	bool polls;     /* ... of an epoll set, of which no more is known */
	int set;        /* that it waited for */
	uint8_t shared; /* what others do with its set: RP_SET_* (turn.h) */
	bool rung;      /* what made the turn begin was a bell (bell.h) */
	bool rang;      /* ... of its own loop, that the thread has made ring since */
	bool unseen;    /* that is to be found out: by its one event's DATA */
	uint64_t data;
	uint8_t kind;    /* enum rp_turn_kind */
	uint32_t number; /* of this turn */
	uint32_t later;  /* polls since it began that were answered with nothing */
	uint32_t held;   /* ... since the loop last waited */
	uint64_t held_since_ns;
	uint64_t due_ns;  /* from here on a timer of the loop may be due */
	uint64_t back_ns; /* when its last poll came back, or before; 0: not seen */
	bool led;         /* what made it begin was somebody's: what it read, or a timer */
	bool ripe;    /* the wait was a poll of the loop's set: its events are yet to be fetched */
	bool lone;    /* ... and nothing else was ready */
	bool fetches; /* that is what the wait for events does that is being made */
	/* The request, alone, whose timer is the next that is due; serial 0: not known. */
	uint32_t timer_request, timer_serial;
	uint64_t others_ns; /* ... all timers that are due before this are its own */
	uint64_t rings_ns;  /* ... so this turn is its own until then; for another: until here; 0 */
	/* Whose event began this turn, or the one of which things were left to do; serial 0: not
	 * known, or several's. */
	uint32_t leader_request, leader_serial;
	uint64_t answered_ns; /* another server's answer came in it, beside other requests; 0 */
};

/* Values of rp_self.armed. */
enum {
	RP_ARMED = 1,
	RP_ARMED_OVER = 2,  /* the request ended elsewhere: leave at the next hook */
	RP_ARMED_LIGHT = 3, /* nobody flagged it: no timer, no track (seat.h) */
};

/* Values of rp_self.green. */
enum {
	RP_GREEN_NOT,
	RP_GREEN_STACK, /* on a greenlet's, which is not the one that waits for the loop's events */
	RP_GREEN_TOLD,  /* ... whose context has the number of a request; rp_self.runtime counts it
	                 */
};

/* Those that a thread met last. */
struct rp_mutexes {
	const void *at[RP_SELF_WAITED];
	uint32_t n;
};

/* What it took out of a queue, until it shows whose that was (queue_order.c). */
struct rp_queue;
struct rp_took {
	struct rp_queue *queue; /* NULL: nothing */
	uint32_t taken, put;    /* the how manieth it was, when so much had been put */
	bool foretold, telling;
	uint32_t request, serial; /* FORETOLD: whose it should be */
	uint32_t client;          /* ... and on which connection, + 1; 0: not known */
	bool client_tells;        /* what was put last is for another one */
};

/* A mutex that it has let go without waking anybody (queue_puts.c). */
struct rp_passed {
	const void *mutex;
	uint32_t time; /* the last time: after the queue was empty so often */
	uint8_t puts;  /* so often it had put something in, as the counts told */
	bool open;     /* nothing has been told of the last time */
};

struct rp_self {
	/* 1 while the timer may tick: set last when arming, cleared first when leaving. */
	volatile uint32_t armed;
	uint32_t request, serial; /* the request this thread works for (hot/request.h) */
	uint32_t client;        /* connection + 1 that it read from last, flagged or not; 0: none */
	uint32_t client_serial; /* ... of whose one unanswered request, if that is followed; 0 */
	bool has_taken;         /* TOOK has something */
	enum rp_source by;      /* ... and why we think so */
	const void *queue;      /* what it came through (struct rp_handoff) */
	bool lone;              /* ... and only because it is alone in this process */
	bool lent;              /* by its client: another thread has read it (conn_bytes.h) */
	uint8_t executor;       /* what its name says: RP_EXECUTOR_* (executor.h) */
	bool gave;              /* it has put a job for this request into a queue */
	uint32_t runtime; /* contexts of its language's runtime that it is in (hot/python.h) */
	uint32_t tagged;  /* in how many a head was read, + 1, until that one or its turn ends; 0:
	                     none */
	uint32_t told_request, told_serial; /* what the innermost one says; serial 0: nobody's */
	uint32_t untold;   /* serial of the request of which no context tells; 0: none */
	uint32_t loops;    /* how often it has waited for the events of a loop */
	uint8_t green;     /* RP_GREEN_*: the thread is on a stack of Python's own (python_green.c)
	                    */
	uint32_t *node;    /* words that the JavaScript on this thread shares (hot/node.h) */
	uint64_t rests_ns; /* since when a callback of the request is over, and another one may
	                      come at once; 0: one runs, or nobody says */
	uint32_t head_request, head_serial; /* read outside of them; serial 0: none */
	const void *caller;                 /* of the last hook that bytes went through */
	uint64_t says_ns;                   /* just before it wrote to another server last */
	struct rp_mutexes waited,
	        gave_under;       /* it waited under, it put something under (queue.c) */
	struct rp_mutexes let_go; /* while it worked for a request, and nobody ever waited there */
	uint32_t makes_for;       /* serial of the last one that it made a thread for */
	uint32_t n_made; /* threads that it has made and not joined, of the last kind (heir.c) */
	uintptr_t made;  /* ... what they run */
	struct rp_took took[RP_SELF_WAITED];
	/* Queues that semaphores count (queue_sem.c): it has passed and not yet taken; it has put
	 * and not yet posted; it has posted, and holds the mutex still. */
	struct rp_queue *ticket, *unposted, *early;
	struct rp_passed passed[RP_SELF_WAITED];
	const void *woke_under; /* a mutex that it holds, and has woken somebody who waits there */
	struct rp_handoff doubted; /* what it worked for until it let one go (queue_puts.c) */
	uint32_t n_took, n_passed;
	struct rp_turn turn;
	struct { /* coroutine.h: on whose stack, [LO, HI), the thread is; zeros: on none that is
		    known */
		uint64_t lo, hi;
		uint64_t loop; /* LO of the one that waits for events here */
		bool own;      /* what the thread works for came to it on that stack */
		/* fiber.h: a walk has found it, HI is its root; the thread was seen there last.
		 */
		bool found;
		uint64_t here_ns;
		uint64_t loop_lo, loop_root; /* a fiber that waits for events; 0: none */
		uint64_t away_page;          /* it was found to be away there */
		uint64_t idle_lo, idle_hi; /* one that worked for nobody, when so many were taken */
		uint32_t idle_taken;
	} coroutine;
	struct rp_track *track;
	uint32_t track_gen;   /* of the track when it was claimed: it may be taken away */
	bool paused;          /* that wait is a paused one: not masked, the timer stands still */
	bool moving;          /* between two requests: a handler of the host must not interfere */
	struct rp_wait *wait; /* the innermost blocking call; stale when its frame is gone */
	bool heir;            /* works for its creator's request (heir.h) */
	bool ours;            /* our own thread: every hook only forwards */
	bool host_blocks;     /* the host's own mask has our signal blocked */
	bool has_key;         /* the thread-exit key is set */
	bool timer_made;
	int timer;            /* kernel timer id */
	uint32_t tick;        /* generation of the arming: stray signals are older */
	uint32_t wait_number; /* of the innermost recorded wait */
	uint32_t blame_box;   /* index + 1 of its letter-box (hot/blame.c), 0: none */
	uint32_t tid;
	uint64_t stack_lo, stack_hi;        /* readable, verified */
	uint64_t cpu_mark_ns, mono_mark_ns; /* at the last sample, wait or arming */
	uint64_t begin_cpu_ns;
	long begin_minor, begin_major, begin_voluntary, begin_forced, voluntary_mark;
	uint64_t handler_ns, hooks_ns, ticks; /* own overhead in this segment */
	/* The gate let (GATE_SERIAL) in when the clocks said this: its work is part of the request.
	 */
	uint32_t gate_serial;
	uint64_t gate_ns, gate_cpu_ns;
	uint32_t asked;       /* descriptor + 1 that was written to last */
	uint64_t period_ns;   /* between ticks: the request's interval, or that backed off */
	uint64_t carried;     /* weight of expiries that were taken while backing off */
	uint64_t quickest_ns; /* of the last SLOW ticks in a row that were slow */
	bool crowded;         /* the last tick: expiries came together, though the thread ran */
	unsigned slow;
	/* The call into a TLS library that this thread is in, or left by longjmp. */
	struct {
		const void *object; /* NULL: in none */
		uintptr_t frame;    /* where the hook's frame is */
		int fd; /* carried by TLS, on which bytes moved since it began; -1: none */
		bool writes;
		const void *again; /* its last call heard "again" from us (answer_tls.h) */
	} tls;
	/* Its place in the table of requests in flight (seat.h), for as long as it lives. */
	struct rp_seat *seat;
	uint32_t seat_number;
	uint32_t claimed; /* serial of the flight whose head it has just read, when the clock was */
	uint64_t claimed_ns;
	uint64_t call_ns; /* when the hooked call ended whose bytes are looked at now; 0: not known
	                   */
	bool lets_in;     /* the host may keep all signals out: ours is let in during this turn */
	bool owes;        /* a signal of our thread may still be on its way: kept out */
};

extern _Thread_local struct rp_self rp_self;

#endif
