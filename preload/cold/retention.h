/* retention.h - when the oldest sessions go: after new ones came, but not after each of many.
 *
 * Room: cold.  Our own thread only.  The folder is read for it from end to end.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_RETENTION_H
#define RP_COLD_RETENTION_H

#include <stdint.h>

/* A session was closed in the folder open as DIR: at once, or, if that was done a moment ago, in
 * one of the next turns. */
void rp_retention_after(int dir);

/* Once a turn. */
void rp_retention_turn(uint64_t now_ns);

/* The process ends: there may be no next turn. */
void rp_retention_hurry(void);

void rp_retention_forked(void);

#endif
