/* catalog.h - the folder of sessions: names, listing, finding, retention.
 *
 * Room: store.  The name functions need no memory and serve the shim; listing allocates and
 * serves the tool only.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_STORE_CATALOG_H
#define RP_STORE_CATALOG_H

#include <stdbool.h>
#include "store/records.h"
#include "store/why.h"

enum { RP_NAME_MAX = 128 };

/* "20261122T174132.123Z-4711-000007-GET-_api_users.reqprof" into NAME (RP_NAME_MAX bytes). */
void rp_catalog_name(char *name, uint64_t wall_ns, uint32_t pid, uint32_t seq,
                     struct rp_slice method, struct rp_slice target);

/* "4711-000007" into ID (RP_ID_MAX bytes); its length. */
enum { RP_ID_MAX = 24 };
size_t rp_catalog_id(char *id, uint32_t pid, uint32_t seq);

/* The directory sessions go to when REQPROF_DIR is unset: "/tmp/reqprof-<uid>". */
void rp_catalog_default_dir(char *path, size_t cap, uint32_t uid);

/* One file of a directory. */
struct rp_entry {
	char *path;
	const char *name;   /* inside path */
	char id[RP_ID_MAX]; /* "4711-000007": what people type */
	uint64_t wall_ns;   /* from the name */
	bool part;          /* still being written, or left by a killed server */
};

struct rp_catalog {
	struct rp_entry *entries; /* oldest first */
	size_t n;
	char **denied; /* directories that exist and may not be read */
	size_t n_denied;
};

/* Lists DIRS (N of them); with N 0, $REQPROF_DIR or else every /tmp/reqprof-* of the machine.
 * Never fails for a directory that is missing; WHY tells of one that is not a directory. */
bool rp_catalog_open(struct rp_catalog *c, const char *const *dirs, size_t n, struct rp_why *why);
void rp_catalog_close(struct rp_catalog *c);

/* Resolves a SESSION word: path, "@", "@N", id or unique prefix, file name, glob.  Fills up to
 * CAP paths (malloc'ed, caller frees) and returns how many; 0 with WHY. */
size_t rp_catalog_find(const struct rp_catalog *c, const char *word, char **paths, size_t cap,
                       struct rp_why *why);

/* Retention, "200", "500M", "7d" or "200,7d".  Parses; false with WHY when it is none of these. */
struct rp_keep {
	uint64_t sessions, bytes, seconds; /* 0: no bound */
};
bool rp_keep_parse(struct rp_keep *keep, const char *text, struct rp_why *why);

/* Removes what KEEP does not allow from the directory open as DIRFD, own files only (same euid,
 * regular, our names), oldest first; .part files only when older than an hour.  No malloc: works
 * in passes over getdents.  Returns how many were removed. */
unsigned rp_keep_apply(int dirfd, const struct rp_keep *keep, uint64_t now_wall_ns);

#endif
