/* lanes.h - the points of each thread of each session, in the order of time.
 *
 * Room: tools.  Pure.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_LANES_H
#define RP_LANES_H

#include "tools/profile.h"

struct rp_lane {
	uint32_t session, thread;
	const struct rp_point **points; /* by at_ns, then as they stand in the profile */
	size_t n;
};

struct rp_lanes {
	struct rp_lane *lanes; /* by session, then by the thread's number */
	size_t n;
	const struct rp_point **points; /* of all lanes */
};

void rp_lanes_make(struct rp_lanes *lanes, const struct rp_profile *p);
void rp_lanes_free(struct rp_lanes *lanes);

/* "worker 4712", or "worker 4712, 4711-000007" where there are several sessions; malloc'ed. */
char *rp_lanes_name(const struct rp_profile *p, const struct rp_lane *lane);

#endif
