/* render_bar.c - see render_bar.h.  Room: tools.  SPDX-License-Identifier: MIT */
#include "tools/render_bar.h"

#include <stdlib.h>
#include "tools/memory.h"

enum { USUAL_WIDTH = 80, LEAST = 10, MOST = 100 };

size_t rp_render_bar_columns(const struct rp_term *t, size_t left)
{
	size_t width = t->width ? t->width : USUAL_WIDTH;
	size_t columns = width > left ? width - left : 0;

	return columns < LEAST ? LEAST : columns > MOST ? MOST : columns;
}

static void repeat(const struct rp_term *t, const char *what, size_t n)
{
	while (n--)
		fputs(what, t->out);
}

void rp_render_stacked(const struct rp_term *t, const struct rp_bar_part *parts, size_t n,
                       uint64_t whole_ns, size_t columns)
{
	size_t *wide = rp_memory_zero(n, sizeof(*wide)), used = 0;

	for (size_t i = 0; i < n && whole_ns; i++) {
		wide[i] = (size_t)((double)parts[i].ns / (double)whole_ns * (double)columns);
		wide[i] += !wide[i] && parts[i].ns * 400 > whole_ns; /* a quarter of a percent */
		used += wide[i];
	}
	while (used != columns && whole_ns) { /* what rounding left is the largest part's */
		size_t largest = 0;

		for (size_t i = 1; i < n; i++)
			if (wide[i] > wide[largest])
				largest = i;
		wide[largest] += used < columns ? columns - used : (size_t)0 - (used - columns);
		used = columns;
	}
	for (size_t i = 0; i < n; i++) {
		if (!wide[i])
			continue;
		fputs(rp_term_sgr(t, parts[i].paint), t->out);
		repeat(t, t->unicode ? parts[i].glyph : parts[i].ascii, wide[i]);
		fputs(rp_term_sgr(t, RP_PLAIN), t->out);
	}
	free(wide);
}

void rp_render_spans(const struct rp_term *t, const struct rp_bar_span *spans, size_t n,
                     uint64_t whole_ns, size_t columns, enum rp_paint paint)
{
	char *on = rp_memory_zero(columns + 1, 1);
	size_t last = 0;

	for (size_t i = 0; i < n && whole_ns; i++) {
		double scale = (double)columns / (double)whole_ns;
		size_t from = (size_t)((double)spans[i].begin_ns * scale);
		size_t to = (size_t)((double)spans[i].end_ns * scale + 0.5);

		from = from < columns ? from : columns - 1;
		to = to > columns ? columns : to <= from ? from + 1 : to;
		for (size_t c = from; c < to; c++)
			on[c] = 1;
		last = to > last ? to : last;
	}
	fputs(rp_term_sgr(t, paint), t->out);
	for (size_t c = 0; c < last; c++)
		fputs(!on[c] ? " " : t->unicode ? "█" : "#", t->out);
	fputs(rp_term_sgr(t, RP_PLAIN), t->out);
	free(on);
}
