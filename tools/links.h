/* links.h - the sessions that one request left in several servers: a proxy, what it asked, and so
 * on.
 *
 * Room: tools.  Knows no symbols.  SPDX-License-Identifier: MIT
 */
#ifndef RP_LINKS_H
#define RP_LINKS_H

#include "store/catalog.h"
#include "tools/recording.h"

enum rp_link_how {
	RP_LINK_NONE,
	RP_LINK_TRACE,      /* the same trace (traceparent), at the same time */
	RP_LINK_CONNECTION, /* one asked on the connection on which the other one came, just then */
};

/* Did PARENT make the request of CHILD? */
enum rp_link_how rp_links_judge(const struct rp_recording *parent,
                                const struct rp_recording *child);

struct rp_linked {
	char *path;
	size_t parent; /* its place in the list, before its own; of the first: 0 */
	enum rp_link_how how;
	char remote[RP_NAME_MAX]; /* what its parent asked: "127.0.0.1:8000"; "" not known */
};

struct rp_links {
	struct rp_linked *sessions; /* the first is the one that was asked for */
	size_t n;
};

/* What belongs to the session PATH and comes after it: among the sessions of the machine and those
 * in its folder.  false with WHY when PATH cannot be read.  Free it in any case. */
bool rp_links_find(struct rp_links *links, const char *path, struct rp_why *why);
void rp_links_free(struct rp_links *links);

#endif
