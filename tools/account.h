/* account.h - where the time of a request went; every part is measured by itself, so that the
 * rest (unexplained) means something.
 *
 * Room: tools.  Pure: arrays of a recording in, numbers out.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_ACCOUNT_H
#define RP_ACCOUNT_H

#include <stddef.h>
#include <stdint.h>

struct rp_recording;

/* The parts of the wall time.  Where threads work in parallel a moment counts once: it goes to
 * what the busiest of them did. */
enum rp_part {
	RP_PART_CPU,
	RP_PART_WAITS,       /* for anything but the client */
	RP_PART_CLIENT,      /* it sends or reads slowly */
	RP_PART_NOT_RUNNING, /* runnable, but no CPU was free */
	RP_PART_IDLE,        /* no thread worked for the request */
	RP_PART_UNWATCHED,   /* a thread did, and its clocks were not read: nobody had flagged it */
	RP_N_PARTS,
};

/* cpu + waits + not_running + idle + unwatched + unexplained is the duration; with threads in
 * parallel, lane_ns (time of all threads) plus idle instead.  The parts of wall are always the
 * duration. */
struct rp_account {
	uint64_t duration_ns;
	uint64_t cpu_ns, waits_ns, not_running_ns, idle_ns, unwatched_ns;
	int64_t unexplained_ns; /* below zero: the parts overlap by clock error */
	uint64_t lane_ns;       /* sum of all segments */
	uint32_t n_parallel;    /* most threads at once; 1: one after the other */
	struct {
		uint64_t ns[RP_N_PARTS];
		int64_t unexplained_ns;
	} wall;
	uint64_t upstream_ns; /* of the waits: for other servers, while no thread worked for it */
	uint64_t client_sends_ns, client_reads_ns; /* of the wall's client part: why */
};

/* What one thread did for the request. */
struct rp_lane {
	uint32_t thread, tid; /* as the recording numbers it, and the kernel */
	const char *name;     /* NULL from rp_account_lanes */
	uint32_t n_segments;
	uint64_t first_ns, last_ns; /* CLOCK_MONOTONIC */
	uint64_t span_ns;           /* of its segments; what is below is part of it */
	uint64_t cpu_ns, waits_ns, not_running_ns;
	uint64_t minor_faults, major_faults, switches_voluntary, switches_forced;
};

/* A stretch in which the client made the server wait, in a call or
 * between two (enum rp_stall_way). */
struct rp_client_wait {
	uint32_t way;
	uint64_t at_ns, span_ns;
};

void rp_account_make(const struct rp_recording *r, struct rp_account *account);

struct rp_rec_await;

/* How much of an await lies outside of all segments. */
uint64_t rp_account_apart(const struct rp_recording *r, const struct rp_rec_await *a);

/* A lane a thread, in the order in which they came; *N of them.  free() it. */
struct rp_lane *rp_account_lanes(const struct rp_recording *r, size_t *n);

/* The waits and stalls that the client caused, in file order; *N of them.  free() it. */
struct rp_client_wait *rp_account_client(const struct rp_recording *r, size_t *n);

#endif
