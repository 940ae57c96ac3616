/* cmd_hot_paths.c - reqprof hot-paths: the ends of the paths on which most time was spent.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/commands.h"
#include "tools/render_text.h"
#include "tools/report.h"

static void ask(struct rp_shares *out, const struct rp_profile *p, const struct rp_cli *cli,
                const struct rp_query *q)
{
	(void)cli;
	rp_analyses_hot_paths(out, p, q);
}

static void draw(const struct rp_term *t, const struct rp_profile *p,
                 const struct rp_shares *shares, const struct rp_cli *cli)
{
	(void)cli;
	rp_render_paths(t, p, shares);
}

int rp_cmd_hot_paths(int argc, char **argv)
{
	static const struct rp_report report = {
	        {.usage = "hot-paths [-P SUBSTR]... [-n N] [-d N] [SESSION...]",
	         .takes = RP_TAKES_PATHS | RP_TAKES_LIMIT | RP_TAKES_DEPTH | RP_TAKES_CPU |
	                  RP_TAKES_JSON | RP_TAKES_OUTPUT | RP_TAKES_SCREEN,
	         .limit = 10,
	         .depth = 8},
	        ask,
	        draw,
	};

	return rp_report_run(&report, argc, argv);
}
