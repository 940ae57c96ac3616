/* findshim.h - where libreqprof.so is: beside the tool, or under the prefix it is installed in.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#ifndef RP_FINDSHIM_H
#define RP_FINDSHIM_H

#include <stdbool.h>
#include <stddef.h>
#include "store/why.h"

/* Puts the path of the shim into PATH[CAP].  false: none is there, or the loader could not take
 * its path; WHY tells. */
bool rp_findshim(char *path, size_t cap, struct rp_why *why);

/* The same for a tool that lies in the directory BIN. */
bool rp_findshim_from(const char *bin, char *path, size_t cap, struct rp_why *why);

#endif
