/* cmd_ls.c - reqprof ls: the recorded sessions, newest first.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "tools/commands.h"
#include "tools/flags.h"
#include "tools/memory.h"
#include "tools/now.h"
#include "tools/summary.h"
#include "tools/term.h"
#include "tools/units.h"
#include "tools/values.h"

struct listing {
	const char *route;
	uint64_t since_wall_ns, slower_ns, most; /* most 0: all */
	int (*order)(const void *a, const void *b);
	bool json;
	struct rp_summary *rows;
	size_t n;
};

static int descending(uint64_t a, uint64_t b)
{
	return (a < b) - (a > b);
}

static int by_time(const void *a, const void *b)
{
	const struct rp_summary *x = a, *y = b;
	int order = descending(x->entry->wall_ns, y->entry->wall_ns);

	return order ? order : strcmp(y->entry->name, x->entry->name);
}

static int by_duration(const void *a, const void *b)
{
	int order = descending(((const struct rp_summary *)a)->duration_ns,
	                       ((const struct rp_summary *)b)->duration_ns);

	return order ? order : by_time(a, b);
}

static int by_cpu(const void *a, const void *b)
{
	int order = descending(((const struct rp_summary *)a)->cpu_ns,
	                       ((const struct rp_summary *)b)->cpu_ns);

	return order ? order : by_time(a, b);
}

static const struct {
	const char *name;
	int (*order)(const void *a, const void *b);
} orders[] = {{"time", by_time}, {"duration", by_duration}, {"cpu", by_cpu}};

static bool wanted(const struct listing *l, const struct rp_summary *s)
{
	return s->duration_ns >= l->slower_ns && (!l->route || rp_summary_matches(s, l->route));
}

/* Reads what the catalogue names, newest first, and no more than is asked for. */
static void collect(struct listing *l, const struct rp_catalog *c)
{
	struct rp_why why;

	for (size_t i = c->n; i-- > 0;) {
		const struct rp_entry *entry = &c->entries[i];
		struct rp_summary s;

		if (entry->wall_ns < l->since_wall_ns)
			continue;
		if (!rp_summary_read(&s, entry, &why)) {
			rp_term_complain("%s", why.text);
			continue;
		}
		if (!wanted(l, &s)) {
			rp_summary_free(&s);
			continue;
		}
		l->rows = rp_memory_grow(l->rows, l->n, sizeof *l->rows);
		l->rows[l->n++] = s;
		if (l->order == by_time && l->n == l->most)
			break;
	}
	if (l->n)
		qsort(l->rows, l->n, sizeof *l->rows, l->order);
}

static size_t shown(const struct listing *l)
{
	return l->most && l->most < l->n ? (size_t)l->most : l->n;
}

static void print_row(const struct rp_term *t, const struct rp_summary *s, int id_columns)
{
	char when[32], duration[RP_UNITS_MAX], cpu[RP_UNITS_MAX], waits[RP_UNITS_MAX], status[12];
	time_t second = (time_t)(s->entry->wall_ns / 1000000000);
	struct tm tm;

	localtime_r(&second, &tm);
	strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &tm);
	snprintf(status, sizeof status, "%" PRIu32, s->status);
	fprintf(t->out, "%-*s  %s  %10s  %10s  %10s  %6s  ", id_columns, s->entry->id, when,
	        rp_units_time(duration, s->duration_ns), rp_units_time(cpu, s->cpu_ns),
	        rp_units_time(waits, s->waits_ns), s->status ? status : "-");
	rp_term_text(t->out, s->method, strlen(s->method), t->unicode);
	fputc(' ', t->out);
	rp_term_text(t->out, s->target, strlen(s->target), t->unicode);
	fputs("  ", t->out);
	rp_term_text(t->out, s->server, strlen(s->server), t->unicode);
	fputs(s->complete ? "\n" : "  (incomplete)\n", t->out);
}

static int print_text(const struct listing *l)
{
	struct rp_term t;
	int id_columns = 2;

	for (size_t i = 0; i < shown(l); i++)
		if ((int)strlen(l->rows[i].entry->id) > id_columns)
			id_columns = (int)strlen(l->rows[i].entry->id);
	rp_term_open(&t, RP_AUTO, RP_AUTO);
	rp_term_page(&t);
	fprintf(t.out, "%s%-*s  %-19s  %10s  %10s  %10s  %6s  %s%s\n", rp_term_sgr(&t, RP_DIM),
	        id_columns, "ID", "WHEN", "DURATION", "CPU", "WAITS", "STATUS", "REQUEST, SERVER",
	        rp_term_sgr(&t, RP_PLAIN));
	for (size_t i = 0; i < shown(l); i++)
		print_row(&t, &l->rows[i], id_columns);
	return rp_term_close(&t) ? RP_EXIT_OK : rp_term_finish();
}

/* Bytes off the wire as a JSON string: what is not UTF-8 is made visible as on the terminal. */
static json_t *json_text(const char *text)
{
	char *safe = rp_term_text_copy(text);
	json_t *string = json_string(safe);

	free(safe);
	return string;
}

static int print_json(const struct listing *l)
{
	json_t *list = json_array();

	for (size_t i = 0; i < shown(l); i++) {
		const struct rp_summary *s = &l->rows[i];

		json_array_append_new(
		        list,
		        json_pack("{s:s,s:o,s:I,s:I,s:I,s:I,s:i,s:o,s:o,s:o,s:b}", "id",
		                  s->entry->id, "path", json_text(s->entry->path), "wall_ns",
		                  (json_int_t)s->entry->wall_ns, "duration_ns",
		                  (json_int_t)s->duration_ns, "cpu_ns", (json_int_t)s->cpu_ns,
		                  "waits_ns", (json_int_t)s->waits_ns, "status", (int)s->status,
		                  "method", json_text(s->method), "target", json_text(s->target),
		                  "server", json_text(s->server), "complete", s->complete));
	}
	json_t *whole = json_pack("{s:o}", "sessions", list);

	json_dumpf(whole, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(whole);
	return rp_term_finish();
}

/* Reads the words of the options into L; RP_FLAGS_GO or an exit status. */
static int fill(struct listing *l, const char *since, const char *slower, const char *sort,
                const char *limit)
{
	uint64_t age_ns;

	if (since) {
		uint64_t now_ns = rp_now_ns(CLOCK_REALTIME);

		if (!rp_value_time(since, &age_ns))
			return rp_term_complain("--since wants a time such as 30m, 1h or 7d, "
			                        "not '%s'",
			                        since);
		l->since_wall_ns = age_ns < now_ns ? now_ns - age_ns : 0;
	}
	if (slower && !rp_value_time(slower, &l->slower_ns))
		return rp_term_complain("--slower wants a time such as 200ms, not '%s'", slower);
	if (limit && !rp_value_count(limit, &l->most))
		return rp_term_complain("--limit wants a number, not '%s'", limit);
	l->order = sort ? NULL : by_time;
	for (size_t i = 0; sort && i < sizeof orders / sizeof orders[0]; i++)
		if (strcmp(orders[i].name, sort) == 0)
			l->order = orders[i].order;
	if (!l->order)
		return rp_term_complain("--sort knows time, duration and cpu, not '%s'", sort);
	return RP_FLAGS_GO;
}

static int list(struct listing *l, char **dirs, size_t n_dirs)
{
	struct rp_catalog c;
	struct rp_why why;

	if (!rp_catalog_open(&c, (const char *const *)dirs, n_dirs, &why))
		return rp_term_complain("%s", why.text);
	collect(l, &c);
	int status = RP_EXIT_NO;

	if (l->json)
		status = print_json(l);
	else if (l->n)
		status = print_text(l);
	for (size_t i = 0; i < c.n_denied; i++)
		rp_term_complain("%s may not be read; try: sudo reqprof ls %s", c.denied[i],
		                 c.denied[i]);
	if (!l->n && c.n)
		rp_term_complain("none of the %zu sessions is of that kind", c.n);
	else if (!l->n)
		rp_term_complain("there are no sessions yet: flag a request with ?profile=1, or "
		                 "see reqprof doctor");
	for (size_t i = 0; i < l->n; i++)
		rp_summary_free(&l->rows[i]);
	free(l->rows);
	rp_catalog_close(&c);
	return l->n || status == RP_EXIT_USAGE ? status : RP_EXIT_NO;
}

int rp_cmd_ls(int argc, char **argv)
{
	struct listing l = {0};
	const char *since = NULL, *slower = NULL, *sort = NULL, *limit = NULL;
	const struct rp_flag flags[] = {
	        {0, "route", "GLOB", "only this route: '/api/*' or 'GET /api/*'", &l.route, NULL},
	        {0, "since", "TIME", "only sessions of the last TIME: 30m, 1h, 7d", &since, NULL},
	        {0, "slower", "TIME", "only requests that took at least TIME: 200ms", &slower,
	         NULL},
	        {0, "sort", "KEY", "time (newest first, the default), duration or cpu", &sort,
	         NULL},
	        {'n', "limit", "N", "how many; 0 for all, the default", &limit, NULL},
	        {0, "json", NULL, "JSON instead of text", NULL, &l.json},
	        {0},
	};
	int first,
	        status = rp_flags_parse(flags, "ls [options] [DIRECTORY...]", argc, argv, &first);

	if (status == RP_FLAGS_GO)
		status = fill(&l, since, slower, sort, limit);
	if (status != RP_FLAGS_GO)
		return status;
	return list(&l, argv + first, (size_t)(argc - first));
}
