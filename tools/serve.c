/* serve.c - see serve.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/serve.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include "serve.inc"
#include "store/token.h"
#include "tools/json.h"
#include "tools/page.h"
#include "tools/render_ls.h"
#include "tools/values.h"

enum {
	MOST_ROWS = 1000,  /* of the list, unless more are asked for */
	MOST_MERGED = 200, /* sessions of one page */
	MOST_POINTS = 60,  /* of a route's line */
};

/* Pages hold text of requests: nobody keeps a copy, guesses its type, frames it or learns from
 * where it was opened. */
const char *const rp_serve_headers[] = {
        "Cache-Control",
        "no-store",
        "X-Content-Type-Options",
        "nosniff",
        "X-Frame-Options",
        "DENY",
        "Referrer-Policy",
        "no-referrer",
        "Cross-Origin-Resource-Policy",
        "same-origin",
        "Cross-Origin-Opener-Policy",
        "same-origin",
        NULL,
};

static const char list_policy[] =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
static const char no_policy[] = "default-src 'none'; frame-ancestors 'none'";

bool rp_serve_token(struct rp_serve *s)
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
	uint8_t bytes[RP_SERVE_TOKEN_BYTES - 1];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return false;
	for (size_t i = 0; i < sizeof(bytes); i++)
		s->token[i] = digits[bytes[i] % 32];
	s->token[sizeof(bytes)] = '\0';
	return true;
}

static struct rp_serve_answer text(unsigned status, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
static struct rp_serve_answer text(unsigned status, const char *format, ...)
{
	struct rp_serve_answer answer = {.status = status,
	                                 .type = "text/plain; charset=utf-8",
	                                 .policy = no_policy};
	va_list args;

	va_start(args, format);
	int n = vasprintf(&answer.body, format, args);

	va_end(args);
	if (n < 0)
		abort();
	answer.n_body = (size_t)n;
	return answer;
}

static struct rp_serve_answer file(const char *type, const char *bytes, size_t n)
{
	struct rp_serve_answer answer = {
	        .status = 200, .type = type, .policy = list_policy, .n_body = n};

	answer.body = memcpy(rp_memory_zero(n, 1), bytes, n);
	return answer;
}

/* A page of another site that has its name resolved to 127.0.0.1 still sends its own name. */
static bool is_our_host(const struct rp_serve *s, const char *host)
{
	static const char *const names[] = {"127.0.0.1", "localhost"};
	char ours[32];

	for (size_t i = 0; host && i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(ours, sizeof(ours), "%s:%u", names[i], s->port);
		if (strcmp(host, ours) == 0)
			return true;
	}
	return false;
}

static const char *value(const struct rp_serve_asked *asked, const char *key)
{
	const char *text = asked->value(asked->arg, key);

	return text && *text ? text : NULL;
}

/* The filter that the query asks for; false with WHY. */
static bool read_filter(const struct rp_serve_asked *asked, struct rp_filter *f, struct rp_why *why)
{
	*f = (struct rp_filter){0};
	for (const struct rp_filter_term *term = rp_filter_terms; term->name; term++) {
		const char *wanted = value(asked, term->name);

		if (wanted && !rp_filter_set(f, term->name, strlen(term->name), wanted, why))
			return false;
	}
	return true;
}

/* The rows that F lets pass, borrowed from the watch. */
static struct rp_listing passing(const struct rp_serve *s, const struct rp_filter *f)
{
	const struct rp_listing *all = &s->watch.listing;
	struct rp_listing some = {.rows = rp_memory_zero(all->n, sizeof(*some.rows))};

	for (size_t i = 0; i < all->n; i++)
		if (rp_filter_passes(f, &all->rows[i]))
			some.rows[some.n++] = all->rows[i];
	return some;
}

/* Durations of the last requests of a route, oldest first: what its line is drawn of. */
static json_t *points_of(const struct rp_route *r)
{
	json_t *points = json_array();
	size_t n = r->n < MOST_POINTS ? r->n : MOST_POINTS;

	for (size_t i = n; i-- > 0;)
		json_array_append_new(points, json_integer((json_int_t)r->rows[i]->duration_ns));
	return points;
}

static json_t *routes_of(const struct rp_listing *l)
{
	struct rp_routes r;

	rp_routes_make(&r, l);
	rp_routes_sort(&r, "total");
	json_t *json = rp_json_routes(&r, 0), *list = json_object_get(json, "routes");

	for (size_t i = 0; i < r.n; i++)
		json_object_set_new(json_array_get(list, i), "durations_ns",
		                    points_of(&r.routes[i]));
	rp_routes_free(&r);
	return json;
}

static struct rp_serve_answer list(const struct rp_serve *s, const struct rp_serve_asked *asked)
{
	struct rp_serve_answer answer = {.status = 200,
	                                 .type = "application/json",
	                                 .policy = no_policy};
	const char *known = value(asked, "known");
	struct rp_filter f;
	struct rp_why why;
	char version[24];

	snprintf(version, sizeof(version), "%" PRIu64, s->watch.version);
	if (known && strcmp(known, version) == 0)
		return text(204, "%s", "");
	if (!read_filter(asked, &f, &why))
		return text(400, "%s\n", why.text);
	struct rp_listing some = passing(s, &f);
	json_t *all = rp_json_listing(&some, MOST_ROWS), *denied = json_array();

	json_object_update_new(all, routes_of(&some));
	for (size_t i = 0; i < s->watch.catalog.n_denied; i++)
		json_array_append_new(denied, rp_json_text(s->watch.catalog.denied[i]));
	json_object_update_new(all, json_pack("{s:s, s:I, s:I, s:o}", "version", version,
	                                      "matching", (json_int_t)some.n, "all",
	                                      (json_int_t)s->watch.listing.n, "denied", denied));
	answer.body = json_dumps(all, JSON_ENSURE_ASCII | JSON_COMPACT);
	answer.n_body = answer.body ? strlen(answer.body) : 0;
	json_decref(all);
	free(some.rows);
	return answer;
}

/* Adds the sessions that NAMES, with commas between, says; a path of the file system never comes
 * from outside.  false with WHY. */
static bool add_named(const struct rp_serve *s, const char *names, char **paths, size_t *n,
                      struct rp_why *why)
{
	while (names && *names) {
		size_t n_name = strcspn(names, ",");
		const struct rp_entry *entry = rp_watch_find(&s->watch, names, n_name);

		if (!entry)
			return rp_why_set(why, 0, "there is no session %.*s any more",
			                  (int)(n_name < 128 ? n_name : 128), names);
		if (*n == MOST_MERGED)
			return rp_why_set(why, 0, "more than %d sessions", MOST_MERGED);
		paths[(*n)++] = entry->path;
		names += n_name + (names[n_name] == ',');
	}
	return true;
}

static struct rp_serve_answer page_of(char **paths, size_t n, size_t n_before)
{
	static const char *policy;
	struct rp_serve_answer answer = {.status = 200, .type = "text/html; charset=utf-8"};
	struct rp_page_how how = {.n_before = n_before};
	struct rp_profile p;
	struct rp_why why;

	if (!policy && asprintf((char **)&policy, "%s; frame-ancestors 'none'", rp_page_policy) < 0)
		abort();
	answer.policy = policy;
	if (!rp_profile_open(&p, paths, n, &why))
		return text(500, "%s\n", why.text);
	FILE *out = open_memstream(&answer.body, &answer.n_body);
	bool ok = out && rp_page_write(out, &p, &how);

	rp_profile_close(&p);
	if (out && fclose(out) == 0 && ok)
		return answer;
	free(answer.body);
	return text(500, "there is no memory for this page\n");
}

/* The sessions of ?s=NAME,NAME as one page; without s those that the filter lets pass, the newest
 * of them. */
static struct rp_serve_answer page(const struct rp_serve *s, const struct rp_serve_asked *asked)
{
	char *paths[MOST_MERGED];
	size_t n = 0;
	struct rp_filter f;
	struct rp_why why;

	if (!add_named(s, value(asked, "s"), paths, &n, &why))
		return text(404, "%s\n", why.text);
	if (!read_filter(asked, &f, &why))
		return text(400, "%s\n", why.text);
	if (n == 0) {
		struct rp_listing some = passing(s, &f);

		for (; n < some.n && n < MOST_MERGED; n++)
			paths[n] = some.rows[n].entry->path;
		free(some.rows);
	}
	return n ? page_of(paths, n, 0) : text(404, "no session is of that kind\n");
}

static struct rp_serve_answer diff(const struct rp_serve *s, const struct rp_serve_asked *asked)
{
	char *paths[MOST_MERGED];
	size_t n = 0, n_before;
	struct rp_why why = {0};

	if (!add_named(s, value(asked, "before"), paths, &n, &why))
		return text(404, "%s\n", why.text);
	n_before = n;
	if (!add_named(s, value(asked, "after"), paths, &n, &why))
		return text(404, "%s\n", why.text);
	if (n_before == 0 || n == n_before)
		return text(400, "a diff has sessions before and after\n");
	return page_of(paths, n, n_before);
}

static struct rp_serve_answer look(const struct rp_serve *s, const char *path,
                                   const struct rp_serve_asked *asked)
{
	if (strcmp(path, "/") == 0)
		return file("text/html; charset=utf-8", serve_list_html,
		            sizeof(serve_list_html) - 1);
	if (strcmp(path, "/list.js") == 0)
		return file("text/javascript; charset=utf-8", serve_list_js,
		            sizeof(serve_list_js) - 1);
	if (strcmp(path, "/list.css") == 0)
		return file("text/css; charset=utf-8", serve_list_css, sizeof(serve_list_css) - 1);
	if (strcmp(path, "/sessions") == 0)
		return list(s, asked);
	if (strcmp(path, "/page") == 0)
		return page(s, asked);
	if (strcmp(path, "/diff") == 0)
		return diff(s, asked);
	return text(404, "there is nothing here\n");
}

struct rp_serve_answer rp_serve_answer(struct rp_serve *s, const struct rp_serve_asked *asked)
{
	size_t n_token = sizeof(s->token) - 1;
	struct rp_why why;

	if (!is_our_host(s, asked->host))
		return text(403, "this is not the host that was asked for\n");
	if (strcmp(asked->method, "GET") != 0 && strcmp(asked->method, "HEAD") != 0)
		return text(405, "there is nothing here that could be changed\n");
	if (strlen(asked->url) < n_token + 2 || asked->url[0] != '/' ||
	    !rp_secret_same(asked->url + 1, s->token, n_token) || asked->url[n_token + 1] != '/')
		return text(404, "there is nothing here\n");
	if (!rp_watch_update(&s->watch, &why))
		return text(500, "%s\n", why.text);
	return look(s, asked->url + n_token + 1, asked);
}
