/* units.c - see units.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/units.h"

#include <stdio.h>

#define US     1000ull
#define MS     1000000ull
#define SECOND 1000000000ull

char *rp_units_time(char text[RP_UNITS_MAX], uint64_t ns)
{
	/* Borders lie where rounding would show one digit too many ("1000 us"). */
	if (ns < US)
		snprintf(text, RP_UNITS_MAX, "%u ns", (unsigned)ns);
	else if (ns < 999500)
		snprintf(text, RP_UNITS_MAX, "%.0f us", (double)ns / US);
	else if (ns < 9995 * US)
		snprintf(text, RP_UNITS_MAX, "%.2f ms", (double)ns / MS);
	else if (ns < 999950 * US)
		snprintf(text, RP_UNITS_MAX, "%.1f ms", (double)ns / MS);
	else if (ns < 120 * SECOND)
		snprintf(text, RP_UNITS_MAX, "%.3f s", (double)ns / SECOND);
	else
		snprintf(text, RP_UNITS_MAX, "%llu min %llu s",
		         (unsigned long long)(ns / SECOND / 60),
		         (unsigned long long)(ns / SECOND % 60));
	return text;
}

struct rp_scale rp_units_scale(uint64_t most_ns, uint64_t interval_ns)
{
	if (most_ns >= 10 * SECOND)
		return (struct rp_scale){"s", SECOND, 3};
	if (interval_ns >= MS && most_ns >= 10 * MS)
		return (struct rp_scale){"ms", MS, 1};
	if (most_ns >= MS / 10)
		return (struct rp_scale){"ms", MS, interval_ns >= MS / 10 && most_ns >= MS ? 2 : 3};
	return (struct rp_scale){"us", US, 1};
}

char *rp_units_scaled(char text[RP_UNITS_MAX], const struct rp_scale *scale, uint64_t ns)
{
	snprintf(text, RP_UNITS_MAX, "%.*f %s", scale->decimals, (double)ns / scale->unit_ns,
	         scale->unit);
	return text;
}

char *rp_units_share(char text[RP_UNITS_MAX], uint64_t part, uint64_t total)
{
	snprintf(text, RP_UNITS_MAX, "%.1f%%", total ? 100.0 * (double)part / (double)total : 0.0);
	return text;
}

char *rp_units_half(char text[RP_UNITS_MAX], double share)
{
	snprintf(text, RP_UNITS_MAX, "%.*f%%", share < 0.0995 ? 1 : 0,
	         100 * (share < 9.99 ? share : 9.99));
	return text;
}

char *rp_units_bytes(char text[RP_UNITS_MAX], uint64_t n_bytes)
{
	static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
	double value = (double)n_bytes / 1000;
	unsigned i = 0;

	if (n_bytes < 1000) {
		snprintf(text, RP_UNITS_MAX, "%u", (unsigned)n_bytes);
		return text;
	}
	for (; value >= 999.95 && i < 5; i++)
		value /= 1000;
	snprintf(text, RP_UNITS_MAX, "%.1f %s", value, units[i]);
	return text;
}
