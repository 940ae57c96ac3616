/* threads.h - the points of each thread of each session, in the order of time.
 *
 * Room: tools.  Pure.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_THREADS_H
#define RP_THREADS_H

#include "tools/memory.h"
#include "tools/profile.h"

struct rp_thread {
	uint32_t session, thread;
	const struct rp_point **points; /* by at_ns, then as they stand in the profile */
	size_t n;
};

struct rp_threads {
	struct rp_thread *each; /* by session, then by the thread's number */
	size_t n;
	const struct rp_point **points; /* of all threads */
};

void rp_threads_make(struct rp_threads *all, const struct rp_profile *p);
void rp_threads_free(struct rp_threads *all);

/* "worker 4712", or "worker 4712, 4711-000007" where there are several sessions. */
const char *rp_threads_name(struct rp_heap *heap, const struct rp_profile *p,
                            const struct rp_thread *thread);

#endif
