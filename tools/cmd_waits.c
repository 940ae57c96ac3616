/* cmd_waits.c - reqprof waits: what a request waited for, how long, where, and who held it.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <string.h>
#include "tools/commands.h"
#include "tools/render_waits.h"
#include "tools/report.h"
#include "tools/select.h"

static int by_of(const struct rp_cli *cli, enum rp_waits_by *by)
{
	static const char *const words[] = {
	        [RP_WAITS_OBJECT] = "object", [RP_WAITS_KIND] = "kind", [RP_WAITS_STACK] = "stack"};

	*by = RP_WAITS_OBJECT;
	if (!cli->by)
		return RP_CLI_GO;
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], cli->by) == 0) {
			*by = (enum rp_waits_by)i;
			return RP_CLI_GO;
		}
	return rp_term_complain("--by wants object, kind or stack, not '%s'", cli->by);
}

static int answer(const struct rp_cli *cli, enum rp_waits_by by)
{
	struct rp_profile p;
	struct rp_waits w;
	struct rp_term t;
	int status = rp_select_profile(cli, &p);

	if (status != RP_CLI_GO)
		return status;
	rp_waits_make(&w, &p, by, cli->limit);
	status = rp_report_open(&t, cli);
	if (status == RP_CLI_GO) {
		if (cli->json)
			rp_json_write(t.out, rp_json_waits(&p, &w));
		else
			rp_render_waits(&t, &p, &w, cli->depth);
		status = rp_report_close(&t, cli);
	}
	rp_waits_free(&w);
	rp_profile_close(&p);
	return status;
}

int rp_cmd_waits(int argc, char **argv)
{
	static const struct rp_cli_verb verb = {
	        .usage = "waits [--by object|kind|stack] [-n N] [SESSION...]",
	        .takes = RP_TAKES_LIMIT | RP_TAKES_DEPTH | RP_TAKES_BY | RP_TAKES_JSON |
	                 RP_TAKES_OUTPUT | RP_TAKES_SCREEN,
	        .limit = 20,
	        .depth = 4,
	};
	enum rp_waits_by by;
	struct rp_cli cli;
	int status = rp_cli_parse(&cli, &verb, argc, argv);

	if (status == RP_CLI_GO)
		status = by_of(&cli, &by);
	if (status == RP_CLI_GO)
		status = answer(&cli, by);
	rp_cli_free(&cli);
	return status;
}
