/* session_parts.h - the inside of a session, shared by session.c (file), session_*.c
 * and caught.c (records).
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
	uint64_t bound_ns, watched_from_ns; /* of one that nobody flagged (cold/caught.c) */
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

/* The number of a thread in this session; RP_NOBODY: there are too many, and what it says is lost
 * rather than put under another's name. */
enum { RP_NOBODY = 0xffff };
uint32_t rp_session_thread(struct rp_session *s, uint32_t tid);

/* The number of what was waited for, 0: it has no name. */
uint32_t rp_session_object(struct rp_session *s, const char *name, uint32_t n);

void rp_session_put_request(struct rp_session *s);
void rp_session_put_own_link(struct rp_session *s);
void rp_session_put_stall(struct rp_session *s, const struct rp_note_stall *n);
void rp_session_put_counters(struct rp_session *s);
/* A counter or a drop; where it is 0 nothing is said. */
void rp_session_put_number(struct rp_session *s, enum rp_item_kind kind, const char *name,
                           uint64_t n);
void rp_session_put_end(struct rp_session *s);

#endif
