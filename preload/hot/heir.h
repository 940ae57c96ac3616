/* heir.h - a thread that a flagged thread creates works for the same request, until it waits for
 * anything that could be somebody else's work.
 *
 * Room: hot.  A pool's thread is created by whoever comes first and serves all: its first wait
 * for the next task ends the inheritance.  It may find tasks before it ever waits: so beside other
 * requests only such threads inherit as their makers were seen to join, or as ended without a
 * wait for more when their maker's request was alone.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_HEIR_H
#define RP_HOT_HEIR_H

#include <stdbool.h>
#include "preload/hot/wait.h"

/* What a thread is created with. */
struct rp_heir {
	void *(*start)(void *);
	void *arg;
	struct rp_handoff handoff;
	bool lone; /* only while the request is alone */
	_Atomic uint8_t taken;
};

/* The calling thread has made one that runs START; it has joined one, of the kind that it made
 * last, we think.  Also while nobody is flagged: so the first flagged request's are known. */
void rp_heir_made(void *(*start)(void *));
void rp_heir_joined(void);

/* The calling thread's request for a new thread that shall run START(ARG): give rp_heir_main and
 * the answer to the kernel instead.  NULL: it works for nobody, nobody knows for whom
 * the new one will work, or there is no room. */
struct rp_heir *rp_heir_make(void *(*start)(void *), void *arg);
void rp_heir_free(struct rp_heir *heir);
void *rp_heir_main(void *heir);

/* True when a thread that waits for WHAT may be waiting for anybody's work. */
bool rp_heir_ends(const struct rp_waited *what);

#endif
