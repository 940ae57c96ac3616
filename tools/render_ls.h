/* render_ls.h - lists of sessions and of routes as text.
 *
 * Room: tools.  Writes to the terminal's stream and nowhere else.  On a terminal that is too narrow
 * columns are left out and requests cut in the middle; elsewhere nothing is.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_RENDER_LS_H
#define RP_RENDER_LS_H

#include <jansson.h>
#include "tools/routes.h"
#include "tools/term.h"

/* The first MOST rows (0: all), one a line. */
void rp_render_listing(const struct rp_term *t, const struct rp_listing *l, size_t most);
void rp_render_routes(const struct rp_term *t, const struct rp_routes *r, size_t most);

/* The same as {"sessions": [...]} and {"routes": [...]}. */
json_t *rp_json_listing(const struct rp_listing *l, size_t most);
json_t *rp_json_routes(const struct rp_routes *r, size_t most);

#endif
