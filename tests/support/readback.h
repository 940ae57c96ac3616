/* readback.h - a folder for one session, work that fills it, and what its file says in the end.
 *
 * Room: tests.  One session at a time; flagged.h makes the request.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_TESTS_READBACK_H
#define RP_TESTS_READBACK_H

#include <stdbool.h>
#include <stdint.h>
#include "preload/hot/drops.h"
#include "preload/hot/request.h"
#include "store/records.h"

/* How often each kind of record stands in the file, and sums of what they hold. */
struct readback {
	unsigned samples, waits, segments, threads, modules, stacks, responses, phases, requests;
	unsigned no_stack, objects, no_table_roots;
	uint64_t weight, cpu_ns, segment_cpu_ns, short_count, ticks;
	uint64_t drops[RP_N_DROPS];
	char object[64], method[64], target[64], host[64], protocol[64];
	struct rp_rec_segment segment; /* the last one */
	struct rp_rec_response response;
};

/* Checked fixtures: as flagged_ready(), with an empty folder as REQPROF_DIR; removes it. */
void readback_ready(void);
void readback_remove(void);

/* A flagged request for which the calling thread is armed. */
struct rp_request *readback_enter(uint64_t interval_ns);

/* Its whole response went out: the calling thread leaves the request. */
void readback_over(void);

/* A sleep of the calling thread, as the hooks note it. */
void readback_sleep(unsigned ms);

/* Entries in the folder. */
unsigned readback_files(void);

/* Reads the one session of the folder; true when it is complete.  Fails the test when there is
 * none, or more, or one that is damaged otherwise than at its end. */
bool readback_take(struct readback *told);

#endif
