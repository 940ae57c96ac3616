/* delim_glance.h - messages as nearly all are: judged at a glance, or left to the delimiter.
 *
 * Room: hot, pure.  A glance sees what the delimiter would see, or it says no: then nothing has
 * changed, and rp_delim_*_feed is asked.  It is there for the requests that nobody flagged: behind
 * a system call caches are cold, and what counts is how little code and memory is touched.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_DELIM_GLANCE_H
#define RP_HOT_DELIM_GLANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "preload/hot/delim.h"

struct rp_glance {
	struct rp_span method, target;
	uint64_t left;  /* of the body that follows */
	bool has_query; /* the target has one, or may have */
};

/* The N bytes at AT are, between requests, the head of a GET or POST that has no trigger header,
 * and nothing behind it but its body or the beginning of that. */
bool rp_glance_request(const char *at, size_t n, struct rp_glance *g);

enum rp_glance_answer { RP_GLANCE_NO, RP_GLANCE_MORE, RP_GLANCE_END };

/* Between responses, to such a request: N bytes, the first N_AT of them at AT, begin with a whole
 * head.  Unless it says no D has taken them in; MORE: of the body some are to come. */
enum rp_glance_answer rp_glance_response(struct rp_delim_out *d, const char *at, size_t n_at,
                                         size_t n);

#endif
