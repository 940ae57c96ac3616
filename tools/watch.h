/* watch.h - the sessions of folders, kept up to date: what is new is read, what is known is not.
 *
 * Room: tools.  A whole session never changes once it has its name; one that is being written
 * (.part) is read again every time.  For one thread. SPDX-License-Identifier: MIT
 */
#ifndef RP_WATCH_H
#define RP_WATCH_H

#include "tools/listing.h"

struct rp_watch {
	const char *const *dirs; /* borrowed; none: as rp_catalog_open */
	size_t n_dirs;
	struct rp_catalog catalog;
	struct rp_listing listing; /* newest first */
	uint64_t version;          /* grows with every change that was seen */
};

/* Looks for the first time.  false with WHY when a folder is none. */
bool rp_watch_open(struct rp_watch *w, const char *const *dirs, size_t n_dirs, struct rp_why *why);

/* Looks again.  What LISTING and CATALOG held before is gone, if anything changed. */
bool rp_watch_update(struct rp_watch *w, struct rp_why *why);
void rp_watch_close(struct rp_watch *w);

/* The session whose file has NAME, without its folder; NULL: there is none. */
const struct rp_entry *rp_watch_find(const struct rp_watch *w, const char *name, size_t n_name);

#endif
