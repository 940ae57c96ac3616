/* lines.h - the rows of a line table for the addresses wanted of a unit.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_LINES_H
#define RP_SYMBOLIZE_LINES_H

#include "symbolize/files.h"
#include "symbolize/wants.h"

/* Fills file and line of WANTS by the line table of UNIT, and FILES by its header; free FILES
 * whatever comes of it. */
void rp_lines_find(struct rp_unit *unit, struct rp_wants *wants, struct rp_files *files);

/* The header's files only. */
void rp_lines_files(struct rp_unit *unit, struct rp_files *files);

#endif
