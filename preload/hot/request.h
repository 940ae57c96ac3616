/* request.h - the flagged requests of this process, from head to last byte.
 *
 * Room: hot.  A slot is claimed by the thread that read the head, ended by the thread that wrote
 * the last byte, and freed by the drain when its session is written.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_REQUEST_H
#define RP_HOT_REQUEST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "preload/hot/delim.h"
#include "preload/hot/drops.h"
#include "preload/hot/trigger.h"
#include "preload/limits.h"
#include "store/inflight.h"
#include "store/records.h"

enum rp_request_state { RP_REQUEST_FREE, RP_REQUEST_CLAIMED, RP_REQUEST_LIVE, RP_REQUEST_ENDED };

/* Text of a request, copied out of its head. */
struct rp_text {
	uint16_t n;
	char at[126];
};

static inline void rp_text_keep(struct rp_text *to, struct rp_span from)
{
	to->n = from.at ? (uint16_t)(from.n < sizeof(to->at) ? from.n : sizeof(to->at)) : 0;
	if (to->n)
		memcpy(to->at, from.at, to->n);
}

struct rp_request {
	_Atomic uint32_t state;
	_Atomic uint32_t serial; /* of the slot's use; never 0 while in use */
	uint32_t seq;            /* of the session in this process, for its name */
	uint32_t flight_serial;  /* 0: the table of those in flight does not have it */
	uint16_t flight;         /* its number there */
	uint64_t interval_ns, claimed_ns, wall_ns;
	enum rp_trigger_kind trigger;
	enum rp_mode mode; /* what the gate has allowed */
	bool force;        /* the client wants it also where replacing may be unwise */
	struct rp_text method, host, protocol, traceparent, tag;
	uint16_t n_target;
	char target[RP_TARGET_BYTES];
	struct sockaddr_storage peer, local;
	socklen_t n_peer, n_local;
	uint32_t peer_pid;        /* on a Unix socket; else 0 */
	struct rp_address client; /* where the peer is a gateway that names one */
	struct rp_course course;
	uint64_t arrived_ns; /* its last byte so far, in the socket; RP_NEVER: not a TCP socket */
	bool over_tls;       /* its bytes are those inside */
	_Atomic uint64_t samples;
	/* Whose work it was: found right, found wrong when the thread then wrote to a client; not
	 * said since it was not certain. */
	_Atomic uint32_t agreed, contradicted, unsure;
	_Atomic bool met; /* a thread works for it, or did */
	_Atomic uint64_t
	        company_ns; /* since when another is, or was, in flight beside it; RP_NEVER */
	_Atomic uint64_t drops[RP_N_DROPS]; /* losses that are this request's own */
};

/* Followed requests have numbers: slots of rp_requests, one of our thread's own (cold/caught.c),
 * and then those that nobody flagged (flight.h). */
enum { RP_REQUEST_CAUGHT = RP_MAX_REQUESTS, RP_REQUEST_FLIGHTS };

extern struct rp_request rp_requests[RP_MAX_REQUESTS + 1];

/* LIVE or ENDED slots. */
extern _Atomic uint32_t rp_n_requests;
/* CLAIMED or LIVE: what REQPROF_CONCURRENT bounds. */
extern _Atomic uint32_t rp_n_live;

/* What hooks look at first: these, and one more while all requests are followed. */
extern _Atomic uint32_t rp_followed;

/* Claims a slot; NULL, counted: CONCURRENT are being served, or every slot is in use (those that
 * ended keep theirs until the drain has written them). */
struct rp_request *rp_request_claim(uint64_t concurrent);

/* Copies HEAD and makes the slot LIVE. */
void rp_request_open(struct rp_request *r, const struct rp_head *head,
                     const struct rp_trigger *trigger, uint64_t first_byte_ns, uint64_t now_ns);

/* A head is complete, of R (NULL: of a request that is not flagged) while N_OTHERS were in flight:
 * nobody is alone any more, but R if there was nobody. */
void rp_request_joins(struct rp_request *r, unsigned n_others);

/* It can be counted now, by others that come: none but R is alone. */
void rp_request_came(const struct rp_request *r);

/* No other request is, or was, in flight beside it. */
bool rp_request_is_alone(uint32_t index);

/* Until when that was so of a flagged one; RP_NEVER: it still is. */
static inline uint64_t rp_request_company_ns(uint32_t index)
{
	return atomic_load_explicit(&rp_requests[index].company_ns, memory_order_relaxed);
}

/* N of this request's samples, waits or segments are lost. */
static inline void rp_request_drop(struct rp_request *r, enum rp_drop drop, uint64_t n)
{
	atomic_fetch_add_explicit(&r->drops[drop], n, memory_order_relaxed);
}

/* The last byte was seen at NOW_NS; only the first call counts. */
void rp_request_end(struct rp_request *r, enum rp_end_how how, uint64_t now_ns);

/* The drain is done with it. */
void rp_request_free(struct rp_request *r);

/* In a forked child: the requests are the parent's. */
void rp_request_forked(void);

/* When (NUMBER, SERIAL) ended; RP_NEVER: not yet, or it is forgotten already. */
uint64_t rp_request_over_ns(uint32_t number, uint32_t serial);

/* True while (NUMBER, SERIAL) is LIVE. */
bool rp_request_lives(uint32_t number, uint32_t serial);

struct rp_course *rp_request_course(uint32_t number);

/* A number for one more session of this process. */
uint32_t rp_request_next(void);

#endif
