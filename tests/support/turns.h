/* turns.h - one flagged request without a server, and turns of a loop, which the test's thread is.
 *
 * Room: tests.  For tests of whose a turn is, or of what a thread may be said to do in one: ready()
 * and done() are their fixture, the rest are the words that their sentences are made of.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_TESTS_TURNS_H
#define RP_TESTS_TURNS_H

#include "preload/hot/clock.h"
#include "preload/hot/current.h"
#include "preload/hot/request.h"
#include "preload/hot/turn.h"
#include "tests/support/flagged.h"
#include "tests/support/suite.h"

enum { MS = 1000000, FLAGGED = 0 /* flagged_open */ };

static struct flagged_notes notes;
static struct rp_request *flagged;

/* The thread is no loop yet; nobody else is in flight, and nobody has said so. */
static inline void ready(void)
{
	rp_self.turn = (struct rp_turn){0};
	atomic_store(&rp_turn_runs, RP_RUNS_CALLBACKS);
	flagged_ready();
	flagged = flagged_open(MS);
}

/* ... but others are. */
static inline void ready_beside_others(void)
{
	ready();
	rp_request_joins(flagged, 1);
}

static inline void done(void)
{
	flagged_close(flagged, &notes);
}

static inline void work(void)
{
	rp_current_enter(FLAGGED, atomic_load(&flagged->serial));
}

static inline bool works(void)
{
	return rp_self.armed == RP_ARMED && !rp_turn_is_over(&rp_self, rp_mono_ns());
}

/* A wait of TIMEOUT_NS for at most MOST events that brought N; what the loop was allowed to ask
 * for. */
static inline int wait_for(uint64_t timeout_ns, int most, int n)
{
	ck_assert(!rp_turn_wait(timeout_ns, false, &most));
	rp_turn_begins(n);
	return most;
}

static inline bool allows(enum rp_source by, bool reads)
{
	return rp_turn_allows(FLAGGED, by, reads);
}

#endif
