/* json.h - the JSON of every report; the keys are in reqprof.1.
 *
 * Room: tools.  Everything leaves as ASCII with \u escapes, so that no name can reach a terminal
 * raw; bytes that are not UTF-8 become the text \xNN.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_JSON_H
#define RP_JSON_H

#include <jansson.h>
#include <stdio.h>
#include "tools/analyses.h"
#include "tools/calltree.h"

enum { RP_JSON_VERSION = 1 };

/* TEXT as a JSON string; null for NULL. */
json_t *rp_json_text(const char *text);

/* The same written at once, for formats too large to be built first. */
void rp_json_put(FILE *out, const char *text);

/* {function, file, line, module, library}. */
json_t *rp_json_function(const struct rp_function *f);

/* {request, phases, account, lost, counters, ...} of one session. */
json_t *rp_json_session(const struct rp_session *s);
json_t *rp_json_sessions(const struct rp_profile *p);

/* {pid, tid, name} of each thread; {path, build_id, symbols, symbol_file} of each module. */
json_t *rp_json_threads(const struct rp_profile *p);
json_t *rp_json_modules(const struct rp_profile *p);

/* Its phases, and when the client made it wait. */
json_t *rp_json_phases(const struct rp_session *s);

/* The account of a session, with its wall time and its lanes. */
json_t *rp_json_account(const struct rp_session *s);

/* {n, mean_ns, low_ns, high_ns, median_ns, p95_ns, least_ns, most_ns} of several requests. */
json_t *rp_json_spread(const struct rp_spread *s);

/* The spreads of the account over the sessions of P, by the keys of its lines. */
json_t *rp_json_requests(const struct rp_profile *p);

/* Rows of flat, callers, callees and hot paths. */
json_t *rp_json_shares(const struct rp_profile *p, const struct rp_shares *shares);

/* The whole tree, a flat list of calls. */
json_t *rp_json_tree(const struct rp_profile *p, const struct rp_calltree *tree);

/* Writes JSON with a newline and frees it.  false when OUT failed. */
bool rp_json_write(FILE *out, json_t *json);

#endif
