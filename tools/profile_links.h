/* profile_links.h - the sessions of one request in several servers as one: what a server did for it
 * lies where the one before waited for it.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#ifndef RP_PROFILE_LINKS_H
#define RP_PROFILE_LINKS_H

#include "tools/links.h"
#include "tools/profile.h"

/* P was opened with the sessions of LINKS, in their order.  From here on what belongs to the second
 * and later ones has the stack on which its parent waited below it, and that wait is as much
 * shorter: the whole takes what the first session took. */
void rp_profile_graft(struct rp_profile *p, const struct rp_links *links);

#endif
