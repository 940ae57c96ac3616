/* session.h - one flagged request on its way to its file.
 *
 * Room: cold.  Our own thread only.  Memory by mmap, given back when the
 * session is done, or kept for the next one.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_SESSION_H
#define RP_COLD_SESSION_H

#include <stdbool.h>
#include "preload/hot/request.h"
#include "preload/hot/track.h"

struct rp_session;

/* The session of slot INDEX, begun when it is not yet; never NULL.  One that could not be begun
 * swallows what it is given (the reason is counted and logged). */
struct rp_session *rp_session_of(uint32_t index);

/* A note of TRACK. */
struct rp_await;
void rp_session_await(struct rp_session *s, const struct rp_await *await);
void rp_session_note(struct rp_session *s, struct rp_track *track, const struct rp_note *note);

/* The thread of TRACK has left, and every note was given. */
void rp_session_left(struct rp_session *s, struct rp_track *track);

/* The track of a thread that has not left while the request ended. */
void rp_session_cut(struct rp_session *s, struct rp_track *track);

/* So many requests are in flight in this process. */
void rp_session_in_flight(struct rp_session *s, unsigned n);

/* What is gathered goes to the disk; what waits there for more of it. */
void rp_session_flush(struct rp_session *s);
void rp_session_push(struct rp_session *s);

/* Ends the file, names it, applies retention, frees the memory.  NAME (RP_NAME_MAX): the file's, ""
 * when there is none. */
void rp_session_finish(struct rp_session *s, char *name);

/* Nothing was recorded for a while: the memory that waits for the next ones goes back. */
void rp_session_rest(void);

/* Our thread has no descriptor table of its own: no session is written, and that is said. */
void rp_session_refuse(void);

/* After fork: forgets all sessions of the parent; their files are the parent's. */
void rp_session_forked(void);

#endif
