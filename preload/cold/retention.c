/* retention.c - see retention.h.  Room: cold.  SPDX-License-Identifier: MIT */
#include "preload/cold/retention.h"

#include <stdatomic.h>
#include <stdbool.h>
#include "preload/cold/folder.h"
#include "preload/hot/clock.h"
#include "preload/hot/sys.h"
#include "preload/place.h"
#include "preload/settings.h"
#include "store/catalog.h"

enum { EVERY_NS = 100000000 };

static uint64_t applied_ns; /* 0: never */
static bool due;
static _Atomic bool hurry;

static void apply(int dir, uint64_t now_ns)
{
	struct rp_keep keep = rp_settings.keep;

	rp_keep_apply(dir, &keep, rp_wall_ns());
	applied_ns = now_ns;
	due = false;
}

static bool may_wait(uint64_t now_ns)
{
	return applied_ns && now_ns - applied_ns < EVERY_NS && !atomic_load(&hurry);
}

void rp_retention_after(int dir)
{
	uint64_t now_ns = rp_mono_ns();

	due = true;
	if (!may_wait(now_ns))
		apply(dir, now_ns);
}

void rp_retention_turn(uint64_t now_ns)
{
	if (!due || may_wait(now_ns))
		return;
	int dir = rp_folder_open();

	due = false;
	if (dir < 0)
		return;
	apply(dir, now_ns);
	rp_sys(SYS_close, dir);
}

void rp_retention_hurry(void)
{
	atomic_store(&hurry, true);
}

RP_EARLY void rp_retention_forked(void)
{
	applied_ns = 0;
	due = false;
	atomic_store(&hurry, false);
}
