/* handed.c - see handed.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/handed.h"

#include "preload/hot/clock.h"
#include "preload/hot/coroutine.h"
#include "preload/hot/current.h"
#include "preload/hot/request.h"
#include "preload/hot/turn.h"

_Atomic bool rp_handed_on;

bool rp_handed_allows(uint32_t request)
{
	return !atomic_load_explicit(&rp_handed_on, memory_order_relaxed) ||
	       rp_turn_runs == RP_RUNS_INLINE || rp_request_is_alone(request);
}

void rp_handed_answered(uint32_t request)
{
	struct rp_turn *t = &rp_self.turn;

	if (t->looped && !t->answered_ns && !rp_request_is_alone(request))
		t->answered_ns = rp_mono_ns();
}

bool rp_handed_asks(void)
{
	struct rp_self *s = &rp_self;

	if (rp_likely(!s->turn.answered_ns) || rp_turn_runs == RP_RUNS_INLINE ||
	    rp_current_is_told(s) || rp_coroutine_is_here(s))
		return false;
	atomic_store(&rp_handed_on, true);
	s->turn.due_ns = s->turn.answered_ns; /* until there it was the one's who asked first */
	return true;
}
