/* cmd_export.c - reqprof export: a session for other tools.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>
#include "tools/commands.h"
#include "tools/exports.h"
#include "tools/report.h"
#include "tools/select.h"

static const struct rp_cli_verb verb = {
        .usage = "export -f FORMAT|-o FILE [SESSION...]",
        .takes = RP_TAKES_FORMAT | RP_TAKES_OUTPUT | RP_TAKES_CPU,
};

struct format {
	const char *name, *end;
	bool (*write)(FILE *out, const struct rp_profile *p, bool cpu);
};

static const struct format formats[] = {
#define EXPORT(name, function, end, help) {name, end, rp_export_##function},
#include "tools/exports.def"
};
enum { N_FORMATS = sizeof(formats) / sizeof(formats[0]) };

static bool ends(const char *file, const char *end)
{
	size_t n = strlen(file), n_end = strlen(end);

	return n > n_end && strcmp(file + n - n_end, end) == 0;
}

/* The format NAME, else the one that the name of FILE ends for. */
static const struct format *find_format(const char *name, const char *file)
{
	const struct format *best = NULL;

	for (size_t i = 0; i < N_FORMATS; i++) {
		const struct format *f = &formats[i];

		if (name && strcmp(f->name, name) == 0)
			return f;
		if (!name && file && ends(file, f->end) &&
		    (!best || strlen(f->end) > strlen(best->end)))
			best = f;
	}
	return best;
}

static int complain(const struct rp_cli *cli)
{
	char names[256] = "";
	size_t used = 0;

	for (size_t i = 0; i < N_FORMATS && used < sizeof(names); i++)
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", i ? ", " : "",
		                         formats[i].name);
	if (!cli->format)
		return rp_term_complain("which format?  -f names one of %s", names);
	return rp_term_complain("there is no format '%s', but %s", cli->format, names);
}

static int export(struct rp_cli *cli)
{
	const struct format *format = find_format(cli->format, cli->output);
	struct rp_profile p;
	struct rp_term t;

	if (!format)
		return complain(cli);
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
