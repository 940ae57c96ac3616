/* unseen.c - see unseen.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/unseen.h"

#include "preload/hot/conn.h"
#include "preload/hot/sys.h"

_Atomic uint8_t rp_unseen;
_Atomic int rp_unseen_dry;

void rp_unseen_settle(enum rp_unseen found)
{
	uint8_t not_known = RP_UNSEEN_NOT_KNOWN;

	atomic_compare_exchange_strong(&rp_unseen, &not_known, (uint8_t)found);
	atomic_store_explicit(&rp_unseen_dry, 0, memory_order_relaxed);
}

/* With an io_uring, sets are filled, and waited for, by it. */
void rp_unseen_awaits(int fd, bool in_set)
{
	int none = 0;

	if (rp_unseen_is(RP_UNSEEN_NOT_KNOWN) &&
	    !atomic_load_explicit(&rp_conn_has_ring, memory_order_relaxed))
		atomic_compare_exchange_strong(&rp_unseen_dry, &none,
		                               (fd + 1) | (in_set ? RP_UNSEEN_IN_SET : 0));
}

void rp_unseen_ask(int fd)
{
	if (!rp_unseen_is(RP_UNSEEN_LIKELY))
		return;
	long flags = rp_sys(SYS_fcntl, fd, F_GETFL);
	bool blocks = flags >= 0 && !(flags & O_NONBLOCK);

	atomic_store_explicit(&rp_unseen, blocks ? RP_UNSEEN_NO : RP_UNSEEN_YES,
	                      memory_order_relaxed);
}
