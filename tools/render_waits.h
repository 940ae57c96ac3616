/* render_waits.h - what was waited for, as text and as JSON.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#ifndef RP_RENDER_WAITS_H
#define RP_RENDER_WAITS_H

#include "tools/json.h"
#include "tools/term.h"
#include "tools/waits.h"

/* Rows with at most three stacks (or objects) and three holders each; DEPTH functions of a
 * stack. */
void rp_render_waits(const struct rp_term *t, const struct rp_profile *p, const struct rp_waits *w,
                     size_t depth);

/* The same with everything: the keys are in reqprof.1. */
json_t *rp_json_waits(const struct rp_profile *p, const struct rp_waits *w);

#endif
