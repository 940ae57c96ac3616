/* render_waits.c - waits as a table: a line an object, below it where and who held it.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/render_waits.h"

#include <stdlib.h>
#include <string.h>
#include "tools/render_text.h"
#include "tools/units.h"

enum { MOST_PARTS = 3, MOST_KINDS = 64, LEAST_NAME = 12, WIDE = 100, NARROW = 60 };

/* What a terminal has room for; without a width, for everything. */
static bool is_wide(const struct rp_term *t)
{
	return !t->width || t->width >= WIDE;
}

static bool is_narrow(const struct rp_term *t)
{
	return t->width && t->width < NARROW;
}

/* Columns before the name of a row. */
static size_t left_columns(const struct rp_term *t)
{
	return is_wide(t) ? 53 : is_narrow(t) ? 21 : 41;
}

/* What is left of COLUMNS behind TAKEN; 0: there is no end of them. */
static size_t room_behind(size_t columns, size_t taken)
{
	return !columns ? 0 : columns > taken + LEAST_NAME ? columns - taken : LEAST_NAME;
}

static size_t room_for_name(const struct rp_term *t)
{
	return room_behind(t->width, left_columns(t));
}

static void draw_sum(const struct rp_term *t, const struct rp_scale *scale,
                     const struct rp_waits_sum *s, uint64_t whole_ns)
{
	char total[RP_UNITS_MAX], share[RP_UNITS_MAX], longest[RP_UNITS_MAX], mean[RP_UNITS_MAX];
	double heat = whole_ns ? (double)s->total_ns / (double)whole_ns : 0;

	fprintf(t->out, "%s%11s", rp_term_sgr(t, rp_term_heat(heat)),
	        rp_units_scaled(total, scale, s->total_ns));
	if (!is_narrow(t))
		fprintf(t->out, "  %6s", rp_units_share(share, s->total_ns, whole_ns));
	fprintf(t->out, "%s  %6zu  ", rp_term_sgr(t, RP_PLAIN), s->n);
	if (!is_narrow(t))
		fprintf(t->out, "%10s  ", rp_units_time(longest, s->longest_ns));
	if (is_wide(t))
		fprintf(t->out, "%10s  ", rp_units_time(mean, s->total_ns / s->n));
}

static void draw_titles(const struct rp_term *t, const char *title)
{
	fprintf(t->out, "%s%11s", rp_term_sgr(t, RP_BOLD), "TOTAL");
	if (!is_narrow(t))
		fprintf(t->out, "  %6s", "SHARE");
	fprintf(t->out, "  %6s  ", "COUNT");
	if (!is_narrow(t))
		fprintf(t->out, "%10s  ", "LONGEST");
	if (is_wide(t))
		fprintf(t->out, "%10s  ", "MEAN");
	fprintf(t->out, "%s%s\n", title, rp_term_sgr(t, RP_PLAIN));
}

/* Kind and object, cut in the middle to ROOM columns. */
static void draw_object(const struct rp_term *t, const struct rp_wait *w, size_t room)
{
	char *name;

	if (asprintf(&name, "%s%s%s", w->kind, *w->object ? " " : "", w->object) < 0)
		return;
	rp_render_text(t, name, room);
	free(name);
}

/* The last DEPTH of N functions, outermost first. */
static void draw_path(const struct rp_term *t, const struct rp_profile *p,
                      const uint32_t *functions, uint32_t n, size_t depth, size_t room)
{
	uint32_t from = n > depth ? n - (uint32_t)depth : 0;

	rp_render_path(t, p, functions + from, n - from, room);
}

static void draw_stack(const struct rp_term *t, const struct rp_profile *p, const struct rp_wait *w,
                       size_t depth, size_t room)
{
	const uint32_t *functions;
	uint32_t n = rp_waits_stack(p, w, &functions);

	draw_path(t, p, functions, n, depth, room);
}

/* Below a name where that leaves room for a stack. */
static size_t indent_columns(const struct rp_term *t)
{
	return is_wide(t) ? left_columns(t) + 1 : 4;
}

static void indent(const struct rp_term *t, const char *mark)
{
	fprintf(t->out, "%*s%s%s", (int)indent_columns(t), "", rp_term_sgr(t, RP_DIM), mark);
}

/* "12.3 ms in 4" where a row has several of a thing; the room that is left behind it. */
static size_t draw_share(const struct rp_term *t, const struct rp_waits_sum *s, size_t n_of)
{
	size_t room = room_behind(t->width, indent_columns(t)), taken = 0;
	char total[RP_UNITS_MAX];

	if (n_of > 1)
		taken = (size_t)fprintf(t->out, "%s in %zu: ", rp_units_time(total, s->total_ns),
		                        s->n);
	return room_behind(room, taken);
}

static void draw_more(const struct rp_term *t, size_t n, const char *what)
{
	if (n > MOST_PARTS) {
		indent(t, "");
		fprintf(t->out, "and %zu more %s%s\n", n - MOST_PARTS, what,
		        rp_term_sgr(t, RP_PLAIN));
	}
}

static void draw_parts(const struct rp_term *t, const struct rp_profile *p,
                       const struct rp_waits *w, const struct rp_waits_row *row, size_t depth)
{
	bool objects = w->parts_by == RP_WAITS_OBJECT;

	for (size_t i = 0; i < row->n_parts && i < MOST_PARTS; i++) {
		indent(t, "");
		size_t room = draw_share(t, &row->parts[i], row->n_parts);

		if (objects)
			draw_object(t, &p->waits[row->parts[i].first], room);
		else
			draw_stack(t, p, &p->waits[row->parts[i].first], depth, room);
		fprintf(t->out, "%s\n", rp_term_sgr(t, RP_PLAIN));
	}
	draw_more(t, row->n_parts, objects ? "objects" : "stacks");
}

static void draw_holders(const struct rp_term *t, const struct rp_profile *p,
                         const struct rp_waits_row *row, size_t depth)
{
	for (size_t i = 0; i < row->n_holders && i < MOST_PARTS; i++) {
		const struct rp_holder *h = &p->waits[row->holders[i].first].holder;

		indent(t, "");
		size_t room = draw_share(t, &row->holders[i], row->n_holders);
		size_t taken = rp_render_text(t, h->words, 0) + sizeof(", let go by ") - 1;

		if (h->chain) {
			const struct rp_chain *c = &p->chains[h->chain - 1];

			fputs(", let go by ", t->out);
			draw_path(t, p, c->functions, c->n, depth,
			          room > taken ? room - taken : room);
		}
		fprintf(t->out, "%s\n", rp_term_sgr(t, RP_PLAIN));
	}
	draw_more(t, row->n_holders, "holders");
}

/* The short waits of all sessions by kind; how many kinds. */
static size_t sum_shorts(const struct rp_profile *p, struct rp_short sums[MOST_KINDS])
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_sessions; i++)
		for (size_t k = 0; k < p->sessions[i].n_shorts; k++) {
			const struct rp_short *s = &p->sessions[i].shorts[k];
			size_t at = 0;

			while (at < n && strcmp(sums[at].kind, s->kind) != 0)
				at++;
			if (at == MOST_KINDS)
				continue;
			if (at == n)
				sums[n++] = (struct rp_short){s->kind, 0, 0};
			sums[at].n += s->n;
			sums[at].waited_ns += s->waited_ns;
		}
	return n;
}

static void draw_shorts(const struct rp_term *t, const struct rp_profile *p)
{
	struct rp_short sums[MOST_KINDS];
	size_t n = sum_shorts(p, sums);
	const char *bound = "none over 20 us";

	for (size_t i = 0; i < p->n_sessions; i++)
		if (rp_render_is_caught(&p->sessions[i]))
			bound = "none over 100 us but for want of room";
	for (size_t i = 0; i < n; i++) {
		char time[RP_UNITS_MAX];

		fprintf(t->out, "%sshort: %zu of %s, %s in all, %s%s\n", rp_term_sgr(t, RP_DIM),
		        (size_t)sums[i].n, sums[i].kind, rp_units_time(time, sums[i].waited_ns),
		        bound, rp_term_sgr(t, RP_PLAIN));
	}
}

/* Nothing is listed: what is said of that when something was too short, or lost, is less. */
static const char *why_empty(const struct rp_profile *p)
{
	for (size_t i = 0; i < p->n_sessions; i++)
		if (p->sessions[i].n_lost)
			return "no wait is listed; reqprof show says what was lost";
	for (size_t i = 0; i < p->n_sessions; i++)
		if (p->sessions[i].n_shorts)
			return "no wait was long enough to be listed";
	return "nothing waited";
}

static void draw_end(const struct rp_term *t, const struct rp_profile *p, const struct rp_waits *w)
{
	fputs(rp_term_sgr(t, RP_DIM), t->out);
	if (w->n_all)
		fprintf(t->out, "showing %zu of %zu", w->n_rows, w->n_all);
	else
		fputs(why_empty(p), t->out);
	fprintf(t->out, "%s\n", rp_term_sgr(t, RP_PLAIN));
	draw_shorts(t, p);
}

void rp_render_waits(const struct rp_term *t, const struct rp_profile *p, const struct rp_waits *w,
                     size_t depth)
{
	static const char *const titles[] = {
	        [RP_WAITS_OBJECT] = "WAIT", [RP_WAITS_KIND] = "KIND", [RP_WAITS_STACK] = "STACK"};
	struct rp_scale scale = rp_units_scale(w->n_rows ? w->rows[0].sum.total_ns : 0, 1000);

	if (w->n_all)
		draw_titles(t, titles[w->by]);
	for (size_t i = 0; i < w->n_rows; i++) {
		const struct rp_wait *first = &p->waits[w->rows[i].sum.first];

		draw_sum(t, &scale, &w->rows[i].sum, w->whole_ns);
		if (w->by == RP_WAITS_OBJECT)
			draw_object(t, first, room_for_name(t));
		else if (w->by == RP_WAITS_KIND)
			rp_render_text(t, first->kind, room_for_name(t));
		else
			draw_stack(t, p, first, depth, room_for_name(t));
		fputc('\n', t->out);
		draw_parts(t, p, w, &w->rows[i], depth);
		draw_holders(t, p, &w->rows[i], depth);
	}
	draw_end(t, p, w);
}
