/* drops.h - every loss has a name (preload/drops.def) and is counted here.
 *
 * Room: hot.  Written anywhere in the process, read by cold/session.c.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_DROPS_H
#define RP_HOT_DROPS_H

#include <stdatomic.h>
#include <stdint.h>

enum rp_drop {
#define DROP(name, text) RP_DROP_##name,
#include "preload/drops.def"
	RP_N_DROPS
};

extern _Atomic uint64_t rp_drops[RP_N_DROPS];

static inline void rp_drop(enum rp_drop drop)
{
	atomic_fetch_add_explicit(&rp_drops[drop], 1, memory_order_relaxed);
}

#endif
