/* filter.c - see filter.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/filter.h"

#include <fnmatch.h>
#include <string.h>
#include "tools/now.h"
#include "tools/route.h"
#include "tools/values.h"

const struct rp_filter_term rp_filter_terms[] = {
        {"route", "GLOB", "only this route: '/api/*' or 'GET /api/*'"},
        {"tag", "GLOB", "only requests with this tag in their trigger header"},
        {"server", "GLOB", "only servers of this name"},
        {"status", "N", "only answers with this status"},
        {"since", "TIME", "only sessions of the last TIME: 30m, 1h, 7d"},
        {"slower", "TIME", "only requests that took at least TIME: 200ms"},
        {NULL, NULL, NULL},
};

static bool is_named(const char *name, const char *word, size_t n)
{
	return strlen(name) == n && memcmp(name, word, n) == 0;
}

static bool set_since(struct rp_filter *f, const char *value, struct rp_why *why)
{
	uint64_t age_ns, now_ns = rp_now_ns(CLOCK_REALTIME);

	if (!rp_value_time(value, &age_ns))
		return rp_why_set(why, 0, "since wants a time such as 30m, 1h or 7d, not '%.60s'",
		                  value);
	f->since_wall_ns = age_ns < now_ns ? now_ns - age_ns : 0;
	return true;
}

static bool set_number(struct rp_filter *f, bool status, const char *value, struct rp_why *why)
{
	if (status)
		return rp_value_count(value, &f->status) ||
		       rp_why_set(why, 0, "status wants a number such as 200, not '%.60s'", value);
	return rp_value_time(value, &f->slower_ns) ||
	       rp_why_set(why, 0, "slower wants a time such as 200ms, not '%.60s'", value);
}

bool rp_filter_set(struct rp_filter *f, const char *name, size_t n_name, const char *value,
                   struct rp_why *why)
{
	const struct {
		const char *name;
		const char **text;
	} texts[] = {{"route", &f->route}, {"tag", &f->tag}, {"server", &f->server}};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (is_named(texts[i].name, name, n_name)) {
			*texts[i].text = value;
			return true;
		}
	}
	if (is_named("since", name, n_name))
		return set_since(f, value, why);
	if (is_named("status", name, n_name) || is_named("slower", name, n_name))
		return set_number(f, is_named("status", name, n_name), value, why);
	return rp_why_set(why, 0,
	                  "'%.*s=' says nothing of sessions; route, tag, server, status, since "
	                  "and slower do",
	                  (int)(n_name < 40 ? n_name : 40), name);
}

bool rp_filter_refuses(const struct rp_filter *f, const struct rp_entry *entry)
{
	return entry->wall_ns < f->since_wall_ns;
}

static bool matches(const char *glob, const char *text)
{
	return !glob || fnmatch(glob, text, 0) == 0;
}

bool rp_filter_passes(const struct rp_filter *f, const struct rp_summary *s)
{
	return s->entry->wall_ns >= f->since_wall_ns && s->duration_ns >= f->slower_ns &&
	       (!f->status || s->status == f->status) && matches(f->tag, s->tag) &&
	       matches(f->server, s->server) &&
	       (!f->route || rp_route_matches(s->method, s->target, f->route));
}
