/* filter.h - which sessions are meant: by route, tag, server, status, age and duration.
 *
 * Room: tools.  The same words serve the options of `ls` and the sets that other verbs take.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_FILTER_H
#define RP_FILTER_H

#include "tools/summary.h"

/* All zero lets every session pass.  Texts are borrowed. */
struct rp_filter {
	const char *route, *tag, *server;
	uint64_t since_wall_ns, slower_ns, status;
};

/* The terms, closed by a NULL name. */
struct rp_filter_term {
	const char *name, *argument, *help;
};
extern const struct rp_filter_term rp_filter_terms[];

/* Sets the term NAME (N_NAME bytes) to VALUE.  false with WHY when there is no such term, or when
 * it cannot have that value. */
bool rp_filter_set(struct rp_filter *f, const char *name, size_t n_name, const char *value,
                   struct rp_why *why);

/* Whether the name of the session alone says that it cannot pass. */
bool rp_filter_refuses(const struct rp_filter *f, const struct rp_entry *entry);

bool rp_filter_passes(const struct rp_filter *f, const struct rp_summary *s);

#endif
