/* cmd_html.c - reqprof html: sessions as a page.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tools/browser.h"
#include "tools/commands.h"
#include "tools/page.h"
#include "tools/report.h"
#include "tools/select.h"

static const struct rp_cli_verb verb = {
        .usage = "html [--diff] [-o FILE] [--open] [SESSION...]",
        .takes = RP_TAKES_PAGE | RP_TAKES_OUTPUT,
};

/* A new file, for this user alone: a page is no text for a terminal, nor is standard output one
 * for a browser. */
static int temporary(char path[PATH_MAX], FILE **out)
{
	const char *folder = getenv("TMPDIR");

	if (snprintf(path, PATH_MAX, "%s/reqprof-XXXXXX.html",
	             folder && *folder ? folder : "/tmp") >= PATH_MAX)
		return rp_term_complain("the path of TMPDIR is too long");
	int fd = mkostemps(path, 5, O_CLOEXEC);

	*out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!*out)
		return rp_term_complain("%s cannot be written: %s", path, strerror(errno));
	return RP_CLI_GO;
}

static int write_page(const struct rp_cli *cli, const struct rp_profile *p,
                      const struct rp_page_how *how)
{
	struct rp_term t;
	int status = rp_report_open(&t, cli);

	if (status != RP_CLI_GO)
		return status;
	rp_page_write(t.out, p, how);
	status = rp_report_close(&t, cli);
	return status == RP_EXIT_OK && cli->open ? rp_browser_open(cli->output) : status;
}

/* The same into a file of our own, whose name is the answer. */
static int write_temporary(const struct rp_cli *cli, const struct rp_profile *p,
                           const struct rp_page_how *how)
{
	char path[PATH_MAX];
	FILE *out;
	int status = temporary(path, &out);

	if (status != RP_CLI_GO)
		return status;
	bool ok = rp_page_write(out, p, how);

	if (fclose(out) != 0 || !ok)
		return rp_term_complain("%s cannot be written: %s", path, strerror(errno));
	printf("%s\n", path);
	status = rp_term_finish();
	return status == RP_EXIT_OK && cli->open ? rp_browser_open(path) : status;
}

static int html(struct rp_cli *cli)
{
	struct rp_page_how how = {.no_source = cli->no_source};
	struct rp_profile p;
	int status = cli->diff ? rp_select_two(cli, &p, &how.n_before) : rp_select_profile(cli, &p);

	if (status != RP_CLI_GO)
		return status;
	cli->no_pager = true;
	if (!cli->output && (cli->open || isatty(STDOUT_FILENO)))
		status = write_temporary(cli, &p, &how);
	else
		status = write_page(cli, &p, &how);
	rp_profile_close(&p);
	return status;
}

int rp_cmd_html(int argc, char **argv)
{
	struct rp_cli cli;
	int status = rp_cli_parse(&cli, &verb, argc, argv);

	if (status == RP_CLI_GO)
		status = html(&cli);
	rp_cli_free(&cli);
	return status;
}
