/* why.h - a failure as a sentence, with the file and the offset it is about.
 *
 * Room: store.  Filled by whoever fails, printed by a command.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_STORE_WHY_H
#define RP_STORE_WHY_H

#include <stdint.h>

struct rp_why {
	char text[256]; /* one sentence: what, where, what to do; NUL-terminated */
	uint64_t at;    /* byte offset in the file, 0 when it does not matter */
};

/* Fills WHY (may be NULL) as printf does; always returns 0, so "return rp_why_set(...)" is a no. */
int rp_why_set(struct rp_why *why, uint64_t at, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

#endif
