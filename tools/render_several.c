/* render_several.c - the facts above the report of several sessions; see render_text.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "tools/memory.h"
#include "tools/render_text.h"
#include "tools/several.h"
#include "tools/units.h"

enum { MOST_ROUTES = 5, MOST_OUTLIERS = 5, WIDE = 72 };

/* Requests of one route that ended alike. */
struct route {
	const struct rp_session *first;
	size_t n;
};

static size_t path_bytes(const struct rp_session *s)
{
	return strcspn(s->target, "?");
}

static bool is_alike(const struct rp_session *a, const struct rp_session *b)
{
	size_t n = path_bytes(a);

	return a->status == b->status && strcmp(a->method, b->method) == 0 && n == path_bytes(b) &&
	       memcmp(a->target, b->target, n) == 0;
}

static int most_first(const void *a, const void *b)
{
	const struct route *x = a, *y = b;

	if (x->n != y->n)
		return x->n > y->n ? -1 : 1;
	return x->first < y->first ? -1 : 1;
}

/* The routes of P, the most frequent first; *N of them.  free() it. */
static struct route *routes_of(const struct rp_profile *p, size_t *n)
{
	struct route *routes = rp_memory_zero(p->n_sessions, sizeof(*routes));

	*n = 0;
	for (size_t i = 0; i < p->n_sessions; i++) {
		size_t at = 0;

		while (at < *n && !is_alike(routes[at].first, &p->sessions[i]))
			at++;
		if (at == *n)
			routes[(*n)++].first = &p->sessions[i];
		routes[at].n++;
	}
	qsort(routes, *n, sizeof(*routes), most_first);
	return routes;
}

static void draw_route(const struct rp_term *t, const struct rp_session *s)
{
	fputs(rp_term_sgr(t, RP_BOLD), t->out);
	rp_render_text(t, *s->method ? s->method : "?", 0);
	fputc(' ', t->out);
	rp_term_text(t->out, s->target, path_bytes(s), t->unicode);
	fprintf(t->out, "%s%s", rp_term_sgr(t, RP_PLAIN), t->unicode ? " → " : " -> ");
	if (s->status)
		fprintf(t->out, "%u\n", s->status);
	else
		fputs("no status\n", t->out);
}

/* The moment AT in local time: the date, too, or the time of the day alone. */
static void draw_moment(const struct rp_term *t, uint64_t at_wall_ns, const char *format)
{
	time_t seconds = (time_t)(at_wall_ns / 1000000000);
	struct tm local;
	char text[64] = "?";

	if (localtime_r(&seconds, &local))
		strftime(text, sizeof(text), format, &local);
	fputs(text, t->out);
}

static void draw_when(const struct rp_term *t, const struct rp_profile *p)
{
	uint64_t first_ns = UINT64_MAX, last_ns = 0;
	bool same = true;

	for (size_t i = 0; i < p->n_sessions; i++) {
		const struct rp_session *s = &p->sessions[i];

		first_ns = s->began_wall_ns < first_ns ? s->began_wall_ns : first_ns;
		last_ns = s->began_wall_ns > last_ns ? s->began_wall_ns : last_ns;
		same = same && strcmp(s->server, p->sessions[0].server) == 0;
	}
	rp_render_text(t, same ? p->sessions[0].server : "several servers", 0);
	fputs(t->unicode ? " · " : " | ", t->out);
	draw_moment(t, first_ns, "%Y-%m-%d %H:%M:%S to ");
	draw_moment(t, last_ns,
	            last_ns - first_ns < 43200000000000 ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S");
	fputc('\n', t->out);
}

void rp_render_requests(const struct rp_term *t, const struct rp_profile *p)
{
	size_t n;
	struct route *routes = routes_of(p, &n);

	for (size_t i = 0; i < n && i < MOST_ROUTES; i++) {
		fprintf(t->out, "%zu request%s ", routes[i].n, routes[i].n == 1 ? "" : "s");
		draw_route(t, routes[i].first);
	}
	if (n > MOST_ROUTES)
		fprintf(t->out, "and %zu more routes\n", n - MOST_ROUTES);
	free(routes);
	draw_when(t, p);
}

static bool is_nothing(const struct rp_scale *scale, double ns)
{
	return fabs(ns / scale->unit_ns) < 0.5 * pow(10, -scale->decimals);
}

static void draw_number(const struct rp_term *t, const struct rp_scale *scale, double ns)
{
	/* "-0.0" would be noise: a sign only where a digit follows it. */
	fprintf(t->out, "  %7.*f", scale->decimals,
	        is_nothing(scale, ns) ? 0 : ns / scale->unit_ns);
}

static void draw_line(const struct rp_term *t, const char *name, const struct rp_scale *scale,
                      const struct rp_spread *s, bool wide)
{
	char half[RP_UNITS_MAX];
	const char *sign = t->unicode ? "±" : "+-";

	fprintf(t->out, "%-12s", name);
	draw_number(t, scale, s->mean);
	fprintf(t->out, " %-2s", scale->unit);
	rp_units_half(half, rp_spread_half(s));
	/* Of what is shown as 0 no share can be told. */
	if (is_nothing(scale, s->mean))
		fprintf(t->out, "  %6s", "");
	else
		fprintf(t->out, "  %*s%s%s", 6 - (int)strlen(half) - (t->unicode ? 1 : 2), "", sign,
		        half);
	const double rest[] = {s->median, s->p95, s->least, s->most};

	for (size_t i = 0; i < sizeof(rest) / sizeof(rest[0]) && wide; i++)
		draw_number(t, scale, rest[i]);
	fputc('\n', t->out);
}

/* Requests that took much longer than the others: they are worth a look of their own. */
static void draw_outliers(const struct rp_term *t, const struct rp_profile *p)
{
	double *sorted = rp_memory_zero(p->n_sessions, sizeof(*sorted));
	char time[RP_UNITS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < p->n_sessions; i++)
		sorted[i] = (double)p->sessions[i].account.duration_ns;
	rp_spread_sort(sorted, p->n_sessions);
	double fence = rp_spread_fence(sorted, p->n_sessions);

	free(sorted);
	for (size_t i = 0; i < p->n_sessions; i++) {
		const struct rp_session *s = &p->sessions[i];

		if ((double)s->account.duration_ns <= fence || n++ >= MOST_OUTLIERS)
			continue;
		fprintf(t->out, "%s%s of ", n == 1 ? "outliers: " : ", ",
		        rp_units_time(time, s->account.duration_ns));
		rp_render_text(t, s->id, 0);
	}
	if (n > MOST_OUTLIERS)
		fprintf(t->out, " and %zu more", n - MOST_OUTLIERS);
	if (n)
		fputc('\n', t->out);
}

void rp_render_spreads(const struct rp_term *t, const struct rp_profile *p)
{
	bool wide = !t->width || t->width >= WIDE;
	struct rp_scale scale;

	fprintf(t->out, "%s%24s  %6s", rp_term_sgr(t, RP_DIM), "mean", "95 %");
	if (wide)
		fprintf(t->out, "  %7s  %7s  %7s  %7s", "median", "p95", "least", "most");
	fprintf(t->out, "%s\n", rp_term_sgr(t, RP_PLAIN));
	for (size_t i = 0; i < RP_SEVERAL_NUMBERS; i++) {
		struct rp_spread s = rp_several_of(p, &rp_several_numbers[i]);

		if (i == 0)
			scale = rp_units_scale((uint64_t)s.most, rp_render_interval(p));
		draw_line(t, rp_several_numbers[i].name, &scale, &s, wide);
	}
	draw_outliers(t, p);
}
