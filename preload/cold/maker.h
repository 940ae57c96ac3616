/* maker.h - a finished session becomes what its client asked for, outside of the host.
 *
 * Room: cold.  On threads of ours that have a descriptor table of their own and all signals
 * blocked. The page is made by `reqprof answer`, with bounds on its time and memory, in a process
 * that the host cannot notice: exec makes every child send SIGCHLD, so that one in between (clone
 * with exit signal 0, the host's memory, never execs) starts it and waits for it, and for whatever
 * it leaves behind; our thread waits for that one by __WCLONE. SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_MAKER_H
#define RP_COLD_MAKER_H

#include <stdbool.h>
#include <stddef.h>
#include "preload/hot/mode.h"

/* Why there is only a small page; rp_maker_why(). */
enum rp_made_how {
	RP_MADE,           /* there is the profile */
	RP_MADE_NO_FILE,   /* no session was written */
	RP_MADE_NO_TOOL,   /* no reqprof beside the shim, or not one to be trusted */
	RP_MADE_SANDBOXED, /* the host forbids itself system calls: none is tried that could kill */
	RP_MADE_NO_PROCESS, /* the kernel gave none, or did not let it run */
	RP_MADE_LATE,       /* it was not ready in time */
	RP_MADE_BROKEN,     /* it died, or said nothing whole: over a bound, a bug */
};

/* What was asked for. */
struct rp_maker_job {
	enum rp_mode mode;
	const char *session; /* its file, whole and with its last name; NULL: none was written */
	int out;             /* an empty memfd of this thread's table, for this job alone */
	unsigned most_ms;    /* until it must be there; 0: RP_MAKER_MS */
};

/* What is in OUT: lines of a response head, each with its CRLF (Content-Type, and what keeps the
 * page harmless and out of caches; no Content-Length), and the body. */
struct rp_made {
	enum rp_made_how how;
	size_t head, n_head;
	size_t body, n_body;
};

/* Makes the page of a mode that replaces the answer.  There is one, always, though it may be a
 * small one that says where the session is and what to type.  False: OUT could not even be written.
 * Takes at most most_ms and a moment.  On any thread of ours. */
bool rp_maker_make(const struct rp_maker_job *job, struct rp_made *made);

/* RP_MODE_TERM: the session that is written as NAME, as a tree on the host's stderr, by a thread of
 * its own; what cannot be is logged.  Called by the drain. */
void rp_maker_term(const char *name);

/* After fork: nothing is made in the child. */
void rp_maker_forked(void);

/* In words, for a page or a log. */
const char *rp_maker_why(enum rp_made_how how);

#endif
