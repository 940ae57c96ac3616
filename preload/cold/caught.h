/* caught.h - a request that nobody flagged, and that was slow or failed, becomes a session.
 *
 * Room: cold.  Our own thread only.  Its book is read when it is over: until then there is no file.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_CAUGHT_H
#define RP_COLD_CAUGHT_H

#include <stdbool.h>
#include <stdint.h>

/* Flight NUMBER is over and kept: written and freed, as soon as the threads that still work for it
 * have left, or were waited for long enough. */
void rp_caught_write(uint32_t number, uint64_t now_ns);

/* Flight NUMBER lives longer than REQPROF_MAX_SECONDS: what there is of it is written; it goes on
 * and is not recorded any more. */
void rp_caught_cut(uint32_t number, uint64_t now_ns);

/* The process ends: nobody is waited for. */
void rp_caught_hurry(void);

#endif
