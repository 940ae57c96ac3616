/* serve.h - the web view of recorded sessions: what a request for it is answered with.
 *
 * Room: tools.  Knows nothing of sockets (cmd_serve.c does).  Everything is below a random token,
 * for this machine only, and read only: there is nothing that a request could change.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SERVE_H
#define RP_SERVE_H

#include "tools/watch.h"

enum { RP_SERVE_TOKEN_BYTES = 33 }; /* 160 random bits in base 32, and the NUL */

struct rp_serve {
	struct rp_watch watch;
	char token[RP_SERVE_TOKEN_BYTES];
	unsigned port;
};

/* Draws a token.  false: the kernel gave no random bytes. */
bool rp_serve_token(struct rp_serve *s);

/* What is known of a request. */
struct rp_serve_asked {
	const char *method, *url, *host; /* url without its query; host may be NULL */
	/* The value of KEY in the query, or NULL. */
	const char *(*value)(void *arg, const char *key);
	void *arg;
};

struct rp_serve_answer {
	unsigned status;
	const char *type;   /* Content-Type */
	const char *policy; /* Content-Security-Policy */
	char *body;         /* malloc'ed */
	size_t n_body;
};

struct rp_serve_answer rp_serve_answer(struct rp_serve *s, const struct rp_serve_asked *asked);

/* The headers that every answer has, in pairs, closed by NULL. */
extern const char *const rp_serve_headers[];

#endif
