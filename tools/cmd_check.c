/* cmd_check.c - reqprof check FILE: whether the recorded requests keep to a file of budgets.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tools/budget.h"
#include "tools/commands.h"
#include "tools/json.h"
#include "tools/report.h"
#include "tools/select.h"
#include "tools/units.h"

enum { MOST_BYTES = 1 << 20 };

static const struct rp_cli_verb verb = {
        .usage = "check FILE [SESSIONS...]",
        .takes = RP_TAKES_JSON | RP_TAKES_SCREEN | RP_TAKES_OUTPUT,
};

static char *value_text(char text[RP_UNITS_MAX], const struct rp_budget *b, double value)
{
	if (b->unit == RP_BUDGET_TIME)
		return rp_units_time(text, (uint64_t)value);
	if (b->unit == RP_BUDGET_BYTES)
		return rp_units_bytes(text, (uint64_t)value);
	snprintf(text, RP_UNITS_MAX, "%.4g", value);
	return text;
}

/* What the requests came to, behind the bound. */
static void draw_result(const struct rp_term *t, const struct rp_budget *b,
                        const struct rp_budget_result *r)
{
	char value[RP_UNITS_MAX], low[RP_UNITS_MAX], high[RP_UNITS_MAX];

	if (r->n == 0) {
		fputs("no request of that route was recorded\n", t->out);
		return;
	}
	fprintf(t->out, "%s in %zu request%s", value_text(value, b, r->value), r->n,
	        r->n == 1 ? "" : "s");
	if (r->low < r->high)
		fprintf(t->out, " (%s to %s)", value_text(low, b, r->low),
		        value_text(high, b, r->high));
	if (r->never) {
		fputs(", ", t->out);
		rp_term_text(t->out, b->argument, strlen(b->argument), t->unicode);
		fputs(" was not met at all", t->out);
	}
	if (!r->kept && r->worst) {
		fputs(", worst ", t->out);
		rp_term_text(t->out, r->worst->id, strlen(r->worst->id), t->unicode);
	}
	fputc('\n', t->out);
}

static void draw_bound(const struct rp_term *t, const char *file, const struct rp_budget *b,
                       const struct rp_budget_result *r)
{
	fprintf(t->out, "%s%-6s%s ", rp_term_sgr(t, r->kept ? RP_MILD : RP_HOT),
	        r->kept ? "kept" : "broken", rp_term_sgr(t, RP_PLAIN));
	rp_term_text(t->out, file, strlen(file), t->unicode);
	fprintf(t->out, ":%u: ", b->line);
	rp_term_text(t->out, b->route, strlen(b->route), t->unicode);
	fputs(": ", t->out);
	rp_term_text(t->out, b->text, strlen(b->text), t->unicode);
	fputs(": ", t->out);
	draw_result(t, b, r);
}

static json_t *json_of(const struct rp_budget *b, const struct rp_budget_result *r)
{
	return json_pack("{s:i, s:o, s:o, s:b, s:I, s:f, s:f, s:f, s:f, s:o}", "line", (int)b->line,
	                 "route", rp_json_text(b->route), "bound", rp_json_text(b->text), "kept",
	                 (int)r->kept, "requests", (json_int_t)r->n, "value", r->value, "low",
	                 r->low, "high", r->high, "limit", b->limit, "worst",
	                 rp_json_text(r->worst ? r->worst->id : NULL));
}

static int judge(const struct rp_cli *cli, const struct rp_budgets *b, const struct rp_profile *p,
                 const char *file)
{
	json_t *all = json_array();
	size_t n_broken = 0;
	struct rp_term t;
	int status = rp_report_open(&t, cli);

	if (status != RP_CLI_GO) {
		json_decref(all);
		return status;
	}
	for (size_t i = 0; i < b->n; i++) {
		struct rp_budget_result r = rp_budget_judge(&b->budgets[i], p);

		n_broken += !r.kept;
		if (cli->json)
			json_array_append_new(all, json_of(&b->budgets[i], &r));
		else
			draw_bound(&t, file, &b->budgets[i], &r);
	}
	if (cli->json)
		rp_json_write(t.out, json_pack("{s:i, s:I, s:O}", "version", RP_JSON_VERSION,
		                               "broken", (json_int_t)n_broken, "bounds", all));
	else
		fprintf(t.out, "%s%zu of %zu bounds broken%s\n", rp_term_sgr(&t, RP_BOLD), n_broken,
		        b->n, rp_term_sgr(&t, RP_PLAIN));
	json_decref(all);
	status = rp_report_close(&t, cli);
	return status == RP_EXIT_OK && n_broken ? RP_EXIT_NO : status;
}

/* The whole of FILE in malloc'ed TEXT; < 0 after a sentence. */
static ssize_t read_file(const char *file, char **text)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = -1;

	*text = malloc(MOST_BYTES);
	if (fd >= 0 && *text)
		n = read(fd, *text, MOST_BYTES);
	if (n < 0)
		rp_term_complain("%s cannot be read: %s", file, strerror(errno));
	else if (n == MOST_BYTES)
		rp_term_complain("%s is larger than %d kB; no file of budgets is", file,
		                 MOST_BYTES >> 10);
	if (fd >= 0)
		close(fd);
	return n == MOST_BYTES ? -1 : n;
}

/* The budgets of FILE; RP_CLI_GO or an exit status. */
static int read_budgets(const char *file, struct rp_budgets *b)
{
	struct rp_why why;
	char *text;
	ssize_t n = read_file(file, &text);
	int status = n < 0 ? RP_EXIT_USAGE : RP_CLI_GO;

	if (status == RP_CLI_GO && !rp_budget_read(b, text, (size_t)n, &why))
		status = rp_term_complain("%s:%u: %s", file, (unsigned)why.at, why.text);
	free(text);
	return status;
}

static int check(struct rp_cli *cli)
{
	static char *const all[] = {"slower=0us"};
	struct rp_profile_how how = rp_select_how(cli);
	const char *file = cli->n_sessions ? cli->sessions[0] : NULL;
	struct rp_budgets b;
	struct rp_profile p;
	struct rp_set set;
	struct rp_why why;

	if (!file)
		return rp_term_complain("which file of budgets?  A line of it is GET /api/x: "
		                        "upstream_requests <= 3, wall p95 < 200ms");
	int status = read_budgets(file, &b);

	if (status != RP_CLI_GO)
		return status;
	status = cli->n_sessions > 1
	                 ? rp_select_sets(cli->sessions + 1, cli->n_sessions - 1, &set, NULL)
	                 : rp_select_sets(all, 1, &set, NULL);
	if (status == RP_CLI_GO && !rp_profile_open_as(&p, set.paths, set.n, &how, &why))
		status = rp_term_complain("%s", why.text);
	if (status == RP_CLI_GO) {
		status = judge(cli, &b, &p, file);
		rp_profile_close(&p);
	}
	rp_sets_free(&set);
	rp_budget_free(&b);
	return status;
}

int rp_cmd_check(int argc, char **argv)
{
	struct rp_cli cli;
	int status = rp_cli_parse(&cli, &verb, argc, argv);

	if (status == RP_CLI_GO)
		status = check(&cli);
	rp_cli_free(&cli);
	return status;
}
