/* conn_slot.h - a connection's state, shared by conn.c (who lives) and conn_bytes.h (what passes).
 *
 * Room: hot.  SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_CONN_SLOT_H
#define RP_HOT_CONN_SLOT_H

#include "preload/hot/conn.h"
#include "preload/hot/conn_cut.h"
#include "preload/hot/delim.h"
#include "preload/hot/fiber.h"
#include "preload/hot/pending.h"
#include "store/records.h"

/* What its bytes are. */
enum rp_layer { RP_LAYER_FRESH, RP_LAYER_PLAIN, RP_LAYER_TLS };

/* What every call on it needs comes first: one cache line for the reader, two for the writer. */
struct rp_conn {
	_Atomic uint32_t refs;             /* descriptors that name it; 0: free */
	_Atomic uint8_t in_busy, out_busy; /* a thread is in heard, in said */
	_Atomic uint8_t opaque;
	uint8_t head_buffer;   /* index + 1 of the kept head, 0: none; the reader's */
	_Atomic uint16_t home; /* descriptor + 1 that finds it without conn_of; 0: none */
	bool stalled[2]; /* by enum rp_stall_way: stalls[] has one; the reader's, the writer's */
	bool asked_by_rules;   /* a request may be flagged though neither header nor query say so */
	uint8_t layer;         /* enum rp_layer; with TLS the delimiters get what is inside */
	bool untold;           /* listener and accepted_ns are for the first request to tell */
	uint8_t n_hello;       /* bytes seen of the ClientHello, up to its random ones */
	struct rp_delim_in in; /* the reader's */
	struct rp_pending pending;
	struct rp_delim_out out; /* the writer's */
	uint8_t accepted;        /* by accept: it is no file */
	_Atomic uint8_t marks;   /* RP_MARK_*: its answer is ours to touch (offer.h) */
	uint8_t owing;       /* the oldest request is answered, but not all of it is on the wire */
	uint16_t h2;         /* index + 1 of what HTTP/2 keeps, 0: not spoken (conn_h2.h) */
	uint16_t in_request; /* number and serial of the followed one whose body is read; 0: none */
	uint32_t in_serial;
	int epoll;                  /* the set that watches it, plus 1; 0: none */
	uint32_t n_epoll_more;      /* sets besides */
	bool watched;               /* it is in one, and was not taken out */
	struct rp_watch watch;      /* for what */
	int listener;               /* it came from, -1: told already or not known */
	uint64_t accepted_ns;       /* RP_NEVER after the first request */
	uint64_t first_ns;          /* first byte of a head in pieces, 0: none */
	_Atomic uint64_t hello;     /* the end of these random bytes; 0: not known */
	uint64_t owed;              /* plain bytes that the host's library took and still has */
	uint64_t flushed;           /* bytes that it wrote since it took some, in the host's call */
	struct rp_fiber_read fiber; /* who is to answer */
	struct rp_address client;   /* from a PROXY preface */
	struct {
		uint64_t since_ns;
		uint32_t serial; /* of the request that waits */
	} stalls[2];
} __attribute__((aligned(64)));
static_assert(offsetof(struct rp_conn, pending.runs[1]) <= 64, "the reader's line");

extern struct rp_conn rp_conns[RP_MAX_CONNS];

/* What threads remember of it (rp_self.client). */
static inline uint32_t rp_conn_client(const struct rp_conn *c)
{
	return (uint32_t)(c - rp_conns) + 1;
}

/* The calling thread has read from C what belongs to the followed request SERIAL; 0: to none, or
 * to several. */
static inline void rp_conn_read_from(const struct rp_conn *c, uint32_t serial)
{
	rp_self.client = rp_conn_client(c);
	rp_self.client_serial = serial;
	rp_self.lent = false;
}

/* The connection behind FD: as it is, or made when there is none yet (NULL: no slot left). */
struct rp_conn *rp_conn_of(int fd);
struct rp_conn *rp_conn_get(int fd);
/* The same without a look at conn_of; NULL: ask that. */
static inline struct rp_conn *rp_conn_at_home(int fd)
{
	struct rp_conn *c = &rp_conns[(unsigned)fd % RP_MAX_CONNS];

	__asm__("" : "+r"(c)); /* or gcc works its address out again for every field */
	int home = atomic_load_explicit(&c->home, memory_order_acquire);

	return rp_likely(home == fd + 1) ? c : NULL;
}
void rp_conn_set_kind(int fd, enum rp_fd_kind kind);

/* conn_in.c, conn_out.c, also for what is inside TLS: N bytes that came in (DRY: no more of them
 * are at hand), that go out. */
void rp_conn_hear(int fd, struct rp_conn *c, const struct iovec *iov, size_t n_iov, size_t n,
                  bool dry);
void rp_conn_say(int fd, struct rp_conn *c, const struct iovec *iov, size_t n_iov, size_t n);
/* A head is complete on C: the number and serial of its request, which is followed; serial 0: it is
 * plain. */
void rp_conn_admit(int fd, struct rp_conn *c, struct rp_head *head, uint16_t *number,
                   uint32_t *serial);
/* The thread works for whoever is being answered on C, or for nobody. */
void rp_conn_bind(struct rp_conn *c, bool reads);
/* A flagged request of C is being read: more of it is to come. */
bool rp_conn_reads(struct rp_conn *c);
/* The end of an answer, which was put off until it is on the wire. */
void rp_conn_settle(struct rp_conn *c);
void rp_conn_give_up(int fd, struct rp_conn *c, enum rp_end_how how);

/* conn_tls.c: N bytes passed on a connection that is not known to be plain; false: it is. */
bool rp_conn_tls_heard(int fd, struct rp_conn *c, const struct iovec *iov, size_t n_iov, size_t n);
bool rp_conn_tls_said(int fd, struct rp_conn *c, size_t n);

/* Ends every flagged request that still waits on C. */
void rp_conn_over(struct rp_conn *c, enum rp_end_how how);
/* Gives the kept head's buffer back. */
void rp_conn_give_head(struct rp_conn *c);

/* conn_stall.c: bytes are there, or there is room for more, or a call would fail or end.  Nothing
 * of that is taken from who calls next, as a peek takes an error. */
bool rp_conn_is_ready(int fd, enum rp_stall_way way);
/* Around the bytes of a flagged request, by the thread that moves them. */
void rp_conn_stall_begin(int fd, struct rp_conn *c, enum rp_stall_way way);
/* A thread that moved some for flight (NUMBER, SERIAL) goes on to others at NOW_NS. */
void rp_conn_stall_left(int fd, enum rp_stall_way way, uint32_t number, uint32_t serial,
                        uint64_t now_ns);
void rp_conn_stall_end(struct rp_conn *c, enum rp_stall_way way);

extern _Atomic uint32_t rp_conn_pid; /* of the process whose connections these are */

#endif
