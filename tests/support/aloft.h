/* aloft.h - requests in flight without a server and without our thread: the test is both.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#ifndef RP_TESTS_ALOFT_H
#define RP_TESTS_ALOFT_H

#include <stdint.h>
#include "preload/hot/flight.h"

/* As flagged_ready(); what takes SLOW_NS is kept (RP_NEVER: nothing is, and nothing is noted). */
void aloft_ready(uint64_t slow_ns);
/* The same behind flagged_ready(). */
void aloft_begin(uint64_t slow_ns);

/* "GET TARGET HTTP/1.1" on no descriptor; its number and serial. */
struct aloft {
	uint16_t number;
	uint32_t serial;
};
struct aloft aloft_claim(const char *target);

/* The same, and the calling thread works for it. */
struct aloft aloft_enter(const char *target);

enum rp_flight_state aloft_state(struct aloft a);

/* Slots in use. */
unsigned aloft_taken(void);

#endif
