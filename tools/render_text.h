/* render_text.h - reports as text: the header of a session, its call tree, tables of functions.
 *
 * Room: tools.  Sees profile, tree and terminal; writes to the terminal's stream and nowhere else.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_RENDER_TEXT_H
#define RP_RENDER_TEXT_H

#include "tools/analyses.h"
#include "tools/calltree.h"
#include "tools/term.h"

/* The request, when and by whom it was served, the account, what was lost.  BRIEF: one line.  Of
 * several sessions: how their numbers spread, and which of them are odd. */
void rp_render_head(const struct rp_term *t, const struct rp_profile *p, bool brief);

/* Parts of it, for several sessions: which requests, from when to when; their numbers. */
void rp_render_requests(const struct rp_term *t, const struct rp_profile *p);
void rp_render_spreads(const struct rp_term *t, const struct rp_profile *p);

/* One session each: its account as a bar and a table, its phases as bars. */
void rp_render_account(const struct rp_term *t, const struct rp_session *s);
void rp_render_phases(const struct rp_term *t, const struct rp_session *s);

/* Parts of both: the request in a line; what was before its first byte; a counter by its name, 0
 * when there is none. */
void rp_render_request(const struct rp_term *t, const struct rp_session *s);
void rp_render_before(const struct rp_term *t, const struct rp_session *s);
uint64_t rp_render_counter(const struct rp_session *s, const char *name);

/* Of a request that nobody flagged (nothing of others): why it was kept, what is not known. */
bool rp_render_is_caught(const struct rp_session *s);
void rp_render_caught(const struct rp_term *t, const struct rp_session *s);

/* The call tree, a line a call: time (of several sessions the mean), function, file:line. */
void rp_render_tree(const struct rp_term *t, const struct rp_profile *p,
                    const struct rp_calltree *tree, bool percent);

/* What FUNCTION took by itself and with all below it, above a table of its callers or callees. */
void rp_render_totals(const struct rp_term *t, const struct rp_profile *p, const char *function,
                      const struct rp_shares *shares);

/* Rows of one function each under the heading TITLE ("SELF", "TOTAL"). */
void rp_render_table(const struct rp_term *t, const struct rp_profile *p,
                     const struct rp_shares *shares, const char *title);

/* Rows of a path each: "a f.c:1 -> b g.c:2". */
void rp_render_paths(const struct rp_term *t, const struct rp_profile *p,
                     const struct rp_shares *shares);

/* "a f.c:1 -> b g.c:2" of N functions, outermost first.  ROOM, when it is not 0, is how many
 * columns there are: outer functions that do not fit are left out. */
void rp_render_path(const struct rp_term *t, const struct rp_profile *p, const uint32_t *functions,
                    uint32_t n, size_t room);

/* TEXT, harmless; cut in the middle to COLUMNS when that is not 0.  Returns how wide it became. */
size_t rp_render_text(const struct rp_term *t, const char *text, size_t columns);

/* Where F is: "src/app.c:12", "libc.so.6", "" for a pseudo frame.  PARTS: how many parts of the
 * path at its end, 0 for all.  Lives until the next call. */
const char *rp_render_place(const struct rp_function *f, unsigned parts);

/* The finest tick of all sessions. */
uint64_t rp_render_interval(const struct rp_profile *p);

#endif
