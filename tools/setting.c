/* setting.c - see setting.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/setting.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include "store/catalog.h"
#include "tools/units.h"
#include "tools/values.h"

const struct rp_setting rp_setting_rows[] = {
#define SETTING(name, kind, least, most, argument, help)                                           \
	{#name, RP_SETTING_##kind, least, most, argument, help},
#include "tools/settings.def"
        {.name = NULL},
};

enum { SECRET_LEAST = 16, SECRET_MOST = 128 }; /* bytes, as the shim */

static bool check_range(const struct rp_setting *s, bool is_number, uint64_t n, const char *form,
                        struct rp_why *why)
{
	if (!is_number)
		return rp_why_set(why, 0, "wants %s", form);
	if (n >= s->least && n <= s->most)
		return true;
	if (s->kind != RP_SETTING_INTERVAL)
		return rp_why_set(why, 0, "must be between %" PRIu64 " and %" PRIu64, s->least,
		                  s->most);
	char least[RP_UNITS_MAX], most[RP_UNITS_MAX];

	return rp_why_set(why, 0, "must be between %s and %s", rp_units_time(least, s->least),
	                  rp_units_time(most, s->most));
}

/* "2", "0.5": sessions a second. */
static bool check_rate(const struct rp_setting *s, const char *value, struct rp_why *why)
{
	char *end;
	double rate = strtod(value, &end);

	return check_range(s, isdigit((unsigned char)*value) && !*end && rate > 0, (uint64_t)rate,
	                   "a number above zero, such as 2 or 0.5", why);
}

/* The path goes to a server that may change its directory. */
static bool check_path(const char *value, struct rp_why *why)
{
	return *value == '/' || rp_why_set(why, 0, "wants a path from the root");
}

/* Whether a line of FILE is long enough not to be guessed, and short enough to be taken. */
static bool has_secret(FILE *file)
{
	char *line = NULL;
	size_t cap = 0;
	bool found = false;

	while (!found && getline(&line, &cap, file) >= 0) {
		size_t n = strcspn(line, "\r\n");

		found = n >= SECRET_LEAST && n <= SECRET_MOST;
	}
	free(line);
	return found;
}

/* A secret that others can read, or that could be guessed, is none. */
static bool check_secret(const char *value, struct rp_why *why)
{
	struct stat st;

	if (!check_path(value, why))
		return false;
	if (lstat(value, &st) != 0)
		return rp_why_set(why, 0, "names a file that is not there");
	if (!S_ISREG(st.st_mode))
		return rp_why_set(why, 0, "must name a regular file, not a link or a device");
	if (st.st_mode & 077)
		return rp_why_set(why, 0, "names a file that others may read: chmod 600 it");
	FILE *file = fopen(value, "re");
	bool found = file && has_secret(file), unread = !file;

	if (file)
		fclose(file);
	return found || unread ||
	       rp_why_set(why, 0, "names a file without a line of %d to %d bytes", SECRET_LEAST,
	                  SECRET_MOST);
}

static bool check_word(const char *value, struct rp_why *why)
{
	size_t n = strlen(value);

	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)value[i]) && !strchr("_-.", value[i]))
			n = 0;
	return n > 0 || rp_why_set(why, 0, "wants a name of letters, digits, '_', '-' and '.'");
}

bool rp_setting_check(const struct rp_setting *s, const char *value, struct rp_why *why)
{
	struct rp_keep keep;
	uint64_t n = 0;
	bool is_number;

	switch (s->kind) {
	case RP_SETTING_PATH:
		return check_path(value, why);
	case RP_SETTING_LOG:
		return strcmp(value, "-") == 0 || check_path(value, why);
	case RP_SETTING_WORD:
		return check_word(value, why);
	case RP_SETTING_TEXT:
		return *value || rp_why_set(why, 0, "is empty");
	case RP_SETTING_OPEN:
		return strcmp(value, "loopback") == 0 ||
		       rp_why_set(why, 0, "knows only 'loopback'");
	case RP_SETTING_SECRET:
		return check_secret(value, why);
	case RP_SETTING_INTERVAL:
		is_number = rp_value_interval(value, &n);
		return check_range(s, is_number, n, "a time such as 1ms, 500us or 1000hz", why);
	case RP_SETTING_COUNT:
		is_number = rp_value_count(value, &n);
		return check_range(s, is_number, n, "a whole number", why);
	case RP_SETTING_BYTES:
		is_number = rp_value_bytes(value, &n);
		return check_range(s, is_number, n, "a size such as 500k or 8M", why);
	case RP_SETTING_KEEP:
		return rp_keep_parse(&keep, value, why);
	case RP_SETTING_RATE:
		return check_rate(s, value, why);
	}
	return true;
}

const struct rp_setting *rp_setting_find(const char *name, size_t n)
{
	for (const struct rp_setting *s = rp_setting_rows; s->name; s++)
		if (strncasecmp(s->name, name, n) == 0 && !s->name[n])
			return s;
	return NULL;
}

char *rp_setting_option(const struct rp_setting *s, char word[32])
{
	size_t i = 0;

	for (; s->name[i] && i < 31; i++)
		word[i] = s->name[i] == '_' ? '-' : (char)tolower((unsigned char)s->name[i]);
	word[i] = '\0';
	return word;
}
