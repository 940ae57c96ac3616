/* h2told.h - feeds a side of HTTP/2 and writes down what it tells, without a trace of the cuts.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#ifndef RP_TESTS_H2TOLD_H
#define RP_TESTS_H2TOLD_H

#include <stdbool.h>
#include <stddef.h>
#include "preload/hot/delim_h2.h"

struct h2told {
	char text[1 << 14]; /* NUL-terminated; cut when it would be longer */
	size_t n;
	unsigned long bytes[16]; /* by stream, summed up until something happens on it */
	bool over;
};

/* Aborts when more events come than bytes allow, or bytes are left over. */
void h2told_feed(struct h2told *t, struct rp_h2_side *side, const char *bytes, size_t n);

#endif
