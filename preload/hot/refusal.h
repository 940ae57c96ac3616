/* refusal.h - triggers that were refused: counted, and once a minute handed to REQPROF_LOG.
 *
 * Room: hot.  The host's thread counts; the line is written by ours, which is started for it when
 * REQPROF_LOG is set: a hook opens no file.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_REFUSAL_H
#define RP_HOT_REFUSAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "preload/hot/network.h"

enum rp_refusal {
	RP_REFUSAL_NONE,
#define REFUSAL(name, text) RP_REFUSAL_##name,
#include "preload/refusals.def"
	RP_N_REFUSALS
};

extern _Atomic uint64_t rp_refusals[RP_N_REFUSALS];

/* Counts a trigger of CLIENT (NULL: not known).  True: a line is due, and our thread must run. */
bool rp_refuse(enum rp_refusal why, const struct rp_ip *client, uint64_t now_ns);

/* A line is due: WHY and CLIENT of the last refusal; false: none, or another thread took it. */
bool rp_refusal_take(enum rp_refusal *why, struct rp_ip *client);
bool rp_refusal_is_due(void);

#endif
