/* alike.h - what stays the same in the name of a wait from one request to the next.
 *
 * Room: tools.  Pure.  Of one session everything is told; where several are looked at together, a
 * client's port or a child's number would make a row of every single wait.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_ALIKE_H
#define RP_ALIKE_H

#include <stdbool.h>
#include "tools/memory.h"

/* The object NAME of a wait of KIND without what changes with every request: the port of a
 * client, the number of a process or thread.  PROCESSES: the requests were served by several, so
 * addresses and the ports that the system picks go, too.  Kept in HEAP; NAME itself if nothing
 * goes. */
const char *rp_alike_object(struct rp_heap *heap, const char *kind, const char *name,
                            bool processes);

#endif
