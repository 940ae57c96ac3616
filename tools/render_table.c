/* render_table.c - functions and paths as tables; see render_text.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <string.h>
#include "tools/render_text.h"
#include "tools/units.h"

enum {
	LEAST_NAME = 12,
	MOST_PADDING = 48,
	LEFT_COLUMNS = 21,   /* time and share */
	CERTAIN_COLUMNS = 8, /* how sure the mean of several requests is */
	SPREAD_COLUMNS = 18, /* their median and p95 */
	WIDE = 80,           /* narrower terminals have no room for those */
};

static size_t columns_of(const struct rp_term *t, const char *text)
{
	return rp_term_columns(text, strlen(text), t->unicode);
}

static bool is_wide(const struct rp_term *t)
{
	return !t->width || t->width >= WIDE;
}

/* What stands left of a name: so many columns. */
static size_t left_columns(const struct rp_term *t, const struct rp_shares *shares)
{
	return LEFT_COLUMNS + (shares->spreads ? CERTAIN_COLUMNS : 0) +
	       (shares->spreads && is_wide(t) ? SPREAD_COLUMNS : 0);
}

/* A number of nanoseconds without its unit, which the mean beside it has. */
static void draw_bare(const struct rp_term *t, const struct rp_scale *scale, double ns)
{
	fprintf(t->out, "%7.*f  ", scale->decimals, ns / scale->unit_ns);
}

static void draw_spread(const struct rp_term *t, const struct rp_scale *scale,
                        const struct rp_spread *s)
{
	char half[RP_UNITS_MAX];

	/* The sign is one column, however many bytes it has. */
	fprintf(t->out, "%*s%s%s  ",
	        6 - (int)strlen(rp_units_half(half, rp_spread_half(s))) - (t->unicode ? 1 : 2), "",
	        t->unicode ? "±" : "+-", half);
	if (!is_wide(t))
		return;
	draw_bare(t, scale, s->median);
	draw_bare(t, scale, s->p95);
}

/* Time and share, right-aligned; of several requests the mean, and how they spread. */
static void draw_numbers(const struct rp_term *t, const struct rp_scale *scale,
                         const struct rp_shares *shares, size_t row)
{
	uint64_t ns = shares->rows[row].ns, whole_ns = shares->whole_ns;
	const struct rp_spread *spread = shares->spreads ? &shares->spreads[row] : NULL;
	char time[RP_UNITS_MAX], share[RP_UNITS_MAX];
	const char *heat =
	        rp_term_sgr(t, rp_term_heat(whole_ns ? (double)ns / (double)whole_ns : 0));

	rp_units_scaled(time, scale, spread ? (uint64_t)spread->mean : ns);
	fprintf(t->out, "%s%11s%s  ", heat, time, rp_term_sgr(t, RP_PLAIN));
	if (spread)
		draw_spread(t, scale, spread);
	fprintf(t->out, "%s%6s%s  ", heat, rp_units_share(share, ns, whole_ns),
	        rp_term_sgr(t, RP_PLAIN));
}

static void draw_titles(const struct rp_term *t, const struct rp_shares *shares, const char *title)
{
	char of_several[16];

	snprintf(of_several, sizeof(of_several), "MEAN %s", title);
	fprintf(t->out, "%s%11s  ", rp_term_sgr(t, RP_BOLD), shares->spreads ? of_several : title);
	if (shares->spreads)
		fprintf(t->out, "%6s  ", "95 %");
	if (shares->spreads && is_wide(t))
		fprintf(t->out, "%7s  %7s  ", "MEDIAN", "P95");
	fprintf(t->out, "%6s  ", "SHARE");
}

static struct rp_scale scale_of(const struct rp_profile *p, const struct rp_shares *shares)
{
	uint64_t most_ns = shares->n_rows ? shares->rows[0].ns : 0;

	return rp_units_scale(most_ns / (shares->spreads ? p->n_sessions : 1),
	                      rp_render_interval(p));
}

static void draw_count(const struct rp_term *t, const struct rp_shares *shares)
{
	fprintf(t->out, "%sshowing %zu of %zu", rp_term_sgr(t, RP_DIM), shares->n_rows,
	        shares->n_all);
	if (shares->spreads && shares->n_rows)
		fprintf(t->out, ", over %zu requests", shares->spreads[0].n);
	fprintf(t->out, "%s\n", rp_term_sgr(t, RP_PLAIN));
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
	size_t left = left_columns(t, shares) + 2 + place;
	size_t room = t->width > left ? t->width - left : 0;

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

void rp_render_totals(const struct rp_term *t, const struct rp_profile *p, const char *function,
                      const struct rp_shares *shares)
{
	char self[RP_UNITS_MAX], total[RP_UNITS_MAX];
	size_t n = p->n_sessions;

	rp_render_text(t, function, 0);
	fprintf(t->out, ": self %s, total %s%s\n", rp_units_time(self, shares->self_ns / n),
	        rp_units_time(total, shares->total_ns / n), n > 1 ? " a request" : "");
}

void rp_render_table(const struct rp_term *t, const struct rp_profile *p,
                     const struct rp_shares *shares, const char *title)
{
	size_t columns = name_columns(t, p, shares);
	struct rp_scale scale = scale_of(p, shares);

	draw_titles(t, shares, title);
	fprintf(t->out, "%-*s  %s%s\n", (int)columns, "FUNCTION", "FILE", rp_term_sgr(t, RP_PLAIN));
	for (size_t i = 0; i < shares->n_rows; i++) {
		draw_numbers(t, &scale, shares, i);
		draw_row(t, &p->functions[shares->rows[i].functions[0]], columns);
	}
	draw_count(t, shares);
}

void rp_render_paths(const struct rp_term *t, const struct rp_profile *p,
                     const struct rp_shares *shares)
{
	struct rp_scale scale = scale_of(p, shares);

	draw_titles(t, shares, "SELF");
	fprintf(t->out, "PATH%s\n", rp_term_sgr(t, RP_PLAIN));
	for (size_t i = 0; i < shares->n_rows; i++) {
		const struct rp_share *row = &shares->rows[i];

		draw_numbers(t, &scale, shares, i);
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
