/* setting.c - see setting.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/setting.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include "store/catalog.h"
#include "store/token.h"
#include "tools/values.h"

const struct rp_setting rp_setting_rows[] = {
#define SETTING(name, kind, least, most, argument, help)                                           \
	{#name, RP_SETTING_##kind, least, most, argument, help},
#include "tools/settings.def"
        {.name = NULL},
};

/* As the shim has them. */
enum { TEXT_MOST = 255, WORD_MOST = 63 }; /* bytes */
enum { NETWORKS_MOST = 32 };
enum { SECONDS_MOST = 1000000000 };

/* "5" and "5.0" are whole; zero is no count. */
static bool read_count(const char *value, uint64_t *n)
{
	if (!rp_value_milli(value, n) || !*n || *n % 1000)
		return false;
	*n /= 1000;
	return true;
}

static bool read_number(enum rp_setting_kind kind, const char *value, uint64_t *n)
{
	switch (kind) {
	case RP_SETTING_BOUND:
		*n = UINT64_MAX; /* none */
		return !*value || strcmp(value, "0") == 0 || rp_value_interval(value, n);
	case RP_SETTING_INTERVAL:
		return rp_value_interval(value, n);
	case RP_SETTING_BYTES:
		return rp_value_bytes(value, n);
	case RP_SETTING_RATE:
		return rp_value_milli(value, n) && *n;
	case RP_SETTING_COUNT:
		return read_count(value, n);
	case RP_SETTING_SECONDS:
		if (!read_count(value, n) || *n > SECONDS_MOST)
			return false;
		*n *= 1000000000;
		return true;
	default:
		return false;
	}
}

bool rp_setting_number(const struct rp_setting *s, const char *value, uint64_t *number)
{
	uint64_t n;

	if (!read_number(s->kind, value, &n))
		return false;
	if (n < s->least)
		n = s->least;
	*number = s->most && n > s->most ? s->most : n;
	return true;
}

static bool check_number(const struct rp_setting *s, const char *value, const char *form,
                         struct rp_why *why)
{
	uint64_t n;

	return rp_setting_number(s, value, &n) || rp_why_set(why, 0, "wants %s", form);
}

/* The path goes to a server that may change its directory.  Empty is as if unset. */
static bool check_path(const char *value, struct rp_why *why)
{
	if (*value && *value != '/')
		return rp_why_set(why, 0, "wants a path from the root");
	return strlen(value) <= TEXT_MOST ||
	       rp_why_set(why, 0, "is longer than %d bytes", TEXT_MOST);
}

/* Whether a line of FILE is long enough not to be guessed, and short enough to be taken. */
static bool has_secret(FILE *file)
{
	char *line = NULL;
	size_t cap = 0;
	bool found = false;

	while (!found && getline(&line, &cap, file) >= 0) {
		size_t n = strcspn(line, "\r\n");

		found = n >= RP_SECRET_LEAST && n <= RP_SECRET_MOST;
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
	       rp_why_set(why, 0, "names a file without a line of %d to %d bytes", RP_SECRET_LEAST,
	                  RP_SECRET_MOST);
}

/* "5xx,404,40x": three digits each, x for any at the end; up to 611, as the shim has them. */
static bool check_statuses(const char *value, struct rp_why *why)
{
	for (const char *at = value; *at; at += *at == ',') {
		size_t n = strcspn(at, ","), digits = strspn(at, "0123456789");
		size_t any = strspn(at + digits, "xX");
		unsigned last = 0;

		for (size_t i = 0; i < n && n == 3; i++)
			last = last * 10 + (i < digits ? (unsigned)(at[i] - '0') : 9);
		if (n != 3 || !digits || digits + any != 3 || *at < '1' || last > 611)
			return rp_why_set(why, 0, "wants statuses such as 5xx,404");
		at += n;
	}
	return true;
}

static bool check_word(const char *value, struct rp_why *why)
{
	size_t n = strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	                         "0123456789_-.");

	if (!n || value[n])
		return rp_why_set(why, 0, "wants a name of letters, digits, '_', '-' and '.'");
	return n <= WORD_MOST || rp_why_set(why, 0, "is longer than %d bytes", WORD_MOST);
}

/* "10.0.0.0/8". */
static bool is_network(const char *text, size_t n)
{
	char front[INET6_ADDRSTRLEN];
	size_t n_front = 0;
	uint64_t bits = 0;
	struct in6_addr a;

	while (n_front < n && text[n_front] != '/')
		n_front++;
	if (n_front >= sizeof front || (n_front < n && (n - n_front < 2 || n - n_front > 4)))
		return false;
	memcpy(front, text, n_front);
	front[n_front] = '\0';
	for (size_t i = n_front + 1; i < n; i++) {
		if (!isdigit((unsigned char)text[i]))
			return false;
		bits = bits * 10 + (uint64_t)(text[i] - '0');
	}
	if (inet_pton(AF_INET, front, &a) == 1)
		return bits <= 32;
	return inet_pton(AF_INET6, front, &a) == 1 && bits <= 128;
}

static bool check_networks(const char *value, struct rp_why *why)
{
	size_t count = 0;

	while (*value) {
		size_t n = strcspn(value, ","), used = n + (value[n] == ',');

		while (n && *value == ' ')
			value++, n--, used--;
		while (n && value[n - 1] == ' ')
			n--;
		if (!is_network(value, n))
			return rp_why_set(why, 0, "wants networks such as 10.0.0.0/8,::1");
		if (++count > NETWORKS_MOST)
			return rp_why_set(why, 0, "has more than %d networks", NETWORKS_MOST);
		value += used;
	}
	return true;
}

/* OTHER: NULL where there is but one word. */
static bool is_one_of(const char *value, const char *word, const char *other, struct rp_why *why)
{
	if (strcmp(value, word) == 0 || (other && strcmp(value, other) == 0))
		return true;
	return other ? rp_why_set(why, 0, "knows only '%s' and '%s'", word, other)
	             : rp_why_set(why, 0, "knows only '%s'", word);
}

bool rp_setting_check(const struct rp_setting *s, const char *value, struct rp_why *why)
{
	struct rp_keep keep;

	switch (s->kind) {
	case RP_SETTING_PATH:
		return check_path(value, why);
	case RP_SETTING_LOG:
		return strcmp(value, "-") == 0 || check_path(value, why);
	case RP_SETTING_WORD:
		return check_word(value, why);
	case RP_SETTING_TEXT:
		return true;
	case RP_SETTING_OPEN:
		return !*value || is_one_of(value, "loopback", NULL, why);
	case RP_SETTING_RESPONSE:
		return !*value || is_one_of(value, "keep", NULL, why);
	case RP_SETTING_HEADERS:
		return !*value || is_one_of(value, "on", "off", why);
	case RP_SETTING_NETWORKS:
		return check_networks(value, why);
	case RP_SETTING_UNWINDER:
		return is_one_of(value, "table", "libunwind", why);
	case RP_SETTING_RUNTIMES:
		return is_one_of(value, "on", "off", why);
	case RP_SETTING_SECRET:
		return !*value || check_secret(value, why);
	case RP_SETTING_KEEP:
		return rp_keep_parse(&keep, value, why);
	case RP_SETTING_INTERVAL:
		return check_number(s, value, "a time such as 1ms, 500us or 1000hz", why);
	case RP_SETTING_BOUND:
		return check_number(s, value, "a time such as 500ms or 2s, or 0", why);
	case RP_SETTING_STATUS:
		return check_statuses(value, why);
	case RP_SETTING_SWITCH:
		return !*value || strcmp(value, "0") == 0 || strcmp(value, "1") == 0 ||
		       rp_why_set(why, 0, "is 1 or 0");
	case RP_SETTING_COUNT:
		return check_number(s, value, "a whole number above zero", why);
	case RP_SETTING_SECONDS:
		return check_number(s, value, "whole seconds, above zero and at most a billion",
		                    why);
	case RP_SETTING_BYTES:
		return check_number(s, value, "a size such as 500k or 8M", why);
	case RP_SETTING_RATE:
		return check_number(s, value, "a number above zero, such as 2 or 0.5", why);
	}
	return true;
}

bool rp_setting_place(const char *dir, struct rp_why *why)
{
	char copy[PATH_MAX];
	struct stat st;

	if (lstat(dir, &st) == 0) {
		if (S_ISLNK(st.st_mode))
			return rp_why_set(why, 0,
			                  "is a symbolic link, which the shim does not follow: "
			                  "name the directory itself");
		if (!S_ISDIR(st.st_mode))
			return rp_why_set(why, 0, "is not a directory");
		return !(st.st_mode & 022) ||
		       rp_why_set(why, 0, "may be written by others: chmod 700 it");
	}
	snprintf(copy, sizeof copy, "%s", dir);
	const char *parent = dirname(copy);

	return (stat(parent, &st) == 0 && S_ISDIR(st.st_mode)) ||
	       rp_why_set(why, 0, "cannot be made: %.120s is not a directory", parent);
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
