/* woven.h - an answer is sent through rewrite.h to a kernel that takes what it likes.
 *
 * Room: tests.  Pure; for a unit test and a fuzz target.  SPDX-License-Identifier: MIT
 */
#ifndef RP_TESTS_WOVEN_H
#define RP_TESTS_WOVEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What happens at each turn, in a circle: how many bytes the host offers, in how many pieces, how
 * many the kernel takes. */
struct woven_turns {
	const uint8_t *choices;
	size_t n;
};

/* Sends BYTES; false: something but LINES in one place was changed, or a count was wrong.  *AT:
 * where the lines are, SIZE_MAX: nowhere. */
bool woven_send(const char *bytes, size_t n, const char *lines, struct woven_turns turns,
                size_t *at);

#endif
