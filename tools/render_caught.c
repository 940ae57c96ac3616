/* render_caught.c - what must be said of a request that nobody flagged: why it was kept, from when
 * on it was measured, and what was not.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <string.h>
#include "tools/render_text.h"
#include "tools/units.h"

bool rp_render_is_caught(const struct rp_session *s)
{
	return strcmp(s->trigger, "slow") == 0 || strcmp(s->trigger, "status") == 0;
}

void rp_render_caught(const struct rp_term *t, const struct rp_session *s)
{
	uint64_t bound_ns = rp_render_counter(s, "slow_bound_ns");
	uint64_t from_ns = rp_render_counter(s, "watched_from_ns");
	char text[RP_UNITS_MAX];

	if (!rp_render_is_caught(s))
		return;
	if (bound_ns)
		fprintf(t->out, "kept: slower than %s (REQPROF_SLOW)",
		        rp_units_time(text, bound_ns));
	else
		fprintf(t->out, "kept: status %u (REQPROF_ERRORS)", s->status);
	fputs(t->unicode ? " · " : " | ", t->out);
	if (from_ns)
		fprintf(t->out, "CPU and stacks from %s after its first byte on\n",
		        rp_units_time(text, from_ns));
	else
		fputs("over before its CPU was measured\n", t->out);
	fputs("not recorded, since nobody flagged it: waits below 100 us one by one, page faults, "
	      "switches, who held locks\n",
	      t->out);
}
