/* cmd_diff.c - reqprof diff BEFORE AFTER: what changed between two sets of sessions.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <stdlib.h>
#include "tools/commands.h"
#include "tools/json.h"
#include "tools/render_diff.h"
#include "tools/report.h"
#include "tools/select.h"

static const struct rp_cli_verb verb = {
        .usage = "diff [options] BEFORE AFTER",
        .takes = RP_TAKES_LIMIT | RP_TAKES_CPU | RP_TAKES_JSON | RP_TAKES_SCREEN | RP_TAKES_OUTPUT |
                 RP_TAKES_DIFF,
        .limit = 10,
};

struct order {
	struct rp_diff_how how;
	double limit; /* slower by more than this share fails; HUGE_VAL: nothing does */
};

/* "5%" or "5" as 0.05. */
static bool read_percent(const char *text, double *share)
{
	char *end;
	double percent = strtod(text, &end);

	if (end == text || (*end == '%' ? end[1] : *end) || !(percent >= 0 && percent <= 10000))
		return false;
	*share = percent / 100;
	return true;
}

static int fill(struct order *o, const struct rp_cli *cli)
{
	*o = (struct order){{cli->wall  ? RP_DIFF_WALL
	                     : cli->cpu ? RP_DIFF_CPU
	                                : RP_DIFF_AUTO,
	                     0.99, 0.02},
	                    HUGE_VAL};
	if (cli->wall && cli->cpu)
		return rp_term_complain("--wall and --cpu exclude each other");
	if (cli->fail_if_slower && !read_percent(cli->fail_if_slower, &o->limit))
		return rp_term_complain("--fail-if-slower wants a share such as 5%%, not '%s'",
		                        cli->fail_if_slower);
	if (cli->at_least && !read_percent(cli->at_least, &o->how.least))
		return rp_term_complain("--at-least wants a share such as 2%%, not '%s'",
		                        cli->at_least);
	if (cli->confidence && (!read_percent(cli->confidence, &o->how.level) ||
	                        o->how.level < 0.5 || o->how.level > 0.9999))
		return rp_term_complain("--confidence wants 50%% to 99.99%%, not '%s'",
		                        cli->confidence);
	return RP_CLI_GO;
}

static bool is_over(const struct rp_diff_row *row, double limit)
{
	/* What is new says nothing by itself: a function may have been cut in two. */
	return row->verdict == RP_DIFF_SLOWER && row->change.before > 0 &&
	       rp_diff_share(&row->change) > limit;
}

/* The exit status that --fail-if-slower asks for, after a sentence. */
static int judge(const struct order *o, const struct rp_profile *p, const struct rp_diff *d)
{
	const struct rp_diff_row *worst = NULL;

	if (isinf(o->limit))
		return RP_EXIT_OK;
	if (d->too_few)
		return rp_term_complain("--fail-if-slower cannot tell: %zu and %zu requests are "
		                        "too few",
		                        d->n_before, d->n_after);
	for (size_t i = 0; i < RP_DIFF_LINES + d->n_rows; i++) {
		const struct rp_diff_row *row =
		        i < RP_DIFF_LINES ? &d->lines[i] : &d->rows[i - RP_DIFF_LINES];

		if (is_over(row, o->limit) &&
		    (!worst || rp_diff_share(&row->change) > rp_diff_share(&worst->change)))
			worst = row;
	}
	if (!worst)
		return RP_EXIT_OK;
	rp_term_complain("%s is slower by %.1f %%, more than the %.3g %% allowed",
	                 worst->name ? worst->name : p->functions[worst->function].name,
	                 100 * rp_diff_share(&worst->change), 100 * o->limit);
	return RP_EXIT_NO;
}

static int answer(const struct rp_cli *cli, const struct order *o, const struct rp_profile *p,
                  size_t n_before)
{
	struct rp_diff d;
	struct rp_term t;
	int status = rp_report_open(&t, cli);

	if (status != RP_CLI_GO)
		return status;
	rp_diff_make(&d, p, n_before, &o->how);
	if (cli->json)
		rp_json_write(t.out, rp_json_diff(p, &d));
	else
		rp_render_diff(&t, p, &d, cli->limit);
	status = rp_report_close(&t, cli);
	if (status == RP_EXIT_OK)
		status = judge(o, p, &d);
	rp_diff_free(&d);
	return status;
}

static int diff(const struct rp_cli *cli, const struct order *o)
{
	struct rp_profile p;
	size_t n_before;
	int status = rp_select_two(cli, &p, &n_before);

	if (status == RP_CLI_GO) {
		status = answer(cli, o, &p, n_before);
		rp_profile_close(&p);
	}
	return status;
}

int rp_cmd_diff(int argc, char **argv)
{
	struct rp_cli cli;
	struct order o;
	int status = rp_cli_parse(&cli, &verb, argc, argv);

	if (status == RP_CLI_GO)
		status = fill(&o, &cli);
	if (status == RP_CLI_GO)
		status = diff(&cli, &o);
	rp_cli_free(&cli);
	return status;
}
