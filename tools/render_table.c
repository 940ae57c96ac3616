/* render_table.c - functions and paths as tables; see render_text.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <string.h>
#include "tools/render_text.h"
#include "tools/units.h"

enum {
	LEAST_NAME = 12,
	LEAST_NARROW = 8,
	MOST_PADDING = 48,
	TIME_COLUMNS = 13,   /* with the two behind it, as all of these */
	CERTAIN_COLUMNS = 8, /* how sure the mean of several requests is */
	SPREAD_COLUMNS = 18, /* their median and p95 */
	SHARE_COLUMNS = 8,
	WIDE = 80,   /* narrower terminals have no room for median and p95, */
	NARROW = 60, /* nor these for shares and whole names */
};

/* What a table is like: wide enough for its terminal, if that can be had. */
struct look {
	const struct rp_shares *shares;
	struct rp_scale scale;
	bool certain, spread, share;
	size_t left;    /* columns before a name */
	size_t names;   /* columns of the names */
	unsigned parts; /* of a file's path; 0: all */
};

static size_t columns_of(const struct rp_term *t, const char *text)
{
	return rp_term_columns(text, strlen(text), t->unicode);
}

/* A number of nanoseconds without its unit, which the mean beside it has. */
static void draw_bare(const struct rp_term *t, const struct rp_scale *scale, double ns)
{
	fprintf(t->out, "%7.*f  ", scale->decimals, ns / scale->unit_ns);
}

static void draw_spread(const struct rp_term *t, const struct look *look, const struct rp_spread *s)
{
	char half[RP_UNITS_MAX];

	/* The sign is one column, however many bytes it has. */
	fprintf(t->out, "%*s%s%s  ",
	        6 - (int)strlen(rp_units_half(half, rp_spread_half(s))) - (t->unicode ? 1 : 2), "",
	        t->unicode ? "±" : "+-", half);
	if (!look->spread)
		return;
	draw_bare(t, &look->scale, s->median);
	draw_bare(t, &look->scale, s->p95);
}

/* Time and share, right-aligned; of several requests the mean, and how they spread. */
static void draw_numbers(const struct rp_term *t, const struct look *look, size_t row)
{
	uint64_t ns = look->shares->rows[row].ns, whole_ns = look->shares->whole_ns;
	const struct rp_spread *spread = look->certain ? &look->shares->spreads[row] : NULL;
	char time[RP_UNITS_MAX], share[RP_UNITS_MAX];
	const char *heat =
	        rp_term_sgr(t, rp_term_heat(whole_ns ? (double)ns / (double)whole_ns : 0));

	rp_units_scaled(time, &look->scale, spread ? (uint64_t)spread->mean : ns);
	fprintf(t->out, "%s%11s%s  ", heat, time, rp_term_sgr(t, RP_PLAIN));
	if (spread)
		draw_spread(t, look, spread);
	if (look->share)
		fprintf(t->out, "%s%6s%s  ", heat, rp_units_share(share, ns, whole_ns),
		        rp_term_sgr(t, RP_PLAIN));
}

static void draw_titles(const struct rp_term *t, const struct look *look, const char *title)
{
	char of_several[16];

	snprintf(of_several, sizeof(of_several), "MEAN %s", title);
	fprintf(t->out, "%s%11s  ", rp_term_sgr(t, RP_BOLD), look->certain ? of_several : title);
	if (look->certain)
		fprintf(t->out, "%6s  ", "95 %");
	if (look->spread)
		fprintf(t->out, "%7s  %7s  ", "MEDIAN", "P95");
	if (look->share)
		fprintf(t->out, "%6s  ", "SHARE");
}

static void draw_count(const struct rp_term *t, const struct rp_shares *shares)
{
	fputs(rp_term_sgr(t, RP_DIM), t->out);
	if (shares->n_all)
		fprintf(t->out, "showing %zu of %zu", shares->n_rows, shares->n_all);
	else
		fputs("nothing to list", t->out);
	if (shares->spreads && shares->n_rows)
		fprintf(t->out, ", over %zu requests", shares->spreads[0].n);
	fprintf(t->out, "%s\n", rp_term_sgr(t, RP_PLAIN));
}

/* The widest name and, with PARTS of its path, the widest place. */
static void measure(const struct rp_term *t, const struct rp_profile *p,
                    const struct rp_shares *shares, unsigned parts, size_t *name, size_t *place)
{
	*name = *place = 0;
	for (size_t i = 0; i < shares->n_rows; i++) {
		const struct rp_function *f = &p->functions[shares->rows[i].functions[0]];
		size_t n_name = columns_of(t, f->name);
		size_t n_place = columns_of(t, rp_render_place(f, parts));

		*name = n_name > *name ? n_name : *name;
		*place = n_place > *place ? n_place : *place;
	}
}

/* On a terminal a path loses directories until a name has room beside it. */
static void fit_names(struct look *look, const struct rp_term *t, const struct rp_profile *p)
{
	static const unsigned fewer[] = {0, 2, 1};
	size_t least = t->width && t->width < NARROW ? LEAST_NARROW : LEAST_NAME, name, place;

	for (size_t i = 0; i < sizeof(fewer) / sizeof(fewer[0]); i++) {
		look->parts = fewer[i];
		measure(t, p, look->shares, look->parts, &name, &place);
		if (!t->width || look->left + least + 2 + place <= t->width)
			break;
	}
	name = name > least ? name : least;
	if (!t->width) {
		look->names = name < MOST_PADDING ? name : MOST_PADDING;
		return;
	}
	size_t taken = look->left + 2 + place;
	size_t room = t->width > taken + least ? t->width - taken : least;

	look->names = name < room ? name : room;
}

static struct look look_of(const struct rp_term *t, const struct rp_profile *p,
                           const struct rp_shares *shares)
{
	uint64_t most_ns = shares->n_rows ? shares->rows[0].ns : 0;
	struct look look = {.shares = shares,
	                    .certain = shares->spreads != NULL,
	                    .spread = shares->spreads && (!t->width || t->width >= WIDE),
	                    .share = !t->width || t->width >= NARROW,
	                    .left = TIME_COLUMNS};

	look.scale =
	        rp_units_scale(most_ns / (look.certain ? p->n_sessions : 1), rp_render_interval(p));
	look.left += (look.certain ? CERTAIN_COLUMNS : 0) + (look.spread ? SPREAD_COLUMNS : 0) +
	             (look.share ? SHARE_COLUMNS : 0);
	return look;
}

static void draw_row(const struct rp_term *t, const struct look *look, const struct rp_function *f)
{
	const char *place = rp_render_place(f, look->parts);
	/* A name that stands alone may go on to the end of the line. */
	size_t room = *place ? look->names : t->width - look->left;
	size_t n_name = rp_render_text(t, f->name, t->width ? room : 0);

	if (*place) {
		fprintf(t->out, "%*s  %s", n_name < look->names ? (int)(look->names - n_name) : 0,
		        "", rp_term_sgr(t, RP_DIM));
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
	struct look look = look_of(t, p, shares);

	fit_names(&look, t, p);
	draw_titles(t, &look, title);
	fprintf(t->out, "%-*s  %s%s\n", (int)look.names, "FUNCTION", "FILE",
	        rp_term_sgr(t, RP_PLAIN));
	for (size_t i = 0; i < shares->n_rows; i++) {
		draw_numbers(t, &look, i);
		draw_row(t, &look, &p->functions[shares->rows[i].functions[0]]);
	}
	draw_count(t, shares);
}

void rp_render_paths(const struct rp_term *t, const struct rp_profile *p,
                     const struct rp_shares *shares)
{
	struct look look = look_of(t, p, shares);

	draw_titles(t, &look, "SELF");
	fprintf(t->out, "PATH%s\n", rp_term_sgr(t, RP_PLAIN));
	for (size_t i = 0; i < shares->n_rows; i++) {
		const struct rp_share *row = &shares->rows[i];

		draw_numbers(t, &look, i);
		rp_render_path(t, p, row->functions, (uint32_t)row->n_functions,
		               t->width > look.left ? t->width - look.left : t->width);
		fputc('\n', t->out);
	}
	draw_count(t, shares);
}
