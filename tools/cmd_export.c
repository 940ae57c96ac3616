/* cmd_export.c - reqprof export: a session for other tools.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <string.h>
#include "tools/commands.h"
#include "tools/exports.h"
#include "tools/report.h"
#include "tools/select.h"

static const struct rp_cli_verb verb = {
        .usage = "export -f folded|json [-o FILE] [SESSION...]",
        .takes = RP_TAKES_FORMAT | RP_TAKES_OUTPUT | RP_TAKES_CPU,
};

struct format {
	const char *name;
	bool (*write)(FILE *out, const struct rp_profile *p, bool cpu);
};

static const struct format formats[] = {
#define EXPORT(name, function, help) {name, rp_export_##function},
#include "tools/exports.def"
};

static const struct format *find_format(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}

static int export(struct rp_cli *cli)
{
	const struct format *format = cli->format ? find_format(cli->format) : NULL;
	struct rp_profile p;
	struct rp_term t;

	if (!cli->format)
		return rp_term_complain("which format?  usage: reqprof %s", verb.usage);
	if (!format)
		return rp_term_complain("there is no format '%s'; usage: reqprof %s", cli->format,
		                        verb.usage);
	int status = rp_select_profile(cli, &p);

	if (status != RP_CLI_GO)
		return status;
	cli->no_pager = true;
	status = rp_report_open(&t, cli);
	if (status == RP_CLI_GO) {
		format->write(t.out, &p, cli->cpu);
		status = rp_report_close(&t, cli);
	}
	rp_profile_close(&p);
	return status;
}

int rp_cmd_export(int argc, char **argv)
{
	struct rp_cli cli;
	int status = rp_cli_parse(&cli, &verb, argc, argv);

	if (status == RP_CLI_GO)
		status = export(&cli);
	rp_cli_free(&cli);
	return status;
}
