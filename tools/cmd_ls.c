/* cmd_ls.c - reqprof ls: the recorded sessions, newest first, or their routes.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include "tools/commands.h"
#include "tools/flags.h"
#include "tools/json.h"
#include "tools/render_ls.h"
#include "tools/values.h"

enum { N_TERMS = 6 }; /* of filter.h */

struct order {
	const char *terms[N_TERMS]; /* as they stand in rp_filter_terms */
	const char *sort, *limit, *by;
	bool json;
	struct rp_filter filter;
	uint64_t most; /* 0: all */
};

/* Prints what PRINT draws into the terminal, or JSON. */
static int print_sessions(const struct order *o, const struct rp_listing *l)
{
	struct rp_term t;

	if (o->json)
		return rp_json_write(stdout, rp_json_listing(l, o->most)) ? rp_term_finish()
		                                                          : RP_EXIT_USAGE;
	rp_term_open(&t, RP_AUTO, RP_AUTO);
	rp_term_page(&t);
	rp_render_listing(&t, l, o->most);
	return rp_term_close(&t) ? RP_EXIT_OK : rp_term_finish();
}

static int print_routes(const struct order *o, const struct rp_listing *l)
{
	struct rp_routes r;
	struct rp_term t;
	int status;

	rp_routes_make(&r, l);
	rp_routes_sort(&r, o->sort ? o->sort : "p95");
	if (o->json) {
		status = rp_json_write(stdout, rp_json_routes(&r, o->most)) ? rp_term_finish()
		                                                            : RP_EXIT_USAGE;
	} else {
		rp_term_open(&t, RP_AUTO, RP_AUTO);
		rp_term_page(&t);
		rp_render_routes(&t, &r, o->most);
		status = rp_term_close(&t) ? RP_EXIT_OK : rp_term_finish();
	}
	rp_routes_free(&r);
	return status;
}

static void explain(const struct rp_listing *l, const struct rp_catalog *c)
{
	for (size_t i = 0; i < l->n_complaints; i++)
		rp_term_complain("%s", l->complaints[i]);
	for (size_t i = 0; i < c->n_denied; i++)
		rp_term_complain("%s may not be read; try: sudo reqprof ls %s", c->denied[i],
		                 c->denied[i]);
	if (!l->n && c->n)
		rp_term_complain("none of the %zu sessions is of that kind", c->n);
	else if (!l->n)
		rp_term_complain("there are no sessions yet: flag a request with ?profile=1, or "
		                 "see reqprof doctor");
}

static int list(const struct order *o, char **dirs, size_t n_dirs)
{
	struct rp_catalog c;
	struct rp_listing l;
	struct rp_why why;
	int status = RP_EXIT_NO;
	/* Only the newest few can be had without reading all of them. */
	bool newest = !o->by && (!o->sort || strcmp(o->sort, "time") == 0);

	if (!rp_catalog_open(&c, (const char *const *)dirs, n_dirs, &why))
		return rp_term_complain("%s", why.text);
	rp_listing_make(&l, &c, &o->filter, newest ? (size_t)o->most : 0);
	if (!o->by)
		rp_listing_sort(&l, o->sort ? o->sort : "time");
	if (l.n || o->json)
		status = o->by ? print_routes(o, &l) : print_sessions(o, &l);
	explain(&l, &c);
	if (!l.n && status != RP_EXIT_USAGE)
		status = RP_EXIT_NO;
	rp_listing_free(&l);
	rp_catalog_close(&c);
	return status;
}

/* The words of the options as values; RP_FLAGS_GO or an exit status. */
static int fill(struct order *o)
{
	struct rp_listing no_sessions = {0};
	struct rp_routes no_routes = {0};
	struct rp_why why;

	for (size_t i = 0; i < N_TERMS; i++) {
		const char *name = rp_filter_terms[i].name;

		if (o->terms[i] &&
		    !rp_filter_set(&o->filter, name, strlen(name), o->terms[i], &why))
			return rp_term_complain("--%s", why.text);
	}
	if (o->limit && !rp_value_count(o->limit, &o->most))
		return rp_term_complain("--limit wants a number, 0 for all, not '%s'", o->limit);
	if (o->by && strcmp(o->by, "route") != 0)
		return rp_term_complain("--by wants route, not '%s'", o->by);
	if (o->sort && o->by && !rp_routes_sort(&no_routes, o->sort))
		return rp_term_complain("--sort of routes knows count, median, p95, slowest, total "
		                        "and time, not '%s'",
		                        o->sort);
	if (o->sort && !o->by && !rp_listing_sort(&no_sessions, o->sort))
		return rp_term_complain("--sort knows time, duration and cpu, not '%s'", o->sort);
	return RP_FLAGS_GO;
}

int rp_cmd_ls(int argc, char **argv)
{
	struct order o = {0};
	struct rp_flag flags[N_TERMS + 5] = {{0}};
	const struct rp_flag own[] = {
	        {0, "by", "WHAT", "route: how often and how long each was asked for", &o.by, NULL},
	        {0, "sort", "KEY",
	         "time (newest first), duration, cpu; of routes p95, median, slowest, total, "
	         "count, time",
	         &o.sort, NULL},
	        {'n', "limit", "N", "how many; 0 for all, the default", &o.limit, NULL},
	        {0, "json", NULL, "JSON instead of text", NULL, &o.json},
	};
	int first;

	for (size_t i = 0; i < N_TERMS; i++)
		flags[i] = (struct rp_flag){0,
		                            rp_filter_terms[i].name,
		                            rp_filter_terms[i].argument,
		                            rp_filter_terms[i].help,
		                            &o.terms[i],
		                            NULL};
	memcpy(flags + N_TERMS, own, sizeof(own));
	int status = rp_flags_parse(flags, "ls [options] [DIRECTORY...]", argc, argv, &first);

	if (status == RP_FLAGS_GO)
		status = fill(&o);
	if (status == RP_FLAGS_GO)
		status = rp_flags_folders(argv + first, argc - first);
	if (status != RP_FLAGS_GO)
		return status;
	return list(&o, argv + first, (size_t)(argc - first));
}
