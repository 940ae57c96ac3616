/* lines.h - address to source line within a unit.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_LINES_H
#define RP_SYMBOLIZE_LINES_H

#include "symbolize/cus.h"

struct rp_line {
	const char *file; /* NULL: unknown */
	uint32_t line;    /* 0: unknown */
};

/* Decodes the line table of CU at its first address. */
struct rp_line rp_lines_find(struct rp_cu *cu, uint64_t addr);

#endif
