/* cmd_show.c - reqprof show: what show.h tells, on a terminal or in a file.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/commands.h"
#include "tools/report.h"
#include "tools/select.h"
#include "tools/show.h"

static const struct rp_cli_verb verb = {
        .usage = "show [SESSION...]",
        .takes = RP_TAKES_TREE | RP_TAKES_CPU | RP_TAKES_JSON | RP_TAKES_SCREEN | RP_TAKES_OUTPUT |
                 RP_TAKES_CHAIN,
};

static int report(const struct rp_cli *cli, const struct rp_profile *p,
                  const struct rp_links *links)
{
	struct rp_term t;
	int status = rp_report_open(&t, cli);

	if (status != RP_CLI_GO)
		return status;
	if (links)
		rp_show_chain(&t, p, cli, links);
	else
		rp_show(&t, p, cli);
	return rp_report_close(&t, cli);
}

static int show(const struct rp_cli *cli)
{
	struct rp_profile p;
	int status = rp_select_profile(cli, &p);

	if (status != RP_CLI_GO)
		return status;
	status = report(cli, &p, NULL);
	rp_profile_close(&p);
	return status;
}

static int show_chain(const struct rp_cli *cli)
{
	struct rp_profile p;
	struct rp_links links;
	int status = rp_select_linked(cli, &p, &links);

	if (status == RP_CLI_GO) {
		status = report(cli, &p, &links);
		rp_profile_close(&p);
	}
	rp_links_free(&links);
	return status;
}

int rp_cmd_show(int argc, char **argv)
{
	struct rp_cli cli;
	int status = rp_cli_parse(&cli, &verb, argc, argv);

	if (status == RP_CLI_GO)
		status = cli.chain ? show_chain(&cli) : show(&cli);
	rp_cli_free(&cli);
	return status;
}
