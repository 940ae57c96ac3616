/* cmd_flat.c - reqprof flat: self time by function.
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
	rp_analyses_flat(out, p, q);
}

static void draw(const struct rp_term *t, const struct rp_profile *p,
                 const struct rp_shares *shares, const struct rp_cli *cli)
{
	(void)cli;
	rp_render_table(t, p, shares, "SELF");
}

int rp_cmd_flat(int argc, char **argv)
{
	static const struct rp_report report = {
	        {.usage = "flat [-P SUBSTR]... [-n N] [SESSION...]",
	         .takes = RP_TAKES_PATHS | RP_TAKES_LIMIT | RP_TAKES_CPU | RP_TAKES_JSON |
	                  RP_TAKES_OUTPUT | RP_TAKES_SCREEN,
	         .limit = 20},
	        ask,
	        draw,
	};

	return rp_report_run(&report, argc, argv);
}
