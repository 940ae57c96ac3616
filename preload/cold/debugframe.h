/* debugframe.h - .debug_frame as .eh_frame, for code without unwind tables of its own.  Pure.
 *
 * Room: cold.  Code built with -fno-asynchronous-unwind-tables -g has its rules in the file only.
 * The records say the same in both sections but for three things: how a function names its CIE,
 * version 4 of a CIE, and that addresses are those of the link.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_DEBUGFRAME_H
#define RP_COLD_DEBUGFRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rp_debugframe {
	uint8_t *bytes; /* the section; rewritten in place, every record where it was */
	size_t n;
	uint64_t bias; /* address = that of the link + bias */
	uint64_t lo,
	        hi; /* code of the module: functions elsewhere were thrown away by the linker */
};

/* Makes of it what rp_ehframe_index reads behind any other .eh_frame bytes; how many bytes were
 * understood: what follows them is not to be used. */
size_t rp_debugframe_rewrite(const struct rp_debugframe *section);

#endif
