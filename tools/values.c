/* values.c - see values.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/values.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct unit {
	const char *name;
	double factor;
};

/* A number without sign, hex or exponent, and a unit of the closed list UNITS after it. */
static bool read_scaled(const char *text, const struct unit *units, uint64_t *value)
{
	size_t n = strspn(text, "0123456789.");
	char *end;
	double number = strtod(text, &end);

	if (!isdigit((unsigned char)*text) || end != text + n)
		return false;
	for (; units->name; units++)
		if (strcasecmp(end, units->name) == 0)
			break;
	if (!units->name || number * units->factor >= 9e18)
		return false;
	*value = (uint64_t)(number * units->factor + 0.5);
	return true;
}

bool rp_value_time(const char *text, uint64_t *ns)
{
	static const struct unit units[] = {
	        {"ns", 1},     {"us", 1e3},   {"ms", 1e6},    {"s", 1e9}, {"m", 60e9},
	        {"min", 60e9}, {"h", 3600e9}, {"d", 86400e9}, {NULL, 0},
	};

	return read_scaled(text, units, ns);
}

bool rp_value_interval(const char *text, uint64_t *ns)
{
	static const struct unit units[] = {{"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {NULL, 0}};
	static const struct unit rates[] = {{"hz", 1}, {NULL, 0}};
	uint64_t n;

	if (strchr(text, '.'))
		return false;
	if (read_scaled(text, rates, &n) && n > 0)
		n = 1000000000 / n;
	else if (!read_scaled(text, units, &n))
		return false;
	if (n == 0)
		return false;
	*ns = n;
	return true;
}

bool rp_value_bytes(const char *text, uint64_t *n_bytes)
{
	static const struct unit units[] = {
	        {"", 1}, {"k", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {NULL, 0},
	};

	return read_scaled(text, units, n_bytes);
}

bool rp_value_count(const char *text, uint64_t *n)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	unsigned long long value = strtoull(text, &end, 10);

	if (errno || *end)
		return false;
	*n = value;
	return true;
}
