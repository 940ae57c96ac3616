/* bell.h - what rings for whoever it may be: timers and wakes in the set of an event loop.
 *
 * Room: hot.  A loop's turn that a client's bytes made begin is for that client.  One that a timer
 * or a wake made begin is for all whose time has come, or who were put in a list.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_BELL_H
#define RP_HOT_BELL_H

#include <stdbool.h>
#include <stdint.h>

/* FD is in the set EPFD now, and brings DATA. */
void rp_bell_put(int epfd, int fd, uint64_t data);

/* Is it a bell's, what the set EPFD brought with DATA? */
bool rp_bell_rings(int epfd, uint64_t data);

/* Is FD one that rings? */
bool rp_bell_is(int fd);

/* The calling thread makes FD ring: it writes to it, or to the other end. */
void rp_bell_is_rung(int fd);

#endif
