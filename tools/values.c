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
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {{"us", 1000}, {"ms", 1000000}, {"s", 1000000000}};
	size_t n_digits = strspn(text, "0123456789");
	uint64_t n = n_digits <= 10 ? strtoull(text, NULL, 10) : 0, result = 0;

	if (!n_digits || !n)
		return false;
	if (strcasecmp(text + n_digits, "hz") == 0)
		result = 1000000000 / n;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (strcasecmp(text + n_digits, units[i].name) == 0)
			result = n * units[i].ns;
	if (!result)
		return false;
	*ns = result;
	return true;
}

/* Thousandths, with the text after them; NULL: no number.  Digits that do not fit are left over. */
static const char *read_milli(const char *text, uint64_t *milli)
{
	const char *at = text;
	uint64_t n = 0;

	for (; isdigit((unsigned char)*at) && n < UINT64_MAX / 1000000; at++)
		n = n * 10 + (uint64_t)(*at - '0');
	n *= 1000;
	if (*at == '.') {
		at++;
		for (uint64_t place = 100; place && isdigit((unsigned char)*at); place /= 10)
			n += (uint64_t)(*at++ - '0') * place;
	}
	*milli = n;
	return at == text ? NULL : at;
}

bool rp_value_bytes(const char *text, uint64_t *n_bytes)
{
	static const char units[] = "KMG";
	uint64_t milli;
	const char *end = read_milli(text, &milli);
	unsigned shift = 0;

	if (!end)
		return false;
	if (*end) {
		const char *unit = strchr(units, toupper((unsigned char)*end));

		if (!unit || end[1])
			return false;
		shift = 10 * (unsigned)(unit - units + 1);
	}
	if (milli > UINT64_MAX >> shift)
		return false;
	*n_bytes = (milli << shift) / 1000;
	return true;
}

bool rp_value_milli(const char *text, uint64_t *milli)
{
	uint64_t n;
	const char *end = read_milli(text, &n);

	if (!end || *end)
		return false;
	*milli = n;
	return true;
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
