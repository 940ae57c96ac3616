/* trigger.h - does this request ask to be profiled, and how.  Pure: whether it may is the gate's.
 *
 * Room: hot.  No clock, no environment, no libc beyond mem*; rules are written once by cold.
 * Every spelling (query, header, route) ends in one struct rp_trigger.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_TRIGGER_H
#define RP_HOT_TRIGGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "preload/hot/delim.h"
#include "preload/hot/mode.h"

enum {
	RP_MAX_ROUTES = 32,
	RP_MAX_SECRETS = 4,
	RP_TAG_BYTES = 64,      /* longest tag; a longer one is ignored */
	RP_TARGET_SHOWN = 2048, /* a masked target is never longer */
	RP_TRIGGER_WHY = 96,
};

struct rp_route {
	uint8_t n_method, n_pattern;
	char method[20];   /* n_method 0: any */
	char pattern[128]; /* '*' is any run of bytes, '/' included */
};

struct rp_trigger_rules {
	char name[64]; /* of the query key, NUL-terminated; "": no query trigger */
	struct rp_route routes[RP_MAX_ROUTES];
	uint8_t n_routes;
	bool has_secret; /* also with no secret that could be read: then nobody has it */
	uint8_t n_secrets;
	struct rp_secret secrets[RP_MAX_SECRETS];
};

enum rp_trigger_kind {
	RP_TRIGGER_NONE,
	RP_TRIGGER_QUERY,
	RP_TRIGGER_HEADER,
	RP_TRIGGER_ROUTE,
	RP_TRIGGER_SLOW, /* nothing in its head: it was kept for its age (flight.h) */
	RP_TRIGGER_STATUS,
};

/* Spans point into the head.  Of a route only kind and routed are set. */
struct rp_trigger {
	enum rp_trigger_kind kind;
	bool off;    /* said no, in words: then kind is NONE, also on a route */
	bool routed; /* a route matches, whatever kind is: what is left when kind is refused */
	enum rp_mode mode; /* RP_MODE_SAVE on a route */
	bool named;        /* the mode was spelled out; else it is what the gate allows, up to it */
	bool force;        /* replace the answer also where that may be unwise */
	struct rp_span tag;   /* [A-Za-z0-9._-], at most RP_TAG_BYTES; .n 0: none */
	struct rp_span path;  /* of the target, as it was sent */
	struct rp_span key;   /* what must be a secret, or a token, when there is one */
	uint64_t interval_ns; /* as asked, not bounded; 0: not asked */
};

/* Reads "GET /api,/slow*" into RULES, replacing its routes.  False: WHY (RP_TRIGGER_WHY bytes)
 * is filled and there are no routes. */
bool rp_trigger_parse_routes(struct rp_trigger_rules *rules, const char *text, char *why);

/* "200us", "1ms", "2s", "1000hz" as nanoseconds; 0 when it is none of them. */
uint64_t rp_trigger_interval_ns(struct rp_span text);

/* Judges HEAD, fills OUT, returns OUT's kind.  The header, when it is there, decides; then the
 * first query key; then the routes, which compare the path as it was sent, without its query. */
enum rp_trigger_kind rp_trigger_judge(const struct rp_trigger_rules *rules,
                                      const struct rp_head *head, struct rp_trigger *out);

/* KEY is one of the secrets.  Takes as long for any KEY of the same length. */
bool rp_trigger_secret_ok(const struct rp_trigger_rules *rules, struct rp_span key);

/* Writes TARGET into OUT (CAP bytes, no NUL) as it may be stored: printable ASCII, without the
 * query key NAME, values of secret-looking keys as "***", cut with "..." at the end.  Returns
 * the bytes written. */
size_t rp_trigger_mask_target(char *out, size_t cap, struct rp_span target, const char *name);

#endif
