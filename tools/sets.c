/* sets.c - see sets.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/sets.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "store/names.h"
#include "tools/filter.h"
#include "tools/memory.h"

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* "x.reqsym" is what stands beside a session; the shell's * brings both. */
static bool is_sidecar(const char *path)
{
	size_t n = strlen(path), n_end = strlen(RP_SIDE_END);
	struct stat st;

	return n > n_end && strcmp(path + n - n_end, RP_SIDE_END) == 0 && stat(path, &st) == 0;
}

/* Takes PATH: a session that two words name counts once. */
static void add(struct rp_set *set, char *path)
{
	for (size_t i = 0; i < set->n; i++) {
		if (strcmp(set->paths[i], path) != 0)
			continue;
		free(path);
		return;
	}
	set->paths = rp_memory_grow(set->paths, set->n, sizeof(*set->paths));
	set->paths[set->n++] = path;
}

/* The sessions of C that F lets pass.  false: there are more than anybody wants to see at once. */
static bool add_all(struct rp_set *set, const struct rp_catalog *c, const struct rp_filter *f,
                    struct rp_why *why)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++) {
		struct rp_summary s;

		if (rp_filter_refuses(f, &c->entries[i]) ||
		    !rp_summary_read(&s, &c->entries[i], NULL))
			continue;
		bool passes = rp_filter_passes(f, &s);

		rp_summary_free(&s);
		if (!passes)
			continue;
		if (n++ == RP_SETS_MOST)
			return rp_why_set(
			        why, 0,
			        "more than %d sessions are meant; say more of them, as in "
			        "since=1h",
			        RP_SETS_MOST);
		add(set, strdup(c->entries[i].path));
	}
	return true;
}

static bool add_found(struct rp_set *set, const struct rp_catalog *all, const char *word,
                      struct rp_why *why)
{
	char **some = rp_memory_zero(RP_SETS_MOST, sizeof(*some));
	size_t n = rp_catalog_find(all, word, some, RP_SETS_MOST, why), kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (is_sidecar(some[i])) {
			free(some[i]);
			continue;
		}
		add(set, some[i]);
		kept++;
	}
	free(some);
	return n > 0 && (kept > 0 || is_sidecar(word) ||
	                 rp_why_set(why, 0, "\"%.60s\" means names beside sessions only", word));
}

static bool add_folder(struct rp_set *set, const char *folder, const struct rp_filter *f,
                       struct rp_why *why)
{
	struct rp_catalog c;

	if (!rp_catalog_open(&c, &folder, 1, why))
		return false;
	bool ok = c.n_denied == 0 || rp_why_set(why, 0, "%.120s may not be read", folder);

	ok = ok && add_all(set, &c, f, why);
	rp_catalog_close(&c);
	return ok;
}

/* The terms of WORDS, which strtok may cut up, and what stands before the first of them. */
static bool parse(char *words, struct rp_filter *f, const char **where, struct rp_why *why)
{
	char *rest;

	*where = NULL;
	for (char *term = strtok_r(words, ",", &rest); term; term = strtok_r(NULL, ",", &rest)) {
		char *equals = strchr(term, '=');

		if (!equals && term == words) {
			*where = term;
			continue;
		}
		if (!equals)
			return rp_why_set(why, 0, "'%.60s' in a set wants a value: tag=before",
			                  term);
		if (!rp_filter_set(f, term, (size_t)(equals - term), equals + 1, why))
			return false;
	}
	return true;
}

/* Those of the sessions FOUND that F lets pass. */
static bool sieve(struct rp_set *set, const struct rp_set *found, const struct rp_filter *f,
                  struct rp_why *why)
{
	struct rp_catalog some = {.entries = rp_memory_zero(found->n, sizeof(*some.entries))};

	for (size_t i = 0; i < found->n; i++) {
		struct rp_named named;
		const char *slash = strrchr(found->paths[i], '/');

		some.entries[some.n++].path = found->paths[i];
		if (rp_names_parse(slash ? slash + 1 : found->paths[i], &named))
			some.entries[i].wall_ns = named.wall_ns;
	}
	bool ok = add_all(set, &some, f, why);

	free(some.entries);
	return ok;
}

static bool add_set(struct rp_set *set, const struct rp_catalog *all, char *words,
                    struct rp_why *why)
{
	struct rp_filter f = {0};
	struct rp_set found = {0};
	const char *where;

	set->misread = !parse(words, &f, &where, why);
	if (set->misread)
		return false;
	if (where && is_folder(where))
		return add_folder(set, where, &f, why);
	if (!where)
		return add_all(set, all, &f, why);
	bool ok = add_found(&found, all, where, why) && sieve(set, &found, &f, why);

	rp_sets_free(&found);
	return ok;
}

bool rp_sets_add(struct rp_set *set, const struct rp_catalog *all, const char *word,
                 struct rp_why *why)
{
	static const struct rp_filter none;
	struct rp_set more = {0};
	struct stat st;
	bool ok;

	if (is_folder(word)) {
		ok = add_folder(&more, word, &none, why) &&
		     (more.n || rp_why_set(why, 0, "there is no session in %.120s", word));
	} else if (!strchr(word, '=') || stat(word, &st) == 0) {
		ok = add_found(&more, all, word, why);
	} else {
		char *words = strdup(word); /* terms are borrowed from it while the set is made */

		ok = add_set(&more, all, words, why) &&
		     (more.n || rp_why_set(why, 0,
		                           "no session is of the kind \"%.80s\"; \"reqprof ls\" "
		                           "lists them all",
		                           word));
		free(words);
	}
	for (size_t i = 0; i < more.n; i++)
		add(set, more.paths[i]);
	free(more.paths);
	set->misread = more.misread;
	return ok;
}

void rp_sets_free(struct rp_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		free(set->paths[i]);
	free(set->paths);
	*set = (struct rp_set){0};
}
