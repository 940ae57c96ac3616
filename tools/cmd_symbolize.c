/* cmd_symbolize.c - reqprof symbolize: the names of sessions beside them, so that they can be read
 * where the programs are not.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include "store/names.h"
#include "store/why.h"
#include "tools/commands.h"
#include "tools/select.h"

static const struct rp_cli_verb verb = {.usage = "symbolize [SESSION...]"};

static bool has_names(const struct rp_object_file *m)
{
	return strcmp(m->symbols, "debug") == 0 || strcmp(m->symbols, "symtab") == 0 ||
	       strcmp(m->symbols, "exported names") == 0;
}

static void say(const char *text)
{
	rp_term_text(stdout, text, strlen(text), true);
}

/* What went into SIDE, and what could not be named. */
static void tell(const struct rp_profile *p, const char *side)
{
	size_t n_lines = 0, n_names = 0;

	for (size_t i = 0; i < p->n_modules; i++) {
		n_lines += strcmp(p->modules[i].symbols, "debug") == 0;
		n_names += has_names(&p->modules[i]);
	}
	say(side);
	printf(": names of %zu modules, %zu of them with lines\n", n_names, n_lines);
	for (size_t i = 0; i < p->n_modules; i++) {
		const struct rp_object_file *m = &p->modules[i];

		if (m->path[0] != '/' || has_names(m) || strcmp(m->symbols, "not asked") == 0)
			continue;
		fputs("  no names for ", stdout);
		say(m->path);
		printf(": %s\n", m->symbols);
	}
}

static int symbolize(const struct rp_cli *cli, const char *path)
{
	struct rp_profile_how how = rp_select_how(cli);
	struct rp_why why = {0};
	struct rp_profile p;
	char side[PATH_MAX], *paths[] = {(char *)path};

	how.save = true;
	if (!rp_names_sidecar(side, sizeof(side), path))
		return rp_term_complain("%s: the path is too long", path);
	if (!rp_profile_open_as(&p, paths, 1, &how, &why))
		return rp_term_complain("%s", why.text);
	tell(&p, side);
	rp_profile_close(&p);
	return RP_EXIT_OK;
}

int rp_cmd_symbolize(int argc, char **argv)
{
	struct rp_cli cli;
	int status = rp_cli_parse(&cli, &verb, argc, argv);

	if (status == RP_CLI_GO) {
		status = rp_select_each(&cli, symbolize);
		if (fflush(stdout) != 0)
			status = rp_term_complain("standard output cannot be written");
	}
	rp_cli_free(&cli);
	return status;
}
