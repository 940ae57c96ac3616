/* listing.h - the sessions of a catalogue as rows, read by as many threads as there are CPUs.
 *
 * Room: tools.  Nothing is kept from one listing to the next, so nothing can be stale: a hundred
 * thousand small sessions are 1.4 s of CPU.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_LISTING_H
#define RP_LISTING_H

#include "tools/filter.h"

struct rp_listing {
	struct rp_summary *rows; /* newest first; they borrow the catalogue's entries */
	size_t n;
	char **complaints; /* a sentence for each file that is no session */
	size_t n_complaints;
};

/* The sessions of C that F lets pass; with MOST not 0 only the newest MOST of them. */
void rp_listing_make(struct rp_listing *l, const struct rp_catalog *c, const struct rp_filter *f,
                     size_t most);
void rp_listing_free(struct rp_listing *l);

/* Orders the rows by KEY: "time" (newest first), "duration", "cpu" (most first).  false: no such
 * key. */
bool rp_listing_sort(struct rp_listing *l, const char *key);

#endif
