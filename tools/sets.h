/* sets.h - the sessions that a word of the command line means.
 *
 * Room: tools.  A word is whatever store/catalog.h finds, or a folder, or a set such as
 * "tag=before" or "sessions/,status=500,since=1h": what stands first says where
 * to look (nothing: in all sessions), the terms of filter.h which of them count.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SETS_H
#define RP_SETS_H

#include "store/catalog.h"

enum { RP_SETS_MOST = 4096 }; /* sessions that one word may mean */

/* Paths of sessions, each once, in the order in which words named them. */
struct rp_set {
	char **paths;
	size_t n;
	bool misread; /* a word is no way to say which, rather than mean nothing */
};

/* Adds what WORD means; ALL are the sessions of the machine.  false with WHY when that is nothing
 * at all; what was added before stays. */
bool rp_sets_add(struct rp_set *set, const struct rp_catalog *all, const char *word,
                 struct rp_why *why);
void rp_sets_free(struct rp_set *set);

#endif
