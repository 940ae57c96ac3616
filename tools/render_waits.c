/* render_waits.c - waits as a table: a line an object, below it where and who held it.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/render_waits.h"

#include <string.h>
#include "tools/render_text.h"
#include "tools/units.h"

enum { MOST_PARTS = 3, MOST_KINDS = 64, LEFT_COLUMNS = 54 };

static void draw_sum(const struct rp_term *t, const struct rp_scale *scale,
                     const struct rp_waits_sum *s, uint64_t whole_ns)
{
	char total[RP_UNITS_MAX], share[RP_UNITS_MAX], longest[RP_UNITS_MAX], mean[RP_UNITS_MAX];
	double heat = whole_ns ? (double)s->total_ns / (double)whole_ns : 0;

	fprintf(t->out, "%s%11s  %6s%s  %6zu  %10s  %10s  ", rp_term_sgr(t, rp_term_heat(heat)),
	        rp_units_scaled(total, scale, s->total_ns),
	        rp_units_share(share, s->total_ns, whole_ns), rp_term_sgr(t, RP_PLAIN), s->n,
	        rp_units_time(longest, s->longest_ns), rp_units_time(mean, s->total_ns / s->n));
}

static void draw_object(const struct rp_term *t, const struct rp_wait *w)
{
	rp_render_text(t, w->kind, 0);
	if (*w->object)
		fputc(' ', t->out);
	rp_render_text(t, w->object, 0);
}

/* The last DEPTH of N functions, outermost first. */
static void draw_path(const struct rp_term *t, const struct rp_profile *p,
                      const uint32_t *functions, uint32_t n, size_t depth)
{
	for (uint32_t i = n > depth ? n - (uint32_t)depth : 0; i < n; i++) {
		const struct rp_function *f = &p->functions[functions[i]];
		const char *place = rp_render_place(f, 1);

		if (i + depth > n && i > 0)
			fputs(t->unicode ? " → " : " -> ", t->out);
		rp_render_text(t, f->name, 0);
		if (*place)
			fputc(' ', t->out);
		rp_render_text(t, place, 0);
	}
}

static void draw_stack(const struct rp_term *t, const struct rp_profile *p, const struct rp_wait *w,
                       size_t depth)
{
	const uint32_t *functions;
	uint32_t n = rp_waits_stack(p, w, &functions);

	draw_path(t, p, functions, n, depth);
}

static void indent(const struct rp_term *t, const char *mark)
{
	fprintf(t->out, "%*s%s%s", LEFT_COLUMNS, "", rp_term_sgr(t, RP_DIM), mark);
}

/* "12.3 ms in 4" where a row has several of a thing. */
static void draw_share(const struct rp_term *t, const struct rp_waits_sum *s, size_t n_of)
{
	char total[RP_UNITS_MAX];

	if (n_of > 1)
		fprintf(t->out, "%s in %zu: ", rp_units_time(total, s->total_ns), s->n);
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
		draw_share(t, &row->parts[i], row->n_parts);
		if (objects)
			draw_object(t, &p->waits[row->parts[i].first]);
		else
			draw_stack(t, p, &p->waits[row->parts[i].first], depth);
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
		draw_share(t, &row->holders[i], row->n_holders);
		rp_render_text(t, h->words, 0);
		if (h->chain) {
			const struct rp_chain *c = &p->chains[h->chain - 1];

			fputs(", let go by ", t->out);
			draw_path(t, p, c->functions, c->n, depth);
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

	for (size_t i = 0; i < n; i++) {
		char time[RP_UNITS_MAX];

		fprintf(t->out, "%sshort: %zu of %s, %s in all, none over 20 us%s\n",
		        rp_term_sgr(t, RP_DIM), (size_t)sums[i].n, sums[i].kind,
		        rp_units_time(time, sums[i].waited_ns), rp_term_sgr(t, RP_PLAIN));
	}
}

void rp_render_waits(const struct rp_term *t, const struct rp_profile *p, const struct rp_waits *w,
                     size_t depth)
{
	static const char *const titles[] = {
	        [RP_WAITS_OBJECT] = "WAIT", [RP_WAITS_KIND] = "KIND", [RP_WAITS_STACK] = "STACK"};
	struct rp_scale scale = rp_units_scale(w->n_rows ? w->rows[0].sum.total_ns : 0, 1000);

	fprintf(t->out, "%s%11s  %6s  %6s  %10s  %10s  %s%s\n", rp_term_sgr(t, RP_BOLD), "TOTAL",
	        "SHARE", "COUNT", "LONGEST", "MEAN", titles[w->by], rp_term_sgr(t, RP_PLAIN));
	for (size_t i = 0; i < w->n_rows; i++) {
		const struct rp_wait *first = &p->waits[w->rows[i].sum.first];

		draw_sum(t, &scale, &w->rows[i].sum, w->whole_ns);
		if (w->by == RP_WAITS_OBJECT)
			draw_object(t, first);
		else if (w->by == RP_WAITS_KIND)
			rp_render_text(t, first->kind, 0);
		else
			draw_stack(t, p, first, depth);
		fputc('\n', t->out);
		draw_parts(t, p, w, &w->rows[i], depth);
		draw_holders(t, p, &w->rows[i], depth);
	}
	fprintf(t->out, "%sshowing %zu of %zu%s\n", rp_term_sgr(t, RP_DIM), w->n_rows, w->n_all,
	        rp_term_sgr(t, RP_PLAIN));
	draw_shorts(t, p);
}
