/* cmd_phases.c - reqprof phases: from the first byte to the last, a bar a line.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/commands.h"
#include "tools/json.h"
#include "tools/render_text.h"
#include "tools/report.h"

int rp_cmd_phases(int argc, char **argv)
{
	static const struct rp_facts facts = {
	        {.usage = "phases [SESSION...]",
	         .takes = RP_TAKES_JSON | RP_TAKES_OUTPUT | RP_TAKES_SCREEN},
	        rp_json_phases,
	        rp_render_phases,
	};

	return rp_report_facts(&facts, argc, argv);
}
