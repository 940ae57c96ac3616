/* render_path.c - a path of calls on one line; see render_text.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <string.h>
#include "tools/render_text.h"

enum { LEAST_NAME = 12 };

static const char *arrow(const struct rp_term *t)
{
	return t->unicode ? " → " : " -> ";
}

static size_t arrow_columns(const struct rp_term *t)
{
	return t->unicode ? 3 : 4;
}

static size_t columns_of(const struct rp_term *t, const struct rp_function *f)
{
	const char *place = rp_render_place(f, 1);
	size_t n_place = rp_term_columns(place, strlen(place), t->unicode);

	return rp_term_columns(f->name, strlen(f->name), t->unicode) + (n_place ? n_place + 1 : 0);
}

/* How many of the innermost functions there is room for; at least one. */
static uint32_t fitting(const struct rp_term *t, const struct rp_profile *p,
                        const uint32_t *functions, uint32_t n, size_t room)
{
	size_t taken = 0;
	uint32_t fit = 0;

	while (fit < n) {
		taken += columns_of(t, &p->functions[functions[n - 1 - fit]]) +
		         (fit ? arrow_columns(t) : 0);
		/* What is left out takes a mark, an arrow and its spaces. */
		if (fit && taken + (fit + 1 < n ? arrow_columns(t) + 3 : 0) > room)
			break;
		fit++;
	}
	return fit;
}

/* The innermost function is shown however long it is; what is too long is cut. */
static size_t room_for_one(const struct rp_term *t, const struct rp_function *f, size_t room,
                           bool is_cut)
{
	const char *place = rp_render_place(f, 1);
	size_t taken = rp_term_columns(place, strlen(place), t->unicode) + (*place != 0) +
	               (is_cut ? arrow_columns(t) + (t->unicode ? 1 : 3) : 0);

	return !room ? 0 : room > taken + LEAST_NAME ? room - taken : LEAST_NAME;
}

void rp_render_path(const struct rp_term *t, const struct rp_profile *p, const uint32_t *functions,
                    uint32_t n, size_t room)
{
	uint32_t first = room ? n - fitting(t, p, functions, n, room) : 0;

	if (first)
		fprintf(t->out, "%s%s", t->unicode ? "…" : "...", arrow(t));
	for (uint32_t i = first; i < n; i++) {
		const struct rp_function *f = &p->functions[functions[i]];

		if (i > first)
			fputs(arrow(t), t->out);
		rp_render_text(t, f->name, n - first == 1 ? room_for_one(t, f, room, first) : 0);
		const char *place = rp_render_place(f, 1);

		if (*place)
			fputc(' ', t->out);
		rp_render_text(t, place, 0);
	}
}
