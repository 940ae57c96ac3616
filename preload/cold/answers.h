/* answers.h - a thread for each answer that is replaced: waits until the host's own is over and
 * its session written, makes the page, sends it and what came behind it, and ends.
 *
 * Room: cold.  SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_ANSWERS_H
#define RP_COLD_ANSWERS_H

#include <stdbool.h>
#include <stdint.h>
#include "preload/hot/answer.h"

/* Starts the thread of A.  Called from hooks. */
bool rp_answers_start(struct rp_answer *a);

/* The session of a request is written as NAME in the directory of sessions; "": it is not. */
void rp_answers_written(uint32_t request, uint32_t serial, const char *name);

/* An exiting host waits a moment for pages that clients have in place of what it has answered. */
void rp_answers_settle(void);

/* After fork: there are no threads in the child. */
void rp_answers_forked(void);

#endif
