/* session_parts.h - the inside of a session, shared by session.c (file) and session_notes.c
 * (records).
 *
 * Room: cold.  SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_SESSION_PARTS_H
#define RP_COLD_SESSION_PARTS_H

#include "preload/cold/nodes.h"
#include "preload/cold/session.h"
#include "preload/hot/drops.h"
#include "preload/hot/stack.h"
#include "store/catalog.h"

enum { RP_MAX_SESSION_THREADS = 256, RP_MAX_SESSION_OBJECTS = 512 };

struct rp_session_object {
	uint16_t n;
	char name[RP_OBJECT_BYTES];
};

struct rp_session {
	struct rp_request *request;
	bool failed; /* nothing is written */
	bool told;   /* the writer's failure was counted */
	int dir, fd;
	char name[RP_NAME_MAX];
	struct rp_writer *writer;
	uint64_t handler_ns, hooks_ns, ticks, segments, upstreams, most_in_flight, by_libunwind;
	uint64_t longest_ns;
	struct rp_calls calls[RP_N_WAIT_KINDS];
	struct rp_rec_short_waits shorts[RP_N_WAIT_KINDS];
	uint32_t n_threads, n_objects;
	uint32_t tids[RP_MAX_SESSION_THREADS];
	/* Of the segment that is open in each track. */
	struct {
		uint64_t runq_ns, cpu_ns;
		bool ended;
	} open[RP_MAX_TRACKS];
	struct rp_session_object objects[RP_MAX_SESSION_OBJECTS];
	struct rp_nodes nodes;
	char writer_memory[RP_WRITER_BYTES] __attribute__((aligned(16)));
};

void rp_session_put_request(struct rp_session *s);
void rp_session_put_counters(struct rp_session *s);
void rp_session_put_end(struct rp_session *s);

#endif
