/* render_diff.h - a comparison of two sets of sessions as text and as JSON.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#ifndef RP_RENDER_DIFF_H
#define RP_RENDER_DIFF_H

#include <jansson.h>
#include "tools/diff.h"
#include "tools/term.h"

/* At least LEAST rows of functions, if there are so many; what changed is always shown. */
void rp_render_diff(const struct rp_term *t, const struct rp_profile *p, const struct rp_diff *d,
                    size_t least);

json_t *rp_json_diff(const struct rp_profile *p, const struct rp_diff *d);

/* One word for all of it: "slower", "faster", "changed" (some are slower and some faster), "no
 * significant change", "too few requests". */
const char *rp_diff_word(const struct rp_diff *d);

#endif
