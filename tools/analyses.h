/* analyses.h - the four questions asked of a profile: flat, callers, callees, hot paths.
 *
 * Room: tools.  Pure.  Every sample counts once, in a recursion too; there is no row for "self".
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_ANALYSES_H
#define RP_ANALYSES_H

#include "tools/profile.h"
#include "tools/spread.h"

struct rp_query {
	const char *const *paths; /* substrings of the file path, any of them; none: all match */
	size_t n_paths;
	size_t limit; /* rows; 0: all */
	bool cpu;
	bool total;                    /* callers: F anywhere on the stack, not only as its leaf */
	bool direct;                   /* callees: what F calls itself, with all below it */
	size_t depth;                  /* hot paths: the last functions of a path */
	const struct rp_session *only; /* of the profile; NULL: all its sessions */
};

/* A row: one function, or a path of several. */
struct rp_share {
	const uint32_t *functions;
	size_t n_functions;
	uint64_t ns;
};

struct rp_shares {
	struct rp_share *rows;      /* most time first */
	size_t n_rows, n_all;       /* shown, and before the limit */
	uint64_t whole_ns;          /* of the profile, for the shares */
	uint64_t self_ns, total_ns; /* callers and callees: of F */
	uint32_t *numbers;          /* what rows point into */
	struct rp_spread *spreads;  /* of the rows shown, over requests; NULL: not asked for */
};

void rp_analyses_flat(struct rp_shares *out, const struct rp_profile *p, const struct rp_query *q);
void rp_analyses_callers(struct rp_shares *out, const struct rp_profile *p, const char *function,
                         const struct rp_query *q);
void rp_analyses_callees(struct rp_shares *out, const struct rp_profile *p, const char *function,
                         const struct rp_query *q);
void rp_analyses_hot_paths(struct rp_shares *out, const struct rp_profile *p,
                           const struct rp_query *q);
void rp_analyses_free(struct rp_shares *shares);

/* The path that -P looks at: the source file, else the module; "" for a pseudo frame. */
const char *rp_analyses_path(const struct rp_function *f);

/* NAME is meant by WORD: equal, or equal without the parameter list of C++. */
bool rp_analyses_means(const char *name, const char *word);

/* Whether WORD means any function of P; if not, up to CAP names that look like it. */
bool rp_analyses_known(const struct rp_profile *p, const char *word, const char **similar,
                       size_t cap, size_t *n_similar);

#endif
