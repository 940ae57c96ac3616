/* guard_link.h - the connection to a process that may die, lie or never answer.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_GUARD_LINK_H
#define RP_SYMBOLIZE_GUARD_LINK_H

#include <stdbool.h>
#include <sys/types.h>

#include "symbolize/guard.h"
#include "symbolize/guard_wire.h"

struct rp_guard_link {
	pid_t pid; /* -1: none */
	int fd;
	struct rp_guard_limits limits;
	uint64_t cpu_began_ns, wall_began_ns; /* of the question */
	uint64_t cpu_more_ns;                 /* beyond limits.cpu_ns, this question */
	const char *broke;                    /* why we gave it up, or NULL */
	unsigned errands;                     /* run, and words about size taken */
};

struct rp_guard_reply {
	struct rp_wire_head head;
	struct rp_wire_sizes sizes; /* of RP_WIRE_FRAMES */
	char *bytes;                /* head.n of them and a 0 behind; the caller frees them */
};

/* Starts the process.  False: errno says why not. */
bool rp_guard_link_open(struct rp_guard_link *link, const struct rp_guard_limits *limits);
/* Ends it, if it is there. */
void rp_guard_link_close(struct rp_guard_link *link);

/* Giving fails silently: what was not heard is not answered. */
void rp_guard_link_give(struct rp_guard_link *link, const void *bytes, size_t n);
void rp_guard_link_ask(struct rp_guard_link *link, enum rp_wire_ask what, int module,
                       const void *bytes, size_t n);

/* A question about N addresses begins: its time runs from here. */
void rp_guard_link_begin(struct rp_guard_link *link, size_t n);
/* The answer.  False: there will be none. */
bool rp_guard_link_take(struct rp_guard_link *link, struct rp_guard_reply *reply);
/* After that: ends the process, and says what became of it, for a reader. */
const char *rp_guard_link_death(struct rp_guard_link *link);

#endif
