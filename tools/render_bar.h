/* render_bar.h - bars of one line, for the terminal: parts of a whole, or a stretch of time.
 *
 * Room: tools.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_RENDER_BAR_H
#define RP_RENDER_BAR_H

#include <stddef.h>
#include <stdint.h>
#include "tools/term.h"

/* One part of a bar: how it is drawn with and without Unicode. */
struct rp_bar_part {
	const char *glyph, *ascii;
	enum rp_paint paint;
	uint64_t ns;
};

/* N parts of WHOLE_NS side by side, COLUMNS wide; a part above zero never vanishes while there is
 * room. */
void rp_render_stacked(const struct rp_term *t, const struct rp_bar_part *parts, size_t n,
                       uint64_t whole_ns, size_t columns);

/* From BEGIN_NS to END_NS on an axis of WHOLE_NS; a column at least, blank to its end. */
struct rp_bar_span {
	uint64_t begin_ns, end_ns;
};
void rp_render_spans(const struct rp_term *t, const struct rp_bar_span *spans, size_t n,
                     uint64_t whole_ns, size_t columns, enum rp_paint paint);

/* Columns for a bar: the terminal's less LEFT, within reason. */
size_t rp_render_bar_columns(const struct rp_term *t, size_t left);

#endif
