/* render_diff.c - see render_diff.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/render_diff.h"

#include <math.h>
#include <string.h>
#include "tools/render_text.h"
#include "tools/units.h"

enum { WIDE = 72, LEAST_NAME = 12, SHARE_MAX = 16, MOST_NAMED = 3 };

const char *rp_diff_word(const struct rp_diff *d)
{
	size_t n_slower = 0, n_faster = 0;

	for (size_t i = 0; i < RP_DIFF_LINES; i++) {
		n_slower += d->lines[i].verdict == RP_DIFF_SLOWER;
		n_faster += d->lines[i].verdict == RP_DIFF_FASTER;
	}
	for (size_t i = 0; i < d->n_rows; i++) {
		n_slower += d->rows[i].verdict == RP_DIFF_SLOWER;
		n_faster += d->rows[i].verdict == RP_DIFF_FASTER;
	}
	if (d->too_few)
		return "too few requests";
	if (n_slower && n_faster)
		return "changed";
	return n_slower ? "slower" : n_faster ? "faster" : "no significant change";
}

static bool is_wide(const struct rp_term *t)
{
	return !t->width || t->width >= WIDE;
}

/* "+8.2%", "-100%", "new" where there was nothing. */
static char *share_text(char text[SHARE_MAX], double share)
{
	if (isinf(share))
		snprintf(text, SHARE_MAX, "new");
	else if (fabs(share) < 0.00005)
		snprintf(text, SHARE_MAX, "0.0%%");
	else
		snprintf(text, SHARE_MAX, "%+.*f%%", fabs(share) < 0.9995 ? 1 : 0,
		         100 * fmin(share, 99.99));
	return text;
}

/* The interval in percent, as wide as its title. */
static void draw_interval(const struct rp_term *t, const struct rp_change *c)
{
	char low[SHARE_MAX], high[SHARE_MAX];
	bool told = c->before > 0 && c->low < c->high;

	if (!told) {
		fprintf(t->out, "%18s", "");
		return;
	}
	share_text(low, c->low / c->before);
	share_text(high, c->high / c->before);
	fprintf(t->out, "%7s %s %-7s", low, "to", high);
}

static enum rp_paint paint_of(const struct rp_diff_row *row)
{
	if (row->verdict == RP_DIFF_SAME)
		return RP_PLAIN;
	if (row->verdict == RP_DIFF_FASTER)
		return RP_LESS;
	return row->change.before > 0 ? RP_HOT : RP_WARM;
}

static void draw_name(const struct rp_term *t, const struct rp_profile *p,
                      const struct rp_diff_row *row, size_t left)
{
	const struct rp_function *f = row->name ? NULL : &p->functions[row->function];
	const char *place = f ? rp_render_place(f, f->file ? 2 : 1) : "";
	size_t n_place = strlen(place), taken = left;

	taken += n_place ? rp_term_columns(place, n_place, t->unicode) + 2 : 0;
	rp_render_text(t, f ? f->name : row->name,
	               !t->width                       ? 0
	               : t->width > taken + LEAST_NAME ? t->width - taken
	                                               : LEAST_NAME);
	if (n_place) {
		fprintf(t->out, "  %s", rp_term_sgr(t, RP_DIM));
		rp_render_text(t, place, 0);
		fputs(rp_term_sgr(t, RP_PLAIN), t->out);
	}
}

static void draw_row(const struct rp_term *t, const struct rp_profile *p,
                     const struct rp_scale *scale, const struct rp_diff_row *row)
{
	const struct rp_change *c = &row->change;
	char before[RP_UNITS_MAX], after[RP_UNITS_MAX], share[SHARE_MAX];
	size_t left = 22;

	if (is_wide(t)) {
		fprintf(t->out, "%11s  ", rp_units_scaled(before, scale, (uint64_t)c->before));
		left = 55;
	}
	fprintf(t->out, "%11s  %s%7s%s  ", rp_units_scaled(after, scale, (uint64_t)c->after),
	        rp_term_sgr(t, paint_of(row)), share_text(share, rp_diff_share(c)),
	        rp_term_sgr(t, RP_PLAIN));
	if (is_wide(t)) {
		draw_interval(t, c);
		fputs("  ", t->out);
	}
	draw_name(t, p, row, left);
	fputc('\n', t->out);
}

static void draw_titles(const struct rp_term *t, const struct rp_diff *d)
{
	char level[SHARE_MAX];

	fputs(rp_term_sgr(t, RP_BOLD), t->out);
	if (is_wide(t))
		fprintf(t->out, "%11s  ", "BEFORE");
	fprintf(t->out, "%11s  %7s", "AFTER", "CHANGE");
	snprintf(level, sizeof(level), "%.3g %%", 100 * d->how.level);
	if (is_wide(t))
		fprintf(t->out, "  %12s", level);
	fprintf(t->out, "%s\n", rp_term_sgr(t, RP_PLAIN));
}

/* Those of the changed rows with VERDICT, under its name. */
static void draw_changed(const struct rp_term *t, const struct rp_profile *p,
                         const struct rp_scale *scale, const struct rp_diff *d,
                         enum rp_verdict verdict)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n_changed; i++) {
		if (d->rows[i].verdict != verdict)
			continue;
		if (n++ == 0)
			fprintf(t->out, "%s%s%s\n",
			        rp_term_sgr(t, verdict == RP_DIFF_SLOWER ? RP_HOT : RP_LESS),
			        verdict == RP_DIFF_SLOWER ? "slower" : "faster",
			        rp_term_sgr(t, RP_PLAIN));
		draw_row(t, p, scale, &d->rows[i]);
	}
}

static void draw_unchanged(const struct rp_term *t, const struct rp_profile *p,
                           const struct rp_scale *scale, const struct rp_diff *d, size_t least)
{
	size_t n_all = d->n_rows - d->n_changed;
	size_t n = d->n_changed < least ? least - d->n_changed : 0;

	if (least == 0 || n > n_all)
		n = n_all;
	fprintf(t->out, "%s%s", rp_term_sgr(t, RP_DIM),
	        d->too_few ? "too few requests to tell" : "no significant change");
	if (n < n_all)
		fprintf(t->out, ": %zu functions%s", n_all, n ? ", among them" : "");
	fprintf(t->out, "%s\n", rp_term_sgr(t, RP_PLAIN));
	for (size_t i = 0; i < n; i++)
		draw_row(t, p, scale, &d->rows[d->n_changed + i]);
}

/* Which requests are compared: once, where both sets are of the same. */
static void draw_sets(const struct rp_term *t, const struct rp_profile *p, const struct rp_diff *d)
{
	struct rp_profile side = *p;

	side.n_sessions = d->n_before;
	fputs("before: ", t->out);
	rp_render_requests(t, &side);
	side.sessions += d->n_before;
	side.n_sessions = d->n_after;
	fputs("after:  ", t->out);
	rp_render_requests(t, &side);
}

static const char *clock_words(enum rp_diff_clock clock)
{
	return clock == RP_DIFF_AUTO ? "functions by CPU time; waits by wall time without run delay"
	       : clock == RP_DIFF_CPU ? "by CPU time"
	                              : "by wall time";
}

/* Which functions and waits: the worst by name. */
static void draw_names(const struct rp_term *t, const struct rp_profile *p, const struct rp_diff *d)
{
	for (size_t i = 0; i < d->n_changed && i < MOST_NAMED; i++) {
		char share[SHARE_MAX];

		fputs(i ? ", " : ": ", t->out);
		rp_render_text(t, p->functions[d->rows[i].function].name, 0);
		fprintf(t->out, " %s", share_text(share, rp_diff_share(&d->rows[i].change)));
	}
	if (d->n_changed > MOST_NAMED)
		fprintf(t->out, " and %zu more", d->n_changed - MOST_NAMED);
}

static void draw_sentence(const struct rp_term *t, const struct rp_profile *p,
                          const struct rp_diff *d)
{
	fprintf(t->out, "%s%s%s", rp_term_sgr(t, RP_BOLD), rp_diff_word(d),
	        rp_term_sgr(t, RP_PLAIN));
	draw_names(t, p, d);
	fprintf(t->out,
	        "\n%s%.4g %% sure of all %zu comparisons together; changes under %.3g %% "
	        "do not count%s\n",
	        rp_term_sgr(t, RP_DIM), 100 * d->how.level, d->n_judged, 100 * d->how.least,
	        rp_term_sgr(t, RP_PLAIN));
}

static void draw_verdict(const struct rp_term *t, const struct rp_profile *p,
                         const struct rp_diff *d)
{
	fputc('\n', t->out);
	if (d->too_few)
		fprintf(t->out,
		        "%zu and %zu requests are too few to be %.3g %% sure of anything: "
		        "record more, as by reqprof curl -n 30\n",
		        d->n_before, d->n_after, 100 * d->how.level);
	else
		draw_sentence(t, p, d);
	if (d->one_by_one && d->n_changed && !d->too_few)
		fprintf(t->out,
		        "%sone set was recorded after the other: what the machine did "
		        "meanwhile counts, too; taking turns would rule it out%s\n",
		        rp_term_sgr(t, RP_DIM), rp_term_sgr(t, RP_PLAIN));
}

static double longest_ns(const struct rp_diff *d)
{
	double most = 0;

	for (size_t i = 0; i < RP_DIFF_LINES; i++)
		most = fmax(most, fmax(d->lines[i].change.before, d->lines[i].change.after));
	return most;
}

void rp_render_diff(const struct rp_term *t, const struct rp_profile *p, const struct rp_diff *d,
                    size_t least)
{
	/* Means are finer than a tick. */
	struct rp_scale scale = rp_units_scale((uint64_t)longest_ns(d), 100000);

	draw_sets(t, p, d);
	fprintf(t->out, "%s%s%s\n\n", rp_term_sgr(t, RP_DIM), clock_words(d->how.clock),
	        rp_term_sgr(t, RP_PLAIN));
	draw_titles(t, d);
	for (size_t i = 0; i < RP_DIFF_LINES; i++)
		draw_row(t, p, &scale, &d->lines[i]);
	draw_changed(t, p, &scale, d, RP_DIFF_SLOWER);
	draw_changed(t, p, &scale, d, RP_DIFF_FASTER);
	if (d->n_rows > d->n_changed)
		draw_unchanged(t, p, &scale, d, least);
	if (d->n_small)
		fprintf(t->out, "%s%zu more have too little time to be compared%s\n",
		        rp_term_sgr(t, RP_DIM), d->n_small, rp_term_sgr(t, RP_PLAIN));
	draw_verdict(t, p, d);
}
