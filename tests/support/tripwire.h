/* tripwire.h - malloc, free, locks, the loader and dlsym abort when a thread calls them while it
 * is armed: hot code does none of that.
 *
 * Room: tests.  Replaces these functions of the executable that links it.  Under a sanitizer,
 * which replaces them itself, tripwire_works is false and nothing trips.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_TESTS_TRIPWIRE_H
#define RP_TESTS_TRIPWIRE_H

#include <stdbool.h>

extern const bool tripwire_works;

/* For the calling thread and its signal handlers. */
void tripwire_arm(void);
void tripwire_disarm(void);

/* Calls of this thread that crossed the wire, armed or not: shows that it is connected. */
unsigned tripwire_passed(void);

#endif
