/* values.h - what people type for times, sizes and counts, as numbers.
 *
 * Room: tools.  All return false when TEXT is anything else; the result is then untouched.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_VALUES_H
#define RP_VALUES_H

#include <stdbool.h>
#include <stdint.h>

/* "800us", "1.5s", "200ms", "30m", "1h", "7d": a unit is needed. */
bool rp_value_time(const char *text, uint64_t *ns);

/* What the shim takes between two samples: "500us", "1ms", "2s", "1000hz"; whole numbers of
 * at most ten digits. */
bool rp_value_interval(const char *text, uint64_t *ns);

/* "4096", "64k", "1.5M", "1G": powers of 1024, up to three decimals. */
bool rp_value_bytes(const char *text, uint64_t *n_bytes);

/* "2", "0.5" with up to three decimals, in thousandths. */
bool rp_value_milli(const char *text, uint64_t *milli);

/* Decimal digits and nothing else. */
bool rp_value_count(const char *text, uint64_t *n);

#endif
