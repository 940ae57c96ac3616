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
        .takes = RP_TAKES_TREE | RP_TAKES_CPU | RP_TAKES_JSON | RP_TAKES_SCREEN | RP_TAKES_OUTPUT,
};

static int show(struct rp_cli *cli)
{
	struct rp_profile p;
	struct rp_term t;
	int status = rp_select_profile(cli, &p);

	if (status != RP_CLI_GO)
		return status;
	status = rp_report_open(&t, cli);
	if (status == RP_CLI_GO) {
		rp_show(&t, &p, cli);
		status = rp_report_close(&t, cli);
	}
	rp_profile_close(&p);
	return status;
}

int rp_cmd_show(int argc, char **argv)
{
	struct rp_cli cli;
	int status = rp_cli_parse(&cli, &verb, argc, argv);

	if (status == RP_CLI_GO)
		status = show(&cli);
	rp_cli_free(&cli);
	return status;
}
