/* program.h - which program is this: REQPROF_EXE keeps the others inert.
 *
 * Room: cold.  SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_PROGRAM_H
#define RP_COLD_PROGRAM_H

#include <stdbool.h>

/* One of the comma-separated NAMES is this process's executable, or what was executed (a script,
 * a link): a path, or a last component.  "" is every program. */
bool rp_program_is_one_of(const char *names);

#endif
