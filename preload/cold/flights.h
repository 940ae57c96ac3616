/* flights.h - the memory of the table of requests in flight, seen by others or not.
 *
 * Room: cold.  Our own thread makes it at the first request; `reqprof ps` reads it where
 * REQPROF_PS is set: a file in memory, 0600, in a directory of this user's alone.  Its space is
 * allocated before it is mapped, and no disk is behind it: writing there never waits nor fails.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_FLIGHTS_H
#define RP_COLD_FLIGHTS_H

/* What the settings ask for, once they are read. */
void rp_flights_boot(void);

/* Makes the table that others may see, once, where it is wanted (one that they may not is there
 * from the start).  By our own thread: it opens files. */
void rp_flights_make(void);

/* The process ends: nobody shall look at its table any more. */
void rp_flights_remove(void);

/* In a forked child: the table is the parent's. */
void rp_flights_forked(void);

#endif
