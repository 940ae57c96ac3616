/* names.c - names of session files and of their folder, in both directions.
 *
 * Room: store, also linked into the shim: no malloc, no stdio, no locale, no time zone.
 * SPDX-License-Identifier: MIT
 */
#include "store/names.h"

#include <string.h>
#include "store/catalog.h"

enum { STAMP_BYTES = 20, METHOD_MAX = 16 }; /* "20261122T174132.123Z" */

static const char digits[] = "0123456789";

/* Text that grows in a fixed buffer and never past it. */
struct text {
	char *at, *end; /* end: of the room, the NUL included */
};

static void put_char(struct text *t, char c)
{
	if (t->at + 1 < t->end)
		*t->at++ = c;
	*t->at = '\0';
}

static void put_text(struct text *t, const char *s)
{
	while (*s)
		put_char(t, *s++);
}

/* Decimal, at least WIDTH digits. */
static void put_number(struct text *t, uint64_t v, unsigned width)
{
	char reversed[20];
	unsigned n = 0;

	for (; v || n < width; v /= 10)
		reversed[n++] = digits[v % 10];
	while (n)
		put_char(t, reversed[--n]);
}

/* Anything but letters, digits, '.', and '-' becomes '_': safe in every shell and file system. */
static void put_plain(struct text *t, const char *at, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char c = at[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		             (c >= '0' && c <= '9') || c == '.' || c == '-';

		put_char(t, plain ? c : '_');
	}
}

/* Days since 1970-01-01 to a date and back, for years that begin in March so that the leap day is
 * the last of its year; an era is 400 years. */
static void date_of_days(uint64_t days, unsigned *year, unsigned *month, unsigned *day)
{
	uint64_t since = days + 719468; /* from 0000-03-01 */
	unsigned era = (unsigned)(since / 146097), of_era = (unsigned)(since % 146097);
	unsigned y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	unsigned of_year = of_era - (365 * y + y / 4 - y / 100);
	unsigned m = (5 * of_year + 2) / 153;

	*day = of_year - (153 * m + 2) / 5 + 1;
	*month = m < 10 ? m + 3 : m - 9;
	*year = era * 400 + y + (*month <= 2);
}

static uint64_t days_of_date(unsigned year, unsigned month, unsigned day)
{
	unsigned y = year - (month <= 2), era = y / 400, of_era = y % 400;
	unsigned m = month > 2 ? month - 3 : month + 9;
	uint64_t of_year = (153 * m + 2) / 5 + day - 1;

	return era * UINT64_C(146097) + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void put_stamp(struct text *t, uint64_t wall_ns)
{
	uint64_t ms = wall_ns / 1000000, s = ms / 1000;
	unsigned year, month, day;

	date_of_days(s / 86400, &year, &month, &day);
	put_number(t, year, 4);
	put_number(t, month, 2);
	put_number(t, day, 2);
	put_char(t, 'T');
	put_number(t, s / 3600 % 24, 2);
	put_number(t, s / 60 % 60, 2);
	put_number(t, s % 60, 2);
	put_char(t, '.');
	put_number(t, ms % 1000, 3);
	put_char(t, 'Z');
}

/* The path alone: a query or user info may hold secrets, and names are seen by everyone. */
static struct rp_slice path_of(struct rp_slice target)
{
	const char *end = target.at + target.n, *at = target.at;

	for (const char *p = at; p < end; p++)
		if (*p == '?' || *p == '#')
			end = p;
	if (at == end || *at == '/')
		return (struct rp_slice){at, (size_t)(end - at)};

	const char *host = memmem(at, (size_t)(end - at), "://", 3);
	const char *path = host ? memchr(host + 3, '/', (size_t)(end - host - 3)) : NULL;
	const char *user = memchr(at, '@', (size_t)(end - at));

	if (host || user)
		at = path ? path : end;
	return (struct rp_slice){at, (size_t)(end - at)};
}

void rp_catalog_name(char *name, uint64_t wall_ns, uint32_t pid, uint32_t seq,
                     struct rp_slice method, struct rp_slice target)
{
	struct text t = {name, name + RP_NAME_MAX - (sizeof(RP_NAME_END) - 1)};
	struct rp_slice path = path_of(target);

	put_stamp(&t, wall_ns);
	put_char(&t, '-');
	char id[RP_ID_MAX];

	rp_catalog_id(id, pid, seq);
	put_text(&t, id);
	put_char(&t, '-');
	put_plain(&t, method.at, method.n < METHOD_MAX ? method.n : METHOD_MAX);
	put_char(&t, '-');
	put_plain(&t, path.at, path.n);
	t.end = name + RP_NAME_MAX;
	put_text(&t, RP_NAME_END);
}

size_t rp_catalog_id(char *id, uint32_t pid, uint32_t seq)
{
	struct text t = {id, id + RP_ID_MAX};

	put_number(&t, pid, 1);
	put_char(&t, '-');
	put_number(&t, seq, 6);
	return (size_t)(t.at - id);
}

void rp_catalog_default_dir(char *path, size_t cap, uint32_t uid)
{
	struct text t = {path, path + cap};

	if (cap == 0)
		return;
	put_text(&t, "/tmp/reqprof-");
	put_number(&t, uid, 1);
}

/* N digits at NAME; false when one is none. */
static bool take_number(const char *name, unsigned n, unsigned *v)
{
	*v = 0;
	for (unsigned i = 0; i < n; i++) {
		if (name[i] < '0' || name[i] > '9')
			return false;
		*v = *v * 10 + (unsigned)(name[i] - '0');
	}
	return true;
}

static bool take_stamp(const char *name, uint64_t *wall_ns)
{
	unsigned year, month, day, hour, minute, second, ms;

	if (!take_number(name, 4, &year) || !take_number(name + 4, 2, &month) ||
	    !take_number(name + 6, 2, &day) || name[8] != 'T' || !take_number(name + 9, 2, &hour) ||
	    !take_number(name + 11, 2, &minute) || !take_number(name + 13, 2, &second) ||
	    name[15] != '.' || !take_number(name + 16, 3, &ms) || name[19] != 'Z')
		return false;
	if (year < 1970 || year > 2553 || month < 1 || month > 12 || day < 1 || day > 31 ||
	    hour > 23 || minute > 59 || second > 60)
		return false;

	uint64_t s = ((days_of_date(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;

	*wall_ns = (s * 1000 + ms) * 1000000;
	return true;
}

/* Bytes of "4711-000007" at AT, when a '-' follows it; else 0. */
static size_t id_bytes(const char *at)
{
	size_t pid = strspn(at, digits);
	size_t seq = at[pid] == '-' ? strspn(at + pid + 1, digits) : 0;

	if (pid < 1 || pid > 10 || seq < 6 || seq > 10 || at[pid + 1 + seq] != '-')
		return 0;
	return pid + 1 + seq;
}

/* N without END, or 0 when it does not end so. */
static size_t without(const char *name, size_t n, const char *end)
{
	size_t n_end = strlen(end);

	return n > n_end && memcmp(name + n - n_end, end, n_end) == 0 ? n - n_end : 0;
}

bool rp_names_sidecar(char *side, size_t cap, const char *name)
{
	size_t n = strlen(name), whole = without(name, n, RP_PART_END);
	size_t stem = without(name, whole ? whole : n, RP_NAME_END);

	n = stem ? stem : n;
	if (n + sizeof(RP_SIDE_END) > cap)
		return false;
	memcpy(side, name, n);
	memcpy(side + n, RP_SIDE_END, sizeof(RP_SIDE_END));
	return true;
}

bool rp_names_parse(const char *name, struct rp_named *named)
{
	size_t n = strlen(name), whole = without(name, n, RP_PART_END);
	size_t stem = without(name, whole ? whole : n, RP_NAME_END);

	if (n >= RP_FILE_NAME_MAX || stem <= STAMP_BYTES || name[STAMP_BYTES] != '-' ||
	    !take_stamp(name, &named->wall_ns))
		return false;

	size_t n_id = id_bytes(name + STAMP_BYTES + 1);

	memcpy(named->id, name + STAMP_BYTES + 1, n_id);
	named->id[n_id] = '\0';
	named->part = whole != 0;
	return n_id != 0;
}
