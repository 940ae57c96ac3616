/* jitname.h - what the runtimes write into perf maps, taken apart: function, file and line.
 *
 * Room: symbolize.  Pure.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_JITNAME_H
#define RP_SYMBOLIZE_JITNAME_H

#include <stdint.h>

struct rp_jitname {
	const char *function; /* in TEXT or static */
	const char *file;     /* NULL: not told */
	uint32_t line;        /* where the function is declared; 0: not told */
};

/* Cuts TEXT.  V8 ("JS:*handler /app/x.js:10:17"), CPython ("py::name:/file") and perf-map-agent
 * ("Lcom/shop/Cart;::total") tell more than a name; anything else is the function as it is. */
void rp_jitname_parse(char *text, struct rp_jitname *out);

#endif
