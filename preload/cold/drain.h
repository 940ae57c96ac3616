/* drain.h - our one thread: empties the tracks, writes the sessions, ends when idle.
 *
 * Room: cold.  SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_DRAIN_H
#define RP_COLD_DRAIN_H

#include <stdbool.h>

/* Makes sure the thread runs.  False: it cannot be started (logged).  Called from hooks. */
bool rp_drain_start(void);

/* Waits at most RP_EXIT_WAIT_MS until no session is open. */
void rp_drain_settle(void);

/* After fork: there is no thread in the child. */
void rp_drain_forked(void);

#endif
