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
	bool part;
	uint64_t wall_ns, bytes;
};

/* One pass: what the folder holds, and its oldest removable files, oldest first. */
struct pass {
	int dirfd;
	uid_t euid;
	uint64_t now_wall_ns;
	bool by_name; /* the disk is asked only about what is to go */
	bool counted; /* by the first pass: later ones ask the disk about candidates only */
	uint64_t sessions, bytes;
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

static void remember(struct pass *p, const struct rp_named *named, const char *name, uint64_t bytes)
{
	uint32_t at = p->n_oldest < N_OLDEST ? p->n_oldest++ : N_OLDEST - 1;

	for (; at > 0 && compare(named->wall_ns, name, &p->oldest[at - 1]) < 0; at--)
		p->oldest[at] = p->oldest[at - 1];
	memcpy(p->oldest[at].name, name, strlen(name) + 1);
	p->oldest[at].part = named->part;
	p->oldest[at].wall_ns = named->wall_ns;
	p->oldest[at].bytes = bytes;
}

static bool is_ours(const struct pass *p, const char *name, struct stat *st)
{
	return fstatat(p->dirfd, name, st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st->st_mode) &&
	       st->st_uid == p->euid;
}

/* Somebody may still write it. */
static bool is_fresh(const struct pass *p, bool part, const struct stat *st)
{
	uint64_t written_s = st->st_mtime > 0 ? (uint64_t)st->st_mtime : 0;

	return part && written_s + PART_GRACE_S > p->now_wall_ns / 1000000000;
}

/* Counts ENTRY when it is a session of ours, and remembers it when it may be removed. */
static void look_at(struct pass *p, const struct dirent64 *entry)
{
	const char *name = entry->d_name;
	bool maybe_regular = entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN;
	struct rp_named named;
	struct stat st = {0};

	if (!maybe_regular || !rp_names_parse(name, &named))
		return;

	bool candidate = may_be_among_oldest(p, named.wall_ns, name);
	bool believed = p->by_name && entry->d_type == DT_REG;

	if ((p->counted && !candidate) || (!believed && !is_ours(p, name, &st)))
		return;
	if (!p->counted) {
		p->sessions++;
		p->bytes += (uint64_t)st.st_size;
	}
	if (candidate && (p->by_name || !is_fresh(p, named.part, &st)))
		remember(p, &named, name, (uint64_t)st.st_size);
}

static bool pass_over(struct pass *p)
{
	_Alignas(struct dirent64) char buffer[DENTS_BYTES];
	ssize_t n;

	if (lseek(p->dirfd, 0, SEEK_SET) != 0)
		return false;
	while ((n = getdents64(p->dirfd, buffer, sizeof(buffer))) > 0)
		for (ssize_t at = 0; at < n;) {
			const struct dirent64 *entry = (const void *)(buffer + at);

			look_at(p, entry);
			at += entry->d_reclen;
		}
	return n == 0;
}

static bool too_much(const struct rp_keep *keep, const struct pass *left, const struct old *oldest)
{
	uint64_t now_ns = left->now_wall_ns;
	uint64_t age_s = now_ns > oldest->wall_ns ? (now_ns - oldest->wall_ns) / 1000000000 : 0;

	return (keep->sessions && left->sessions > keep->sessions) ||
	       (keep->bytes && left->bytes > keep->bytes) ||
	       (keep->seconds && age_s > keep->seconds);
}

/* What was counted by its name: one that is not ours was counted wrongly. */
static bool may_go(struct pass *p, const struct old *old)
{
	struct stat st;

	if (is_ours(p, old->name, &st))
		return !is_fresh(p, old->part, &st);
	p->sessions--;
	return false;
}

/* Names without their session are of no use. */
static void remove_side(int dirfd, const char *name)
{
	char side[RP_FILE_NAME_MAX];

	if (rp_names_sidecar(side, sizeof(side), name))
		unlinkat(dirfd, side, 0);
}

/* Removes the oldest of P while there is too much.  true: all went, look for more. */
static bool trim(struct pass *p, const struct rp_keep *keep, unsigned *removed)
{
	for (uint32_t i = 0; i < p->n_oldest; i++) {
		const struct old *old = &p->oldest[i];

		if (!too_much(keep, p, old))
			return false;
		if (p->by_name && !may_go(p, old))
			continue;
		if (unlinkat(p->dirfd, old->name, 0) != 0)
			continue; /* it stays and counts; the next oldest may do */
		remove_side(p->dirfd, old->name);
		p->sessions--;
		p->bytes -= old->bytes;
		++*removed;
	}
	return p->n_oldest == N_OLDEST;
}

/* Nobody else puts files here, so names say enough: our thread comes here after each session. */
static bool is_our_folder(const struct pass *p)
{
	struct stat st;

	return fstat(p->dirfd, &st) == 0 && st.st_uid == p->euid && !(st.st_mode & 022);
}

unsigned rp_keep_apply(int dirfd, const struct rp_keep *keep, uint64_t now_wall_ns)
{
	struct pass pass;
	struct old after;
	unsigned removed = 0;

	if (!keep->sessions && !keep->bytes && !keep->seconds)
		return 0;
	pass.dirfd = dirfd;
	pass.euid = geteuid();
	pass.now_wall_ns = now_wall_ns;
	pass.by_name = !keep->bytes && is_our_folder(&pass);
	pass.counted = false;
	pass.sessions = pass.bytes = 0;
	pass.after = NULL;
	for (unsigned i = 0; i < N_PASSES; i++) {
		pass.n_oldest = 0;
		if (!pass_over(&pass) || !trim(&pass, keep, &removed))
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
