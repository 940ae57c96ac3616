/* refusal.c - see refusal.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/refusal.h"

#include <string.h>

enum { EACH_NS_SECONDS = 60 };

_Atomic uint64_t rp_refusals[RP_N_REFUSALS];

static _Atomic uint64_t next_ns;     /* before it no line is due */
static _Atomic uint32_t due;         /* enum rp_refusal */
static _Atomic uint64_t due_from[2]; /* may be of two clients at once: it is a hint */

bool rp_refuse(enum rp_refusal why, const struct rp_ip *client, uint64_t now_ns)
{
	uint64_t next = atomic_load(&next_ns), half[2] = {0, 0};

	atomic_fetch_add_explicit(&rp_refusals[why], 1, memory_order_relaxed);
	if (now_ns < next ||
	    !atomic_compare_exchange_strong(&next_ns, &next,
	                                    now_ns + EACH_NS_SECONDS * 1000000000ull))
		return false;
	if (client)
		memcpy(half, client, sizeof(half));
	atomic_store(&due_from[0], half[0]);
	atomic_store(&due_from[1], half[1]);
	atomic_store(&due, why);
	return true;
}

bool rp_refusal_is_due(void)
{
	return atomic_load(&due);
}

bool rp_refusal_take(enum rp_refusal *why, struct rp_ip *client)
{
	uint64_t half[2] = {atomic_load(&due_from[0]), atomic_load(&due_from[1])};

	memcpy(client, half, sizeof(*client));
	*why = (enum rp_refusal)atomic_exchange(&due, RP_REFUSAL_NONE);
	return *why != RP_REFUSAL_NONE;
}
