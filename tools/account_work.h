/* account_work.h - what is known of every segment and wait, before the account adds it up.
 *
 * Room: tools.  Part of account.h.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_ACCOUNT_WORK_H
#define RP_ACCOUNT_WORK_H

#include "tools/account.h"
#include "tools/recording.h"

/* A segment outside of its listed waits: running_ns long, of which the others are known. */
struct rp_work {
	double running_ns, cpu_ns, delay_ns, short_ns;
	double wait_delay_ns; /* run delay inside its waits */
	bool unwatched;       /* of running_ns nothing is known */
};

struct rp_works {
	const struct rp_recording *r;
	struct rp_work *works; /* one a segment */
	size_t *segment;       /* of each wait, or RP_SEGMENT_NONE */
	double *delay_ns;      /* inside each wait: it was over, but no CPU was free */
};

void rp_works_make(struct rp_works *w, const struct rp_recording *r);
void rp_works_free(struct rp_works *w);

/* For whom a wait waits: the client, by enum rp_stall_way; -1: somebody else. */
int rp_account_client_way(const struct rp_recording *r, const struct rp_rec_wait *x);

/* Fills the wall parts: from FIRST_NS to LAST_NS. */
void rp_account_wall(struct rp_account *account, const struct rp_works *w, uint64_t first_ns,
                     uint64_t last_ns);

#endif
