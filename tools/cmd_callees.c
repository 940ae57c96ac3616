/* cmd_callees.c - reqprof callees F: where the time below it went.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/commands.h"
#include "tools/render_text.h"
#include "tools/report.h"

static void ask(struct rp_shares *out, const struct rp_profile *p, const struct rp_cli *cli,
                const struct rp_query *q)
{
	rp_analyses_callees(out, p, cli->function, q);
}

static void draw(const struct rp_term *t, const struct rp_profile *p,
                 const struct rp_shares *shares, const struct rp_cli *cli)
{
	rp_render_totals(t, p, cli->function, shares);
	rp_render_table(t, p, shares, cli->direct ? "TOTAL" : "SELF");
}

int rp_cmd_callees(int argc, char **argv)
{
	static const struct rp_report report = {
	        {.usage = "callees FUNCTION [-P SUBSTR]... [-n N] [--direct] [SESSION...]",
	         .takes = RP_TAKES_PATHS | RP_TAKES_LIMIT | RP_TAKES_CPU | RP_TAKES_JSON |
	                  RP_TAKES_OUTPUT | RP_TAKES_SCREEN | RP_TAKES_DIRECT | RP_TAKES_FUNCTION,
	         .limit = 10},
	        ask,
	        draw,
	};

	return rp_report_run(&report, argc, argv);
}
