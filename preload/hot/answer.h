/* answer.h - the profile in place of the answer.
 *
 * Room: hot.  The host's answer is counted and not sent, and the host is told that it was; so it
 * goes on as ever.  An answer has a thread of ours (cold/answers.c) that holds a descriptor of the
 * connection in a table of its own, makes the page once the session is written, and sends it.
 * What the host sends on the connection meanwhile is queued behind it, in order.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_ANSWER_H
#define RP_HOT_ANSWER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "preload/hot/conn_slot.h"
#include "preload/hot/offer.h"

enum rp_answer_state {
	RP_ANSWER_FREE,
	RP_ANSWER_WANTED, /* nothing of the host's answer was seen */
	RP_ANSWER_HEAD,   /* its head is held until it is judged */
	RP_ANSWER_BODY,   /* it is being swallowed */
	RP_ANSWER_DUE,    /* it is over: the page may go out */
	RP_ANSWER_LEFT,   /* nothing is replaced; what is queued goes out */
};

/* In the word of a queue, above its count of bytes. */
#define RP_QUEUE_OVER   (1ull << 63) /* its thread sends no more: the host does it again */
#define RP_QUEUE_SHUT   (1ull << 62) /* the host has shut the connection down for writing */
#define RP_QUEUE_CLOSED (1ull << 61) /* ... has closed it */
#define RP_QUEUE_BYTES  (RP_QUEUE_CLOSED - 1)

struct rp_answer {
	_Atomic uint32_t state;       /* enum rp_answer_state */
	_Atomic uint32_t bell;        /* rung at every change: its thread waits on it */
	_Atomic uint32_t taken;       /* 0: not yet, RP_TAKEN_*; the host waits on it */
	_Atomic uint32_t holders;     /* threads of the host that use its memory */
	struct rp_conn *_Atomic conn; /* NULL: closed, or somebody else's by now */
	int fd, set;                  /* that watches it, -1: none */
	uint64_t device, inode; /* of the socket: by the time it is taken, FD may be another one */
	uint32_t number;        /* a later one on the same connection has a greater */
	uint32_t after;         /* the number of the one before it there; 0: none */
	uint32_t request, serial;
	enum rp_mode mode;
	bool tls;                  /* the host sends the page (answer_tls.h): */
	_Atomic uint32_t ready;    /* there is one; the host waits on it */
	const char *page;          /* with its head */
	size_t n_page, n_given;    /* bytes of it, those that its library took */
	size_t n_call;             /* of its last write, those of this answer */
	const void *_Atomic again; /* the object that is to be written to again */
	_Atomic bool cut; /* in its midst: what is sent on is for nobody, the page is last */
	_Atomic uint64_t over_ns; /* when the host's answer was over */
	char *head;               /* of the answer, RP_ANSWER_HEAD_BYTES */
	_Atomic uint32_t n_head;
	char *queue;             /* a ring of RP_ANSWER_QUEUE_BYTES */
	_Atomic uint64_t queued; /* bytes put in, and RP_QUEUE_* */
	bool patient;            /* nobody could tell the host: it waits until there is room */
	_Atomic bool hungry;     /* the host was told to try again: it must hear of room */
	_Atomic uint64_t sent;   /* ... and taken out; the host waits on its low half */
};
enum { RP_TAKEN_YES = 1, RP_TAKEN_NO };

extern struct rp_answer rp_answers[RP_MAX_ANSWERS];

/* Starts the thread of A (set by cold/boot.c); false: there is none. */
extern bool (*rp_answer_start)(struct rp_answer *a);

/* The flagged request R with HEAD came on FD; what cannot be replaced is saved instead. */
void rp_answer_want(int fd, struct rp_conn *c, struct rp_request *r, const struct rp_head *head);

/* rp_offer_take where an answer of C is, or was, replaced. */
bool rp_answer_offer(struct rp_conn *c, const struct rp_offer *offer, ssize_t *put);

/* C dies with FD, whose number (KNOWN) still means it; the host shuts it down.  False: the real
 * shutdown is for the one who asks. */
void rp_answer_closing(struct rp_conn *c, int fd, bool known);
bool rp_answer_shut(struct rp_conn *c);

/* The borders of what goes by on C, which is FD, are known no more.  True: what the host offers is
 * still ours. */
bool rp_answer_give_up(struct rp_conn *c, int fd);
bool rp_answer_is_cut(struct rp_conn *c);

/* Its thread is done with A; with one that a thread of the host will hold for ever, nobody else
 * begins. */
void rp_answer_end(struct rp_answer *a);
void rp_answer_lose(struct rp_answer *a);

/* In a forked child: they are the parent's. */
void rp_answer_forked(void);

/* What answer.c and answer_out.c share. */
struct rp_answer *rp_answer_hold(struct rp_conn *c, uint32_t request, uint32_t serial);
struct rp_answer *rp_answer_hold_last(struct rp_conn *c); /* whose queue is open */
struct rp_answer *rp_answer_hold_due(struct rp_conn *c);  /* inside TLS, over */
void rp_answer_let(struct rp_answer *a);
void rp_answer_set(struct rp_answer *a, enum rp_answer_state state);
bool rp_answer_is_taken(struct rp_answer *a);

/* Bytes that fit into the queue; puts what fits of N bytes into it.  0 with *OVER: nobody would
 * send them. */
size_t rp_answer_room(struct rp_answer *a, bool *over);
size_t rp_answer_queue(struct rp_answer *a, const char *bytes, size_t n, bool *over);

#endif
