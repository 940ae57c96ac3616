/* flagged.h - a flagged request without a server, and what its threads put into their tracks.
 *
 * Room: tests.  Our thread does not run: the test is the drain.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_TESTS_FLAGGED_H
#define RP_TESTS_FLAGGED_H

#include <stdbool.h>
#include <stdint.h>
#include "preload/hot/request.h"
#include "preload/hot/track.h"

enum { FLAGGED_MAX = 4096, FLAGGED_PCS = 64 };

struct flagged_sample {
	struct rp_note_sample head;
	struct rp_note_stack stack;
	uint64_t pc[FLAGGED_PCS]; /* without RP_PC_EXACT */
};

struct flagged_notes {
	unsigned n_samples, n_waits, n_ends, n_unknown;
	uint64_t weight, cpu_ns, runq_ns; /* sums over samples; cpu_ns over waits too */
	uint64_t wait_ns;
	struct flagged_sample samples[FLAGGED_MAX];
	struct rp_note_wait waits[FLAGGED_MAX];
	struct rp_note_end end;
};

/* Settings as without environment, awake, the signal picked, tables built. */
void flagged_ready(void);

/* A request "GET /shop HTTP/1.1" in slot 0, LIVE, sampled every INTERVAL_NS. */
struct rp_request *flagged_open(uint64_t interval_ns);

/* The calling thread leaves R, which ends; its notes are added to NOTES, its slot is free. */
void flagged_close(struct rp_request *r, struct flagged_notes *notes);

/* Takes every note of every track; frees the tracks whose threads have left.  Adds to NOTES. */
void flagged_take(struct flagged_notes *notes);

/* Tracks that are not FREE. */
unsigned flagged_tracks(void);

/* Whether stacks can be copied here; says SKIP under AddressSanitizer, whose red zones would be
 * read. */
bool flagged_may_copy(void);

/* Burns CPU of the calling thread until MS of wall time have passed. */
void flagged_burn(unsigned ms);
/* The code of it, for stacks. */
bool flagged_is_burn(uint64_t pc);

#endif
