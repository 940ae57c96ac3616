/* units.h - nanoseconds, bytes and counts as short text for people.
 *
 * Room: tools.  All write into the caller's buffer and return it.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_UNITS_H
#define RP_UNITS_H

#include <stdint.h>

enum { RP_UNITS_MAX = 32 }; /* bytes that every result fits into */

/* "102.3 ms": the unit follows the value: 412 ns, 17 us, 1.26 ms, 102.3 ms, 2.104 s, 3 min 5 s. */
char *rp_units_time(char text[RP_UNITS_MAX], uint64_t ns);

/* One scale for a whole table, so that digits stand below digits. */
struct rp_scale {
	const char *unit;
	double unit_ns;
	int decimals;
};

/* The scale for values up to MOST_NS measured every INTERVAL_NS. */
struct rp_scale rp_units_scale(uint64_t most_ns, uint64_t interval_ns);
char *rp_units_scaled(char text[RP_UNITS_MAX], const struct rp_scale *scale, uint64_t ns);

/* "12.3%" of TOTAL; "0.0%" of nothing. */
char *rp_units_share(char text[RP_UNITS_MAX], uint64_t part, uint64_t total);

/* "4.2%", "37%" of a mean: how far it may be off. */
char *rp_units_half(char text[RP_UNITS_MAX], double share);

/* "812", "12.4 kB", "8.1 MB" (powers of 1000). */
char *rp_units_bytes(char text[RP_UNITS_MAX], uint64_t n_bytes);

#endif
