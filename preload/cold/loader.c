/* loader.c - see loader.h.  Room: cold.  SPDX-License-Identifier: MIT */
#include "preload/cold/loader.h"

#include <linux/futex.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include "preload/hot/self.h"
#include "preload/hot/sys.h"
#include "preload/place.h"

enum { FREE, TAKEN, PATIENCE = 100 };

static _Atomic uint32_t word, n_waiting;
static _Thread_local bool held; /* by this thread, over its fork */

static bool take(unsigned naps)
{
	struct timespec t = {0, 10000000};
	uint32_t was = FREE;

	while (!atomic_compare_exchange_strong(&word, &was, TAKEN)) {
		if (!naps--)
			return false;
		atomic_fetch_add(&n_waiting, 1);
		rp_sys(SYS_futex, &word, FUTEX_WAIT_PRIVATE, TAKEN, &t);
		atomic_fetch_sub(&n_waiting, 1);
		was = FREE;
	}
	return true;
}

static void give(void)
{
	atomic_store(&word, FREE);
	if (atomic_load(&n_waiting))
		rp_sys(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1);
}

void rp_loader_enter(void)
{
	take(~0u);
}

void rp_loader_leave(void)
{
	give();
}

bool rp_loader_try(void)
{
	return take(PATIENCE);
}

RP_EARLY void rp_loader_before_fork(void)
{
	held = !rp_self.ours && take(PATIENCE);
}

RP_EARLY void rp_loader_after_fork(void)
{
	if (held)
		give();
	held = false;
}
