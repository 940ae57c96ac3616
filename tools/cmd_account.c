/* cmd_account.c - reqprof account: where the time went: a bar, its parts and what they add up to.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/commands.h"
#include "tools/json.h"
#include "tools/render_text.h"
#include "tools/report.h"

int rp_cmd_account(int argc, char **argv)
{
	static const struct rp_facts facts = {
	        {.usage = "account [SESSION...]",
	         .takes = RP_TAKES_JSON | RP_TAKES_OUTPUT | RP_TAKES_SCREEN},
	        rp_json_session,
	        rp_render_account,
	};

	return rp_report_facts(&facts, argc, argv);
}
