/* guard_child.h - the process that reads modules for another one.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_GUARD_CHILD_H
#define RP_SYMBOLIZE_GUARD_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "symbolize/guard.h"

/* Starts it: its end of a connection is *FD.  -1 when there can be none; errno says why. */
pid_t rp_guard_child_start(const struct rp_guard_limits *limits, int *fd);

#endif
