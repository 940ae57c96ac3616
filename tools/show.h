/* show.h - what `reqprof show` tells: header, call tree, and what to ask next.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#ifndef RP_SHOW_H
#define RP_SHOW_H

#include "tools/cli.h"
#include "tools/links.h"
#include "tools/profile.h"
#include "tools/term.h"

/* Writes it as the options of CLI say, --json among them. */
void rp_show(const struct rp_term *t, const struct rp_profile *p, const struct rp_cli *cli);

/* The same of sessions that were joined (select.h): LINKS tell how, the time is that of the first.
 */
void rp_show_chain(const struct rp_term *t, const struct rp_profile *p, const struct rp_cli *cli,
                   const struct rp_links *links);

#endif
