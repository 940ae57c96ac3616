/* guard.h - test input that ends at an unmapped page, so that one byte too far is a crash.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#ifndef RP_TESTS_GUARD_H
#define RP_TESTS_GUARD_H

#include <stddef.h>

/* Copies N bytes so that the next byte is unmapped.  Valid until the same SLOT (0..3) is used
 * again; up to 1 MiB. */
const void *guard_put(int slot, const void *bytes, size_t n);

#endif
