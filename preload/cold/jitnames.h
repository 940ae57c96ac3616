/* jitnames.h - what is at addresses that lie in no module, asked once, when a session ends: the
 * perf map or jitdump that the runtime wrote, and what the kernel calls the memory.
 *
 * Room: cold.  Our own thread only: it has a table of descriptors of its own.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_JITNAMES_H
#define RP_COLD_JITNAMES_H

#include "preload/cold/nodes.h"
#include "preload/hot/request.h"

/* Writes CODE and MAPPING records for the addresses that NODES found in no module.  What is not
 * looked up for want of time or room is a loss of R. */
void rp_jitnames_put(struct rp_request *r, struct rp_nodes *nodes, struct rp_writer *w);

#endif
