/* flight.h - requests in flight that nobody flagged: each has a slot, from its head to its last
 * byte, so that `reqprof ps` can show it, and so that a slow or failing one can be kept.
 *
 * Room: hot.  Claimed by the thread that read the head, ended by the one that wrote the last byte:
 * nearly all are free again there and then.  Kept ones are freed by our thread (cold/caught.c).
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_FLIGHT_H
#define RP_HOT_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>
#include "preload/hot/delim.h"
#include "preload/hot/request.h"
#include "store/inflight.h"

/* The table, NULL: nobody is watched (yet).  Set by cold/flights.c. */
extern struct rp_inflight *_Atomic rp_flights;

/* 1: our thread is still to make it, or to find that it cannot. */
extern _Atomic uint32_t rp_flights_due;
void rp_flights_tell(void); /* ... it has */

/* Others may see it; in a child of fork it is still the parent's. */
extern bool rp_flights_shared;

/* By the settings: the table is wanted, requests may be kept. */
extern bool rp_flight_on, rp_flight_keeps;

/* Our thread does not run, or sleeps until somebody wakes it: nothing was in flight. */
extern _Atomic uint32_t rp_flight_asleep;

static inline struct rp_flight *rp_flight_at(uint32_t number)
{
	return &atomic_load_explicit(&rp_flights, memory_order_relaxed)
	                ->flights[number - RP_REQUEST_FLIGHTS];
}

static inline uint64_t rp_flight_hold(uint32_t serial, enum rp_flight_state state)
{
	return (uint64_t)serial << 32 | state;
}

/* As a seat has it: for whom the thread works. */
static inline uint64_t rp_flight_works(uint32_t number, uint32_t serial)
{
	return (uint64_t)serial << 32 | (number - RP_REQUEST_FLIGHTS + 1);
}

/* What is known of a request when its head is there. */
struct rp_boarding {
	int fd;
	bool client;  /* that is known to be a connection, not a file with a request in it */
	bool flagged; /* it is recorded anyhow */
	uint64_t first_ns, accepted_ns; /* 0: the head came in one piece; RP_NEVER: not known */
	const struct rp_head *head;
	struct rp_span whole; /* as rp_book_open has it */
};

/* It gets a slot: its number in *NUMBER; its serial, 0: there is none to be had. */
uint32_t rp_flight_claim(const struct rp_boarding *b, uint16_t *number);

/* One more may be kept: they have a bucket of their own and take nothing from those that are
 * flagged. */
bool rp_flight_within_rate(uint64_t now_ns);

/* No other request is, or was, in flight beside it. */
bool rp_flight_is_alone(uint32_t number);
/* A flagged request came, which may have no place here: nobody is alone any more. */
void rp_flight_joins(void);

/* Its last byte was seen, or it is given up; only the first call counts. */
void rp_flight_over(uint32_t number, uint32_t serial, enum rp_end_how how);

/* The status of its answer is known. */
void rp_flight_status(uint32_t number, uint32_t status);

/* It has asked another server on FD, and waits for the answer; -1: no more.  NUMBER may be that of
 * a flagged one, which has a slot to be shown. */
void rp_flight_asks(uint32_t number, uint32_t serial, int fd);

/* Slot NUMBER is nobody's any more (or will be, when those who push into its book are done). */
void rp_flight_free(uint32_t number);

/* Is (NUMBER, SERIAL) being served?  When did it end (RP_NEVER: not yet, or it is forgotten)? */
bool rp_flight_lives(uint32_t number, uint32_t serial);
uint64_t rp_flight_over_ns(uint32_t number, uint32_t serial);

/* Slots in use, 64 a word; KEPT ones that are not yet written. */
extern _Atomic uint64_t rp_flights_taken[RP_MAX_FLIGHTS / 64];
extern _Atomic uint32_t rp_flights_kept;

/* Nobody watches any more: no thread or no descriptors of our own. */
void rp_flight_stop(void);

/* In a forked child: what is in flight is the parent's. */
void rp_flight_forked(void);

#endif
