/* report.c - see report.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/report.h"

#include <errno.h>
#include <string.h>
#include "tools/commands.h"
#include "tools/json.h"
#include "tools/select.h"
#include "tools/several.h"

int rp_report_open(struct rp_term *t, const struct rp_cli *cli)
{
	rp_term_open(t, cli->color, cli->unicode);
	if (!cli->output) {
		if (!cli->no_pager && !cli->json)
			rp_term_page(t);
		return RP_CLI_GO;
	}
	t->out = fopen(cli->output, "we");
	if (!t->out) {
		int error = errno;

		t->out = stdout;
		return rp_term_complain("%s cannot be written: %s", cli->output, strerror(error));
	}
	t->tty = false;
	t->width = 0;
	t->color = cli->color == RP_ON; /* a file is never a terminal */
	return RP_CLI_GO;
}

int rp_report_close(struct rp_term *t, const struct rp_cli *cli)
{
	bool failed = ferror(t->out);

	if (!cli->output)
		failed = !rp_term_close(t) || (failed && errno != EPIPE);
	else
		failed = fclose(t->out) != 0 || failed;
	if (!failed)
		return RP_EXIT_OK;
	return rp_term_complain("%s cannot be written: %s",
	                        cli->output ? cli->output : "standard output", strerror(errno));
}

/* One question, asked of every session. */
struct question {
	const struct rp_report *report;
	const struct rp_profile *p;
	const struct rp_cli *cli;
	struct rp_query query;
};

static void ask_one(struct rp_shares *out, const struct rp_session *only, void *arg)
{
	struct question *q = arg;

	q->query.only = only;
	q->report->ask(out, q->p, q->cli, &q->query);
}

static void ask_each(struct rp_shares *shares, const struct rp_report *report,
                     const struct rp_profile *p, const struct rp_cli *cli,
                     const struct rp_query *query)
{
	struct question q = {report, p, cli, *query};

	q.query.limit = 0;
	rp_several_spread(shares, p, ask_one, &q);
}

static int answer(const struct rp_report *report, const struct rp_cli *cli,
                  const struct rp_profile *p)
{
	struct rp_query query = {.paths = cli->paths,
	                         .n_paths = cli->n_paths,
	                         .limit = cli->limit,
	                         .depth = cli->depth,
	                         .cpu = cli->cpu,
	                         .total = cli->total,
	                         .direct = cli->direct};
	struct rp_shares shares;
	struct rp_term t;
	int status = rp_report_open(&t, cli);

	if (status != RP_CLI_GO)
		return status;
	report->ask(&shares, p, cli, &query);
	if (p->n_sessions > 1)
		ask_each(&shares, report, p, cli, &query);
	if (cli->json)
		rp_json_write(t.out, rp_json_shares(p, &shares));
	else
		report->draw(&t, p, &shares, cli);
	rp_analyses_free(&shares);
	return rp_report_close(&t, cli);
}

static int run(const struct rp_report *report, const struct rp_cli *cli)
{
	struct rp_profile p;
	int status = rp_select_profile(cli, &p);

	if (status != RP_CLI_GO)
		return status;
	if (cli->function)
		status = rp_select_function(cli, &p);
	if (status == RP_CLI_GO)
		status = answer(report, cli, &p);
	rp_profile_close(&p);
	return status;
}

int rp_report_run(const struct rp_report *report, int argc, char **argv)
{
	struct rp_cli cli;
	int status = rp_cli_parse(&cli, &report->verb, argc, argv);

	if (status == RP_CLI_GO)
		status = run(report, &cli);
	rp_cli_free(&cli);
	return status;
}

static json_t *facts_json(const struct rp_facts *facts, const struct rp_profile *p)
{
	json_t *all = json_object(), *sessions = json_array();

	json_object_set_new(all, "version", json_integer(RP_JSON_VERSION));
	for (size_t i = 0; i < p->n_sessions; i++)
		json_array_append_new(sessions, facts->json(&p->sessions[i]));
	json_object_set_new(all, "sessions", sessions);
	return all;
}

static int tell(const struct rp_facts *facts, const struct rp_cli *cli)
{
	struct rp_profile p;
	struct rp_term t;
	int status = rp_select_profile(cli, &p);

	if (status != RP_CLI_GO)
		return status;
	status = rp_report_open(&t, cli);
	if (status == RP_CLI_GO) {
		if (cli->json)
			rp_json_write(t.out, facts_json(facts, &p));
		for (size_t i = 0; i < p.n_sessions && !cli->json; i++) {
			if (i)
				fputc('\n', t.out);
			facts->draw(&t, &p.sessions[i]);
		}
		status = rp_report_close(&t, cli);
	}
	rp_profile_close(&p);
	return status;
}

int rp_report_facts(const struct rp_facts *facts, int argc, char **argv)
{
	struct rp_cli cli;
	int status = rp_cli_parse(&cli, &facts->verb, argc, argv);

	if (status == RP_CLI_GO)
		status = tell(facts, &cli);
	rp_cli_free(&cli);
	return status;
}
