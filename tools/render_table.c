/* render_table.c - functions and paths as tables; see render_text.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <string.h>
#include "tools/render_text.h"
#include "tools/units.h"

enum { LEAST_NAME = 12, MOST_PADDING = 48, LEFT_COLUMNS = 21 };

static size_t columns_of(const struct rp_term *t, const char *text)
{
	return rp_term_columns(text, strlen(text), t->unicode);
}

/* Time and share, right-aligned: LEFT_COLUMNS wide. */
static void draw_numbers(const struct rp_term *t, const struct rp_scale *scale, uint64_t ns,
                         uint64_t whole_ns)
{
	char time[RP_UNITS_MAX], share[RP_UNITS_MAX];
	double heat = whole_ns ? (double)ns / (double)whole_ns : 0;

	fprintf(t->out, "%s%11s  %6s%s  ", rp_term_sgr(t, rp_term_heat(heat)),
	        rp_units_scaled(time, scale, ns), rp_units_share(share, ns, whole_ns),
	        rp_term_sgr(t, RP_PLAIN));
}

static struct rp_scale scale_of(const struct rp_profile *p, const struct rp_shares *shares)
{
	return rp_units_scale(shares->n_rows ? shares->rows[0].ns : 0, rp_render_interval(p));
}

static void draw_count(const struct rp_term *t, const struct rp_shares *shares)
{
	fprintf(t->out, "%sshowing %zu of %zu%s\n", rp_term_sgr(t, RP_DIM), shares->n_rows,
	        shares->n_all, rp_term_sgr(t, RP_PLAIN));
}

/* Width of the column of names: as wide as the widest, within reason and the terminal. */
static size_t name_columns(const struct rp_term *t, const struct rp_profile *p,
                           const struct rp_shares *shares)
{
	size_t widest = LEAST_NAME, place = 0;

	for (size_t i = 0; i < shares->n_rows; i++) {
		const struct rp_function *f = &p->functions[shares->rows[i].functions[0]];
		size_t n_name = columns_of(t, f->name);
		size_t n_place = columns_of(t, rp_render_place(f, 0));

		widest = n_name > widest ? n_name : widest;
		place = n_place > place ? n_place : place;
	}
	if (!t->width)
		return widest < MOST_PADDING ? widest : MOST_PADDING;
	size_t room = t->width > LEFT_COLUMNS + 2 + place ? t->width - LEFT_COLUMNS - 2 - place : 0;

	room = room < LEAST_NAME ? LEAST_NAME : room;
	return widest < room ? widest : room;
}

static void draw_row(const struct rp_term *t, const struct rp_function *f, size_t columns)
{
	const char *place = rp_render_place(f, 0);
	size_t n_name = rp_render_text(t, f->name, t->width ? columns : 0);

	if (*place) {
		fprintf(t->out, "%*s  %s", n_name < columns ? (int)(columns - n_name) : 0, "",
		        rp_term_sgr(t, RP_DIM));
		rp_render_text(t, place, 0);
		fputs(rp_term_sgr(t, RP_PLAIN), t->out);
	}
	fputc('\n', t->out);
}

void rp_render_table(const struct rp_term *t, const struct rp_profile *p,
                     const struct rp_shares *shares, const char *title)
{
	size_t columns = name_columns(t, p, shares);
	struct rp_scale scale = scale_of(p, shares);

	fprintf(t->out, "%s%11s  %6s  %-*s  %s%s\n", rp_term_sgr(t, RP_BOLD), title, "SHARE",
	        (int)columns, "FUNCTION", "FILE", rp_term_sgr(t, RP_PLAIN));
	for (size_t i = 0; i < shares->n_rows; i++) {
		draw_numbers(t, &scale, shares->rows[i].ns, shares->whole_ns);
		draw_row(t, &p->functions[shares->rows[i].functions[0]], columns);
	}
	draw_count(t, shares);
}

void rp_render_paths(const struct rp_term *t, const struct rp_profile *p,
                     const struct rp_shares *shares)
{
	struct rp_scale scale = scale_of(p, shares);

	fprintf(t->out, "%s%11s  %6s  PATH%s\n", rp_term_sgr(t, RP_BOLD), "SELF", "SHARE",
	        rp_term_sgr(t, RP_PLAIN));
	for (size_t i = 0; i < shares->n_rows; i++) {
		const struct rp_share *row = &shares->rows[i];

		draw_numbers(t, &scale, row->ns, shares->whole_ns);
		for (size_t k = 0; k < row->n_functions; k++) {
			const struct rp_function *f = &p->functions[row->functions[k]];
			const char *place = rp_render_place(f, 1);

			if (k > 0)
				fputs(t->unicode ? " → " : " -> ", t->out);
			rp_render_text(t, f->name, 0);
			if (*place)
				fputc(' ', t->out);
			rp_render_text(t, place, 0);
		}
		fputc('\n', t->out);
	}
	draw_count(t, shares);
}
