/* page.h - a profile as one HTML file that needs nothing else: the viewer, and the data for it.
 *
 * Room: tools.  The viewer is tools/viewer/, packed into the tool at build; what it is given is
 * described in tools/page_parts.h.  The same profile gives the same page.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_PAGE_H
#define RP_PAGE_H

#include <stdio.h>
#include "tools/profile.h"

struct rp_page_how {
	size_t n_before; /* a diff: these first sessions against the others; 0: all are merged */
	bool no_source;  /* no lines of source files */
};

/* The page's Content-Security-Policy: no network, and no script or style but the viewer's own. */
extern const char rp_page_policy[];

/* Writes the page.  false when OUT failed. */
bool rp_page_write(FILE *out, const struct rp_profile *p, const struct rp_page_how *how);

/* Of page_data.c: the data alone, JSON in ASCII without a '<', so that it can stand between the
 * tags of a script. */
bool rp_page_data(FILE *out, const struct rp_profile *p, const struct rp_page_how *how);

#endif
