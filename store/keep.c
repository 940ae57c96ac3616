/* keep.c - retention: which sessions of a folder may stay.
 *
 * Room: store, also linked into the shim.  No malloc and no readdir (which mallocs): passes over
 * getdents64, each remembering the oldest few.
 * SPDX-License-Identifier: MIT
 */
#include <dirent.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "store/catalog.h"
#include "store/names.h"

enum {
	N_OLDEST = 64, /* removed at most per pass */
	N_PASSES = 16, /* an overfull folder is brought down over several sessions */
	DENTS_BYTES = 8192,
	PART_GRACE_S = 3600, /* a younger .part may still be written */
};

struct old {
	char name[RP_FILE_NAME_MAX];
	uint64_t wall_ns, bytes;
};

/* One pass: what the folder holds, and its oldest removable files, oldest first. */
struct pass {
	uint64_t sessions, bytes;
	bool counted; /* by the first pass: later ones ask the disk about candidates only */
	uint32_t n_oldest;
	struct old oldest[N_OLDEST];
	const struct old *after; /* only what is younger than this; NULL: all */
};

/* < 0 when the file NAME of WALL_NS is older than B. */
static int compare(uint64_t wall_ns, const char *name, const struct old *b)
{
	if (wall_ns != b->wall_ns)
		return wall_ns < b->wall_ns ? -1 : 1;
	return strcmp(name, b->name);
}

static bool may_be_among_oldest(const struct pass *p, uint64_t wall_ns, const char *name)
{
	if (p->after && compare(wall_ns, name, p->after) <= 0)
		return false;
	return p->n_oldest < N_OLDEST || compare(wall_ns, name, &p->oldest[N_OLDEST - 1]) < 0;
}

static void remember(struct pass *p, uint64_t wall_ns, const char *name, uint64_t bytes)
{
	uint32_t at = p->n_oldest < N_OLDEST ? p->n_oldest++ : N_OLDEST - 1;

	for (; at > 0 && compare(wall_ns, name, &p->oldest[at - 1]) < 0; at--)
		p->oldest[at] = p->oldest[at - 1];
	memcpy(p->oldest[at].name, name, strlen(name) + 1);
	p->oldest[at].wall_ns = wall_ns;
	p->oldest[at].bytes = bytes;
}

static bool is_ours(int dirfd, const char *name, struct stat *st)
{
	return fstatat(dirfd, name, st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st->st_mode) &&
	       st->st_uid == geteuid();
}

/* Counts NAME when it is a session of ours, and remembers it when it may be removed. */
static void look_at(struct pass *p, int dirfd, const char *name, uint64_t now_wall_ns)
{
	struct rp_named named;
	struct stat st;

	if (!rp_names_parse(name, &named))
		return;

	bool candidate = may_be_among_oldest(p, named.wall_ns, name);

	if ((p->counted && !candidate) || !is_ours(dirfd, name, &st))
		return;
	if (!p->counted) {
		p->sessions++;
		p->bytes += (uint64_t)st.st_size;
	}

	uint64_t written_s = st.st_mtime > 0 ? (uint64_t)st.st_mtime : 0;
	bool fresh_part = named.part && written_s + PART_GRACE_S > now_wall_ns / 1000000000;

	if (candidate && !fresh_part)
		remember(p, named.wall_ns, name, (uint64_t)st.st_size);
}

static bool pass_over(struct pass *p, int dirfd, uint64_t now_wall_ns)
{
	_Alignas(struct dirent64) char buffer[DENTS_BYTES];
	ssize_t n;

	if (lseek(dirfd, 0, SEEK_SET) != 0)
		return false;
	while ((n = getdents64(dirfd, buffer, sizeof(buffer))) > 0)
		for (ssize_t at = 0; at < n;) {
			const struct dirent64 *entry = (const void *)(buffer + at);

			look_at(p, dirfd, entry->d_name, now_wall_ns);
			at += entry->d_reclen;
		}
	return n == 0;
}

static bool too_much(const struct rp_keep *keep, const struct pass *left, const struct old *oldest,
                     uint64_t now_wall_ns)
{
	uint64_t age_s =
	        now_wall_ns > oldest->wall_ns ? (now_wall_ns - oldest->wall_ns) / 1000000000 : 0;

	return (keep->sessions && left->sessions > keep->sessions) ||
	       (keep->bytes && left->bytes > keep->bytes) ||
	       (keep->seconds && age_s > keep->seconds);
}

/* Removes the oldest of P while there is too much.  true: all went, look for more. */
static bool trim(struct pass *p, int dirfd, const struct rp_keep *keep, uint64_t now_wall_ns,
                 unsigned *removed)
{
	for (uint32_t i = 0; i < p->n_oldest; i++) {
		const struct old *old = &p->oldest[i];

		if (!too_much(keep, p, old, now_wall_ns))
			return false;
		if (unlinkat(dirfd, old->name, 0) != 0)
			continue; /* it stays and counts; the next oldest may do */
		p->sessions--;
		p->bytes -= old->bytes;
		++*removed;
	}
	return p->n_oldest == N_OLDEST;
}

unsigned rp_keep_apply(int dirfd, const struct rp_keep *keep, uint64_t now_wall_ns)
{
	struct pass pass;
	struct old after;
	unsigned removed = 0;

	pass.after = NULL;
	pass.counted = false;
	pass.sessions = pass.bytes = 0;
	if (!keep->sessions && !keep->bytes && !keep->seconds)
		return 0;
	for (unsigned i = 0; i < N_PASSES; i++) {
		pass.n_oldest = 0;
		if (!pass_over(&pass, dirfd, now_wall_ns) ||
		    !trim(&pass, dirfd, keep, now_wall_ns, &removed))
			break;
		after = pass.oldest[N_OLDEST - 1];
		pass.after = &after;
		pass.counted = true;
	}
	return removed;
}

/* The factor of UNIT in one of the three measures; false: not a unit. */
static bool apply_unit(struct rp_keep *keep, char unit, uint64_t n)
{
	static const struct {
		char unit;
		bool is_bytes;
		uint64_t factor;
	} units[] = {
	        {'K', true, 1 << 10},    {'M', true, 1 << 20}, {'G', true, 1 << 30},
	        {'s', false, 1},         {'h', false, 3600},   {'d', false, 86400},
	        {'w', false, 7 * 86400},
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (units[i].unit != unit)
			continue;
		*(units[i].is_bytes ? &keep->bytes : &keep->seconds) = n * units[i].factor;
		return true;
	}
	return false;
}

/* One of "200", "500M", "7d" at TEXT; its length, 0 when it is none. */
static size_t take_bound(struct rp_keep *keep, const char *text)
{
	size_t n_digits = strspn(text, "0123456789");
	uint64_t n = 0;

	if (n_digits == 0 || n_digits > 9)
		return 0;
	for (size_t i = 0; i < n_digits; i++)
		n = n * 10 + (uint64_t)(text[i] - '0');
	if (text[n_digits] == '\0' || text[n_digits] == ',') {
		keep->sessions = n;
		return n_digits;
	}
	return apply_unit(keep, text[n_digits], n) ? n_digits + 1 : 0;
}

bool rp_keep_parse(struct rp_keep *keep, const char *text, struct rp_why *why)
{
	struct rp_keep parsed = {0};
	const char *at = text;

	for (;;) {
		size_t n = take_bound(&parsed, at);

		if (n == 0 || (at[n] != ',' && at[n] != '\0'))
			return rp_why_set(why, (uint64_t)(at - text),
			                  "\"%.60s\" does not say what to keep; write a number of "
			                  "sessions (200), a size (500M), an age (7d), or several "
			                  "with commas",
			                  text);
		if (at[n] == '\0')
			break;
		at += n + 1;
	}
	*keep = parsed;
	return true;
}
