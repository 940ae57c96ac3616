/* mint.h - tokens for requests to a server that knows a secret.
 *
 * Room: tools.  What a token is: store/token.h.  SPDX-License-Identifier: MIT
 */
#ifndef RP_MINT_H
#define RP_MINT_H

#include <stdbool.h>
#include "store/token.h"
#include "store/why.h"

struct rp_mint {
	struct rp_secret secret;
	enum rp_scope scope;
	uint64_t life_s;
	const char *path; /* that they are for; NULL: every one */
};

/* FILE, or what REQPROF_SECRET_FILE names; NULL: neither. */
const char *rp_mint_file(const char *file);

/* Takes the first secret of FILE, which must be such a file as the shim reads. */
bool rp_mint_open(struct rp_mint *m, const char *file, struct rp_why *why);

/* A fresh token, NUL-terminated; false: the path cannot be one, or there are no random bytes. */
bool rp_mint(const struct rp_mint *m, char token[RP_TOKEN_BYTES + 1]);

/* The path of URL, as far as it fits into a token: into PATH.  NULL: it has none that a token may
 * name; then it is for every path. */
const char *rp_mint_path(const char *url, char path[RP_TOKEN_PATH + 1]);

#endif
