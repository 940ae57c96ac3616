/* settings.c - see settings.h.  Room: cold.  SPDX-License-Identifier: MIT */
#include "preload/cold/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "preload/cold/log.h"
#include "preload/hot/sys.h"
#include "preload/limits.h"
#include "preload/settings.h"

struct rp_settings rp_settings;
bool rp_awake;

enum { FLOOR_NS = 50000, SLOW_FLOOR_NS = 1000000, VALUE_MAX = 1024 };

/* What is said of a bad value: which form is expected. */
static bool wrong(const char *name, const char *value, const char *form)
{
	rp_log(name, "=", value, ": not ", form, "; its default is used", NULL);
	return false;
}

/* A number with up to three decimals, in thousandths; *END after it. */
static uint64_t milli(const char *text, const char **end)
{
	uint64_t n = 0, scale = 1000;

	for (; *text >= '0' && *text <= '9' && n < UINT64_MAX / 1000000; text++)
		n = n * 10 + (uint64_t)(*text - '0');
	n *= 1000;
	if (*text == '.')
		for (text++; *text >= '0' && *text <= '9' && scale > 1; text++)
			n += (uint64_t)(*text - '0') * (scale /= 10);
	*end = text;
	return n;
}

static bool set_time(const char *name, const char *value, uint64_t *to)
{
	uint64_t ns = rp_trigger_interval_ns((struct rp_span){value, strlen(value)});

	if (!ns)
		return wrong(name, value, "a time like 1ms, 500us or 1000hz");
	*to = ns < FLOOR_NS ? FLOOR_NS : ns;
	if (ns < FLOOR_NS)
		rp_log(name, "=", value, ": below 50us, which is used", NULL);
	return true;
}

static bool set_count(const char *name, const char *value, uint64_t *to)
{
	const char *end;
	uint64_t n = milli(value, &end);

	if (end == value || *end || n % 1000 || !n)
		return wrong(name, value, "a number above zero");
	*to = n / 1000;
	return true;
}

static bool set_bytes(const char *name, const char *value, uint64_t *to)
{
	static const char units[] = "kKmMgG";
	const char *end, *unit;
	uint64_t n = milli(value, &end);

	unit = *end ? strchr(units, *end) : NULL;
	unsigned shift = unit ? 10 * (1 + (unsigned)(unit - units) / 2) : 0;

	if (end == value || (*end && (!unit || end[1])) || n > UINT64_MAX >> shift)
		return wrong(name, value, "a size like 8M or 200k");
	n = (n << shift) / 1000;
	*to = n < (64u << 10) ? 64u << 10 : n;
	return true;
}

static bool set_rate(const char *name, const char *value, uint64_t *to)
{
	const char *end;
	uint64_t n = milli(value, &end);

	if (end == value || *end || !n)
		return wrong(name, value, "a number of sessions a second");
	*to = n;
	return true;
}

static bool set_TEXT(const char *name, const char *value, char *to)
{
	if (strlen(value) >= sizeof(rp_settings.dir))
		return wrong(name, value, "shorter than 256 bytes");
	strcpy(to, value);
	return true;
}

static bool set_TIME(const char *name, const char *value, uint64_t *to)
{
	return set_time(name, value, to);
}

static bool set_BOUND(const char *name, const char *value, uint64_t *to)
{
	*to = RP_NEVER;
	return !*value || strcmp(value, "0") == 0 || set_time(name, value, to);
}

/* "5xx", "40x", "404": the statuses that match, as bits from 100 on. */
static bool add_statuses(uint64_t *to, const char *at, size_t n)
{
	unsigned least = 0, step = 1, n_any = 0;

	for (size_t i = 0; i < n; i++) {
		bool any = at[i] == 'x' || at[i] == 'X', digit = at[i] >= '0' && at[i] <= '9';

		if (n != 3 || (!digit && !any) || (digit && n_any))
			return false;
		n_any += any;
		step *= any ? 10 : 1;
		least = least * 10 + (digit ? (unsigned)(at[i] - '0') : 0);
	}
	if (n != 3 || least < 100 || least - 100 + step > 64 * RP_ERROR_WORDS)
		return false;
	for (unsigned i = least - 100; i < least - 100 + step; i++)
		to[i / 64] |= 1ull << i % 64;
	return true;
}

static bool set_STATUS(const char *name, const char *value, uint64_t *to)
{
	const char *at = value;

	memset(to, 0, sizeof(rp_settings.errors));
	while (*at) {
		size_t n = strcspn(at, ",");

		if (!add_statuses(to, at, n)) {
			memset(to, 0, sizeof(rp_settings.errors));
			return wrong(name, value, "statuses like 5xx,404");
		}
		at += n + (at[n] == ',');
	}
	return true;
}

static bool set_SWITCH(const char *name, const char *value, bool *to)
{
	*to = strcmp(value, "1") == 0;
	return *to || !*value || strcmp(value, "0") == 0 || wrong(name, value, "1 or 0");
}

static bool set_COUNT(const char *name, const char *value, uint64_t *to)
{
	return set_count(name, value, to);
}

static bool set_BYTES(const char *name, const char *value, uint64_t *to)
{
	return set_bytes(name, value, to);
}

static bool set_RATE(const char *name, const char *value, uint64_t *to)
{
	return set_rate(name, value, to);
}

static bool set_SECONDS(const char *name, const char *value, uint64_t *to)
{
	uint64_t seconds;

	if (!set_count(name, value, &seconds))
		return false;
	if (seconds > 1000000000)
		return wrong(name, value, "below a billion");
	*to = seconds * 1000000000u;
	return true;
}

static bool set_KEEP(const char *name, const char *value, struct rp_keep *to)
{
	struct rp_why why;

	return rp_keep_parse(to, value, &why) ||
	       wrong(name, value, "a count, a size or an age (200, 500M, 7d)");
}

static bool set_OPEN(const char *name, const char *value, bool *to)
{
	*to = strcmp(value, "loopback") == 0;
	return *to || !*value || wrong(name, value, "the word loopback");
}

static bool set_RESPONSE(const char *name, const char *value, bool *to)
{
	*to = strcmp(value, "keep") == 0;
	return *to || !*value || wrong(name, value, "the word keep");
}

static bool set_HEADERS(const char *name, const char *value, bool *to)
{
	*to = strcmp(value, "off") == 0;
	return *to || !*value || strcmp(value, "on") == 0 || wrong(name, value, "on or off");
}

/* A list that cannot be read names nobody: what it was to shut stays shut. */
static bool set_NETWORKS(const char *name, const char *value, struct rp_networks *to)
{
	if (!*value || rp_networks_parse(to, (struct rp_span){value, strlen(value)}))
		return true;
	rp_log(name, "=", value, ": not a list like 10.0.0.0/8,::1; nobody is in it", NULL);
	return false;
}

static bool set_RUNTIMES(const char *name, const char *value, bool *to)
{
	*to = strcmp(value, "off") != 0;
	return !*to || strcmp(value, "on") == 0 || wrong(name, value, "on or off");
}

static bool set_UNWINDER(const char *name, const char *value, bool *to)
{
	*to = strcmp(value, "libunwind") == 0;
	return *to || strcmp(value, "table") == 0 || wrong(name, value, "table or libunwind");
}

static bool set_TRIGGER(const char *name, const char *value, struct rp_trigger_rules *to)
{
	size_t n = strlen(value);

	if (!n || n >= sizeof(to->name) ||
	    strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN"
	                  "OPQRSTUVWXYZ0123456789_-.") != n)
		return wrong(name, value, "a word of letters, digits, _ - .");
	strcpy(to->name, value);
	return true;
}

static bool set_ROUTES(const char *name, const char *value, struct rp_trigger_rules *to)
{
	char why[RP_TRIGGER_WHY];

	if (!*value || rp_trigger_parse_routes(to, value, why))
		return true;
	rp_log(name, "=", value, ": ", why, "; no route is flagged", NULL);
	return false;
}

/* The file must be ours or root's, and nobody else's to read: then its lines are secrets. */
static long read_secrets(const char *path, char *text, size_t cap, const char **why)
{
	struct stat st;
	long fd = rp_sys(SYS_openat, AT_FDCWD, path,
	                 O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC),
	     n = 0;
	uid_t euid = (uid_t)rp_sys(SYS_geteuid, 0);

	*why = fd < 0 ? rp_log_error((int)-fd) : NULL;
	if (fd < 0)
		return 0;
	if (fstat((int)fd, &st) != 0 || !S_ISREG(st.st_mode))
		*why = "not a regular file";
	else if (st.st_uid && st.st_uid != euid)
		*why = "belongs to another user";
	else if (st.st_mode & 077)
		*why = "others may read it (chmod 600 it)";
	else
		n = rp_sys(SYS_read, fd, text, cap);
	rp_sys(SYS_close, fd);
	return n > 0 ? n : 0;
}

static void add_secret(struct rp_trigger_rules *to, const char *at, size_t n)
{
	if (to->n_secrets < RP_MAX_SECRETS && rp_secret_set(&to->secrets[to->n_secrets], at, n))
		to->n_secrets++;
}

/* Core files are sent around. */
static void keep_out_of_cores(const struct rp_trigger_rules *rules)
{
	uintptr_t page = 4096, from = (uintptr_t)rules->secrets & ~(page - 1);
	uintptr_t end = ((uintptr_t)(rules->secrets + RP_MAX_SECRETS) + page - 1) & ~(page - 1);

	rp_sys(SYS_madvise, from, end - from, MADV_DONTDUMP);
}

/* With the variable set there is a secret, also when the file is bad: then nobody knows it. */
static bool set_SECRET(const char *name, const char *value, struct rp_trigger_rules *to)
{
	char text[VALUE_MAX];
	const char *why, *from = text;

	if (!*value)
		return true;
	to->has_secret = true;
	long n = read_secrets(value, text, sizeof(text), &why);

	/* A line that does not end in what was read is cut: that would be another secret. */
	for (long i = 0; i < n + (n < (long)sizeof(text)); i++)
		if (i == n || text[i] == '\n' || text[i] == '\r') {
			add_secret(to, from, (size_t)(text + i - from));
			from = text + i + 1;
		}
	explicit_bzero(text, sizeof(text));
	keep_out_of_cores(to);
	if (!to->n_secrets)
		rp_log(name, "=", value, ": ", why ? why : "no line of 16 to 128 bytes in it",
		       "; every trigger is refused", NULL);
	return true;
}

/* The value of KEY in "dir=/x,interval=200us", copied into VALUE; NULL: not there. */
static const char *in_combined(const char *all, const char *name, char *value)
{
	size_t n_key = strlen(name) - sizeof("REQPROF_") + 1;

	while (all && *all) {
		size_t n = strcspn(all, ",");

		if (n > n_key && n - n_key <= VALUE_MAX && all[n_key] == '=' &&
		    strncasecmp(all, name + sizeof("REQPROF_") - 1, n_key) == 0) {
			memcpy(value, all + n_key + 1, n - n_key - 1);
			value[n - n_key - 1] = 0;
			return value;
		}
		all += n + (all[n] == ',');
	}
	return NULL;
}

static const char *find(const char *name, char *value)
{
	const char *found = secure_getenv(name);

	if (!found)
		found = in_combined(secure_getenv("REQPROF"), name, value);
	if (!found && strcmp(name, "REQPROF_TRIGGER") == 0)
		found = secure_getenv("PYINSTRUMENT_TRIGGER");
	return found;
}

static void bound(uint64_t *value, uint64_t most)
{
	if (*value > most)
		*value = most;
}

void rp_settings_read(void)
{
	char value[VALUE_MAX + 1];
	const char *found;

#define SETTING(var, field, kind, usual, text)                                                     \
	(void)set_##kind(#var, usual, (void *)&rp_settings.field);
#include "preload/settings.def"
	found = find("REQPROF_LOG", value);
	if (found)
		set_TEXT("REQPROF_LOG", found, rp_settings.log);
#define SETTING(var, field, kind, usual, text)                                                     \
	if ((found = find(#var, value)))                                                           \
		(void)set_##kind(#var, found, (void *)&rp_settings.field);
#include "preload/settings.def"
	bound(&rp_settings.max_frames, RP_MAX_FRAMES);
	bound(&rp_settings.concurrent, RP_MAX_LIVE);
	if (rp_settings.slow_interval_ns < SLOW_FLOOR_NS)
		rp_settings.slow_interval_ns = SLOW_FLOOR_NS;
}
