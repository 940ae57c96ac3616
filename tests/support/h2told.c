/* h2told.c - see h2told.h.  SPDX-License-Identifier: MIT */
#include "tests/support/h2told.h"

#include <stdlib.h>
#include <string.h>
#include "tests/support/said.h"

#define say(told, ...) said((told)->text, sizeof((told)->text), &(told)->n, __VA_ARGS__)

static void say_head(struct h2told *t, const struct rp_h2_told *told)
{
	const struct rp_head *head = &told->head;
	const struct rp_span spans[] = {head->method, head->target, head->host, head->trigger,
	                                head->traceparent};

	for (unsigned i = 0; i < sizeof(spans) / sizeof(*spans); i++)
		say(t, " %.*s", spans[i].at ? (int)spans[i].n : 1, spans[i].at ? spans[i].at : "-");
	say(t, "%s%s%s%s", head->forwarded ? " forwarded" : "", head->is_head ? " head" : "",
	    told->unsure ? " unsure" : "", head->forwarded_for.at ? " for" : "");
}

static void hear(struct h2told *t, enum rp_h2_event event, const struct rp_h2_told *told)
{
	static const char *const NAMES[] = {"", "PASS", "HEAD", "STATUS", "END", "RESET", "BAD"};
	unsigned long *bytes = &t->bytes[told->stream % 16];

	*bytes += told->bytes;
	t->over = event == RP_H2_BAD;
	if (event == RP_H2_MORE || event == RP_H2_PASS)
		return;
	if (t->over) {
		say(t, "BAD\n");
		return;
	}
	say(t, "%s %u (%lu)", NAMES[event], told->stream, *bytes);
	*bytes = 0;
	if (told->status)
		say(t, " %u", told->status);
	if (event == RP_H2_HEAD)
		say_head(t, told);
	say(t, "\n");
}

void h2told_feed(struct h2told *t, struct rp_h2_side *side, const char *bytes, size_t n)
{
	enum rp_h2_event event = RP_H2_PASS;
	size_t turns = 3 * n + 8;
	struct rp_h2_told told;

	memset(&told, 0xee, sizeof(told)); /* what a stack has */
	while (!t->over && event != RP_H2_MORE) {
		if (!turns--)
			abort();
		event = rp_h2_feed(side, &bytes, &n, &told);
		hear(t, event, &told);
	}
	if (!t->over && n)
		abort();
}
