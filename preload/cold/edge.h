/* edge.h - a host that waits for an edge of a descriptor is given one.
 *
 * Room: cold.  SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_EDGE_H
#define RP_COLD_EDGE_H

/* The host's set EPFD watches FD for writing: let the kernel tell it again that it may.  On a
 * thread of ours in whose own table FD is a copy of the host's, under the same number.  Only what
 * the host waits for is told: where it does not, nothing is. */
void rp_edge_make(int epfd, int fd);

#endif
