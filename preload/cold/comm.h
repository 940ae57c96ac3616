/* comm.h - the names of the host's threads, as the kernel has them now.
 *
 * Room: cold.  Our own thread only: its files stay open in a table of its own, since to open one
 * takes several times as long as to read it.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_COMM_H
#define RP_COLD_COMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Our thread begins.  Without MAY_KEEP no file stays open: the descriptors would be the host's. */
void rp_comm_reset(bool may_keep);

/* The name of thread TID (0: of the process) into TEXT of CAP bytes; its length, 0: not known. */
size_t rp_comm_read(uint32_t tid, char *text, size_t cap);

#endif
