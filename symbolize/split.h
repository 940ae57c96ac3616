/* split.h - split DWARF: the units that are in .dwo files or in a .dwp file.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_SPLIT_H
#define RP_SYMBOLIZE_SPLIT_H

#include "symbolize/units.h"

/* The unit that SKELETON stands for: in PROGRAM.dwp, else in the .dwo file that it names, or one
 * of that name beside the program.  NULL when none has its id. */
struct rp_unit *rp_split_unit(struct rp_unit *skeleton);

void rp_split_close(struct rp_split *split);

#endif
