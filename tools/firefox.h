/* firefox.h - what the two halves of the Firefox export share: columns of a table.
 *
 * Room: tools, private to *firefox*.c.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_FIREFOX_H
#define RP_FIREFOX_H

#include <stdio.h>
#include "tools/profile.h"

struct rp_fox {
	FILE *out;
	const struct rp_profile *p;
	uint64_t zero_ns; /* times are written since then */
	bool cpu;
};

/* Writes the value of row I of a column. */
typedef void rp_fox_row(struct rp_fox *f, size_t i, const void *with);

/* ,"KEY":[...] of N rows. */
void rp_fox_column(struct rp_fox *f, const char *key, size_t n, rp_fox_row *row, const void *with);

/* AT_NS since ZERO_NS in ms, to the nanosecond. */
void rp_fox_ms(struct rp_fox *f, uint64_t at_ns, uint64_t zero_ns);

/* stackTable to stringArray.  A stack and a frame for each spot, a function for each function. */
void rp_fox_tables(struct rp_fox *f);

/* In stringArray: the name of phase WHICH; the word "wait" stands behind the last. */
size_t rp_fox_phase_name(const struct rp_profile *p, size_t which);
enum { RP_FOX_PHASES = 6 };

#endif
