/* nonces.c - see nonces.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/nonces.h"

#include <stdatomic.h>
#include "preload/limits.h"

/* Seconds and the nonce's lower half in one word, so that an entry is whole or not there: two
 * tokens alike in both (one pair in 2^32) would count as one, and be refused. */
static _Atomic uint64_t used[RP_MAX_NONCES];

static uint64_t entry_of(uint64_t nonce, uint32_t until_s)
{
	return (uint64_t)until_s << 32 | (uint32_t)nonce;
}

enum rp_nonce rp_nonce_look(uint64_t nonce, uint32_t until_s, uint32_t now_s)
{
	uint64_t mine = entry_of(nonce, until_s);
	enum rp_nonce found = RP_NONCE_FULL;

	for (unsigned i = 0; i < RP_MAX_NONCES; i++) {
		uint64_t other = atomic_load_explicit(&used[i], memory_order_relaxed);

		if (other == mine)
			return RP_NONCE_USED;
		if (other >> 32 < now_s)
			found = RP_NONCE_NEW;
	}
	return found;
}

/* Two threads with the same token may take two places: then each sees the other, and neither is
 * let in.  That is no loss: a client sends its token once. */
enum rp_nonce rp_nonce_take(uint64_t nonce, uint32_t until_s, uint32_t now_s)
{
	uint64_t mine = entry_of(nonce, until_s);
	unsigned n = 0;

	if (rp_nonce_look(nonce, until_s, now_s) == RP_NONCE_USED)
		return RP_NONCE_USED;
	for (unsigned i = 0; i < RP_MAX_NONCES && !n; i++) {
		uint64_t other = atomic_load(&used[i]);

		n = other >> 32 < now_s && atomic_compare_exchange_strong(&used[i], &other, mine);
	}
	if (!n)
		return RP_NONCE_FULL;
	n = 0;
	for (unsigned i = 0; i < RP_MAX_NONCES; i++)
		n += atomic_load(&used[i]) == mine;
	return n == 1 ? RP_NONCE_NEW : RP_NONCE_USED;
}
