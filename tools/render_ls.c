/* render_ls.c - see render_ls.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/render_ls.h"

#include <string.h>
#include <time.h>
#include "tools/units.h"

enum { WIDE = 110, MIDDLE = 76, NARROW = 60, LEAST_REQUEST = 12 };

/* What a terminal has room for; without a width, for everything. */
struct look {
	bool parts, when, status; /* CPU and waits; date and time; status */
	const char *format;       /* of the date */
	int when_columns, id_columns;
	size_t request_columns; /* 0: as wide as it is */
};

static size_t shown(size_t n, size_t most)
{
	return most && most < n ? most : n;
}

static struct look look_of(const struct rp_term *t, const struct rp_listing *l, size_t n)
{
	bool wide = !t->width || t->width >= WIDE;
	struct look look = {.parts = wide,
	                    .when = !t->width || t->width >= NARROW,
	                    .status = !t->width || t->width >= MIDDLE,
	                    .format = wide ? "%Y-%m-%d %H:%M:%S" : "%m-%d %H:%M:%S",
	                    .when_columns = wide ? 19 : 14,
	                    .id_columns = 2};

	for (size_t i = 0; i < n; i++)
		if ((int)strlen(l->rows[i].entry->id) > look.id_columns)
			look.id_columns = (int)strlen(l->rows[i].entry->id);
	if (!t->width || wide)
		return look;
	size_t left = (size_t)look.id_columns + 2 + 12 +
	              (look.when ? (size_t)look.when_columns + 2 : 0) + (look.status ? 8 : 0);

	look.request_columns = t->width > left + LEAST_REQUEST ? t->width - left : LEAST_REQUEST;
	return look;
}

static void draw_titles(const struct rp_term *t, const struct look *look)
{
	fprintf(t->out, "%s%-*s  ", rp_term_sgr(t, RP_DIM), look->id_columns, "ID");
	if (look->when)
		fprintf(t->out, "%-*s  ", look->when_columns, "WHEN");
	fprintf(t->out, "%10s  ", "DURATION");
	if (look->parts)
		fprintf(t->out, "%10s  %10s  ", "CPU", "WAITS");
	if (look->status)
		fprintf(t->out, "%6s  ", "STATUS");
	fprintf(t->out, "REQUEST%s%s\n", look->request_columns ? "" : ", SERVER",
	        rp_term_sgr(t, RP_PLAIN));
}

/* Method and target, whole with the server's name or cut to the room there is. */
static void draw_request(const struct rp_term *t, const struct look *look,
                         const struct rp_summary *s)
{
	size_t n_method = rp_term_columns(s->method, strlen(s->method), t->unicode) + 1;

	rp_term_text(t->out, s->method, strlen(s->method), t->unicode);
	fputc(' ', t->out);
	if (!look->request_columns) {
		rp_term_text(t->out, s->target, strlen(s->target), t->unicode);
		fputs("  ", t->out);
		rp_term_text(t->out, s->server, strlen(s->server), t->unicode);
		fputs(s->complete ? "" : "  (incomplete)", t->out);
	} else {
		size_t room = look->request_columns - (s->complete ? 0 : 2);

		rp_term_text_cut(t->out, s->target, strlen(s->target), t->unicode,
		                 room > n_method + 2 ? room - n_method : 2);
		fputs(s->complete ? "" : " !", t->out);
	}
	fputc('\n', t->out);
}

static void draw_row(const struct rp_term *t, const struct look *look, const struct rp_summary *s)
{
	char when[32] = "?", duration[RP_UNITS_MAX], cpu[RP_UNITS_MAX], waits[RP_UNITS_MAX];
	char status[12] = "-";
	time_t second = (time_t)(s->entry->wall_ns / 1000000000);
	struct tm tm;

	if (localtime_r(&second, &tm))
		strftime(when, sizeof(when), look->format, &tm);
	if (s->status)
		snprintf(status, sizeof(status), "%u", s->status);
	fprintf(t->out, "%-*s  ", look->id_columns, s->entry->id);
	if (look->when)
		fprintf(t->out, "%-*s  ", look->when_columns, when);
	fprintf(t->out, "%10s  ", rp_units_time(duration, s->duration_ns));
	if (look->parts)
		fprintf(t->out, "%10s  %10s  ", rp_units_time(cpu, s->cpu_ns),
		        rp_units_time(waits, s->waits_ns));
	if (look->status)
		fprintf(t->out, "%6s  ", status);
	draw_request(t, look, s);
}

void rp_render_listing(const struct rp_term *t, const struct rp_listing *l, size_t most)
{
	size_t n = shown(l->n, most);
	struct look look = look_of(t, l, n);

	draw_titles(t, &look);
	for (size_t i = 0; i < n; i++)
		draw_row(t, &look, &l->rows[i]);
}

static bool is_narrow(const struct rp_term *t)
{
	return t->width && t->width < NARROW;
}

static bool is_middle(const struct rp_term *t)
{
	return !t->width || t->width >= MIDDLE;
}

static void draw_route(const struct rp_term *t, const struct rp_route *r)
{
	char median[RP_UNITS_MAX], p95[RP_UNITS_MAX], most[RP_UNITS_MAX];
	size_t left = is_middle(t) ? 59 : is_narrow(t) ? 20 : 32;

	fprintf(t->out, "%6zu  ", r->n);
	if (!is_narrow(t))
		fprintf(t->out, "%10s  ", rp_units_time(median, (uint64_t)r->duration_ns.median));
	fprintf(t->out, "%10s  ", rp_units_time(p95, (uint64_t)r->duration_ns.p95));
	if (is_middle(t))
		fprintf(t->out, "%10s  %-13s  ", rp_units_time(most, r->slowest->duration_ns),
		        r->slowest->entry->id);
	rp_term_text_cut(t->out, r->name, strlen(r->name), t->unicode,
	                 !t->width                         ? SIZE_MAX
	                 : t->width > left + LEAST_REQUEST ? t->width - left
	                                                   : LEAST_REQUEST);
	fputc('\n', t->out);
}

void rp_render_routes(const struct rp_term *t, const struct rp_routes *r, size_t most)
{
	fprintf(t->out, "%s%6s  ", rp_term_sgr(t, RP_DIM), "COUNT");
	if (!is_narrow(t))
		fprintf(t->out, "%10s  ", "MEDIAN");
	fprintf(t->out, "%10s  ", "P95");
	if (is_middle(t))
		fprintf(t->out, "%10s  %-13s  ", "SLOWEST", "WHICH");
	fprintf(t->out, "ROUTE%s\n", rp_term_sgr(t, RP_PLAIN));
	for (size_t i = 0; i < shown(r->n, most); i++)
		draw_route(t, &r->routes[i]);
}
