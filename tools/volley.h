/* volley.h - flagged requests, sent by curl(1), some at a time.
 *
 * Room: tools.  Their answers name their sessions (X-Reqprof-Id); where they do not, a random tag
 * in the trigger header tells these from everybody else's. SPDX-License-Identifier: MIT
 */
#ifndef RP_VOLLEY_H
#define RP_VOLLEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tools/memory.h"
#include "tools/mint.h"

enum { RP_VOLLEY_MOST = 1000, RP_VOLLEY_MOST_AT_ONCE = 32 };

struct rp_volley {
	const char *url, *interval; /* interval: between samples; NULL: the server's own */
	char **options;             /* curl's own */
	size_t n_options;
	const struct rp_mint *mint; /* each request has a token; NULL: none */
	bool body;                  /* what the server answers is shown */
	size_t at_once;             /* requests on their way at the same moment */
	char tag[14];
	struct rp_volley_heads *heads; /* of the answers to flagged requests */
	uint64_t began_wall_ns;
};

/* A fresh tag, and the moment from which on sessions can be ours.  false: no random bytes. */
bool rp_volley_begin(struct rp_volley *v);
void rp_volley_end(struct rp_volley *v);

/* The id that an answer has named first, NULL: none did. */
const char *rp_volley_id(const struct rp_volley *v);

/* Sends N requests, FLAGGED or with the trigger "skip"; SENT is told after each, with ARG.
 * RP_EXIT_OK when the server answered all, else an exit status after a sentence. */
int rp_volley_send(const struct rp_volley *v, size_t n, bool flagged, void (*sent)(void *arg),
                   void *arg);

/* The sessions of V that are there by now, at most CAP paths into PATHS (kept in HEAP); with PARTS
 * those, too, that are still being written.  How many, or -1 after a sentence. */
int rp_volley_found(const struct rp_volley *v, bool parts, const char **paths, size_t cap,
                    struct rp_heap *heap);

/* The word that people would type for the session at PATH: its id where that means it and nothing
 * else, else the path.  Kept in HEAP. */
const char *rp_volley_word(const char *path, struct rp_heap *heap);

#endif
