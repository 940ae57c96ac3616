/* select.c - see select.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/select.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tools/analyses.h"
#include "tools/commands.h"
#include "tools/memory.h"
#include "tools/profile_links.h"

enum { MOST_SIMILAR = 3 };

/* No session for WORD: a file that is meant and cannot be had is an error, and so are terms that
 * say nothing; the rest is a "no". */
static int not_found(const struct rp_catalog *catalog, const char *word, bool misread,
                     const struct rp_why *why)
{
	rp_term_complain("%s", why->text);
	for (size_t i = 0; i < catalog->n_denied; i++)
		rp_term_complain("%s may not be read by you; try: sudo -E reqprof ls",
		                 catalog->denied[i]);
	return misread || strchr(word, '/') || access(word, F_OK) == 0 ? RP_EXIT_USAGE : RP_EXIT_NO;
}

static int find(const struct rp_catalog *catalog, const char *word, struct rp_set *set)
{
	struct rp_why why = {0};

	return rp_sets_add(set, catalog, word, &why) ? RP_CLI_GO
	                                             : not_found(catalog, word, set->misread, &why);
}

int rp_select_sets(char *const *words, size_t n_words, struct rp_set *set, size_t *ends)
{
	struct rp_catalog catalog;
	struct rp_why why = {0};
	int status = RP_CLI_GO;

	*set = (struct rp_set){0};
	if (!rp_catalog_open(&catalog, NULL, 0, &why))
		return rp_term_complain("%s", why.text);
	for (size_t i = 0; i < n_words && status == RP_CLI_GO; i++) {
		status = find(&catalog, words[i], set);
		if (ends)
			ends[i] = set->n;
	}
	rp_catalog_close(&catalog);
	return status;
}

static int find_all(const struct rp_cli *cli, struct rp_set *set)
{
	static char *const latest[] = {"@"};

	if (cli->n_sessions)
		return rp_select_sets(cli->sessions, cli->n_sessions, set, NULL);
	return rp_select_sets(latest, 1, set, NULL);
}

struct rp_profile_how rp_select_how(const struct rp_cli *cli)
{
	return (struct rp_profile_how){.debug_dirs = cli->debug_dirs,
	                               .n_debug_dirs = cli->n_debug_dirs,
	                               .sysroot = cli->sysroot,
	                               .no_cache = cli->no_cache,
	                               .verbose = cli->verbose};
}

int rp_select_profile(const struct rp_cli *cli, struct rp_profile *p)
{
	struct rp_set found;
	struct rp_why why = {0};
	int status = find_all(cli, &found);
	struct rp_profile_how how = rp_select_how(cli);

	if (status == RP_CLI_GO && !rp_profile_open_as(p, found.paths, found.n, &how, &why))
		status = rp_term_complain("%s", why.text);
	rp_sets_free(&found);
	return status;
}

static bool open_linked(const struct rp_cli *cli, struct rp_profile *p,
                        const struct rp_links *links, struct rp_why *why)
{
	struct rp_profile_how how = rp_select_how(cli);
	char **paths = rp_memory_zero(links->n, sizeof(*paths));

	for (size_t i = 0; i < links->n; i++)
		paths[i] = links->sessions[i].path;
	how.apart = true;
	bool ok = rp_profile_open_as(p, paths, links->n, &how, why);

	free(paths);
	if (ok)
		rp_profile_graft(p, links);
	return ok;
}

int rp_select_linked(const struct rp_cli *cli, struct rp_profile *p, struct rp_links *links)
{
	struct rp_set found;
	struct rp_why why = {0};
	int status = find_all(cli, &found);

	*links = (struct rp_links){0};
	if (status == RP_CLI_GO && found.n != 1)
		status = rp_term_complain("a chain begins with one session, and these are %zu",
		                          found.n);
	if (status == RP_CLI_GO &&
	    (!rp_links_find(links, found.paths[0], &why) || !open_linked(cli, p, links, &why)))
		status = rp_term_complain("%s", why.text);
	rp_sets_free(&found);
	return status;
}

int rp_select_two(const struct rp_cli *cli, struct rp_profile *p, size_t *n_before)
{
	struct rp_profile_how how = rp_select_how(cli);
	struct rp_set set;
	struct rp_why why;
	size_t ends[2];

	if (cli->n_sessions != 2)
		return rp_term_complain("a comparison wants two sets of sessions: two folders, "
		                        "globs in quotes, or sets such as tag=before tag=after");
	int status = rp_select_sets(cli->sessions, 2, &set, ends);

	if (status == RP_CLI_GO && ends[1] == ends[0])
		status = rp_term_complain("every session of '%s' is in '%s', too: there is nothing "
		                          "to compare",
		                          cli->sessions[1], cli->sessions[0]);
	if (status == RP_CLI_GO && !rp_profile_open_as(p, set.paths, set.n, &how, &why))
		status = rp_term_complain("%s", why.text);
	*n_before = ends[0];
	rp_sets_free(&set);
	return status;
}

int rp_select_each(const struct rp_cli *cli, int (*each)(const struct rp_cli *, const char *path))
{
	struct rp_set found;
	int status = find_all(cli, &found), worst = RP_EXIT_OK;

	for (size_t i = 0; i < found.n && status == RP_CLI_GO; i++) {
		int one = each(cli, found.paths[i]);

		worst = one > worst ? one : worst;
	}
	rp_sets_free(&found);
	return status == RP_CLI_GO ? worst : status;
}

const char *rp_select_words(const struct rp_cli *cli)
{
	return cli->n_sessions == 1 ? cli->sessions[0] : cli->n_sessions == 0 ? "@" : "SESSION...";
}

int rp_select_function(const struct rp_cli *cli, const struct rp_profile *p)
{
	const char *similar[MOST_SIMILAR];
	size_t n;

	if (rp_analyses_known(p, cli->function, similar, MOST_SIMILAR, &n))
		return RP_CLI_GO;
	if (n == 0)
		rp_term_complain(
		        "no function '%s' in this session; reqprof flat -n 0 lists those with "
		        "time of their own",
		        cli->function);
	else
		rp_term_complain("no function '%s' in this session; did you mean %s%s%s%s%s?",
		                 cli->function, similar[0],
		                 n > 2   ? ", "
		                 : n > 1 ? " or "
		                         : "",
		                 n > 1 ? similar[1] : "", n > 2 ? " or " : "",
		                 n > 2 ? similar[2] : "");
	return RP_EXIT_NO;
}
