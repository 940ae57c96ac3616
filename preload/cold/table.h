/* table.h - a descriptor table for a thread of ours alone: the host neither sees nor closes what
 * is in it, and it holds none of the host's own open.
 *
 * Room: cold.  SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_TABLE_H
#define RP_COLD_TABLE_H

#include <stdbool.h>

/* The calling thread's from here on.  False: sandboxed so that neither call is allowed. */
bool rp_table_own(void);

/* The same with the host's FD in it, under its own number; false: not to be had.  *MORE: so can the
 * host's SET (-1: there is none), by rp_table_get or, where that may not be, under its number. */
bool rp_table_own_with(int fd, int set, bool *more);

/* A copy of the descriptor FD of the host in our own table; -1: it cannot be had. */
int rp_table_get(int fd);

/* The standard error of the host, likewise, whatever it is; or -errno. */
long rp_table_stderr(void);

#endif
