/* cmd_show.c - reqprof show: header, call tree, and what to ask next.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <string.h>
#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/json.h"
#include "tools/render_text.h"
#include "tools/report.h"
#include "tools/select.h"

static const struct rp_cli_verb verb = {
        .usage = "show [SESSION...]",
        .takes = RP_TAKES_TREE | RP_TAKES_CPU | RP_TAKES_JSON | RP_TAKES_SCREEN | RP_TAKES_OUTPUT,
};

/* The function with most time of its own: the next question. */
static const char *hottest(const struct rp_profile *p, bool cpu)
{
	struct rp_query query = {.cpu = cpu};
	struct rp_shares flat;
	const char *name = NULL;

	rp_analyses_flat(&flat, p, &query);
	for (size_t i = 0; i < flat.n_rows && !name; i++)
		if (!p->functions[flat.rows[i].functions[0]].pseudo)
			name = p->functions[flat.rows[i].functions[0]].name;
	rp_analyses_free(&flat);
	return name;
}

/* NAME as a shell reads it. */
static void draw_word(const struct rp_term *t, const char *name)
{
	bool quote = strpbrk(name, " \t*?()[]{}<>&|;$`\\\"'~#!") != NULL;

	if (!quote) {
		rp_render_text(t, name, 0);
		return;
	}
	fputc('\'', t->out);
	for (; *name; name += strcspn(name, "'")) {
		if (*name == '\'') {
			fputs("'\\''", t->out);
			name++;
		}
		rp_term_text(t->out, name, strcspn(name, "'"), t->unicode);
	}
	fputc('\'', t->out);
}

static void draw_next(const struct rp_term *t, const struct rp_profile *p, const struct rp_cli *cli)
{
	const char *words = rp_select_words(cli);
	const char *name = hottest(p, cli->cpu);

	fprintf(t->out, "\n%snext: reqprof flat %s", rp_term_sgr(t, RP_DIM), words);
	if (name) {
		fputs(t->unicode ? " · reqprof callers " : " | reqprof callers ", t->out);
		draw_word(t, name);
		fprintf(t->out, " %s", words);
	}
	fprintf(t->out, "%sreqprof html --open %s%s\n", t->unicode ? " · " : " | ", words,
	        rp_term_sgr(t, RP_PLAIN));
}

static void draw(const struct rp_term *t, const struct rp_profile *p,
                 const struct rp_calltree *tree, const struct rp_cli *cli)
{
	rp_render_head(t, p, cli->brief);
	if (!cli->brief)
		fputc('\n', t->out);
	rp_render_tree(t, p, tree, cli->percent);
	if (!cli->brief && tree->calls[0].shown)
		draw_next(t, p, cli);
}

static int show(struct rp_cli *cli)
{
	struct rp_profile p;
	struct rp_calltree tree;
	struct rp_term t;
	int status = rp_select_profile(cli, &p);

	if (status != RP_CLI_GO)
		return status;
	struct rp_calltree_how how = {cli->cpu, cli->timeline, cli->show_all || cli->json};

	rp_calltree_make(&tree, &p, &how);
	status = rp_report_open(&t, cli);
	if (status == RP_CLI_GO) {
		if (cli->json)
			rp_json_write(t.out, rp_json_tree(&p, &tree));
		else
			draw(&t, &p, &tree, cli);
		status = rp_report_close(&t, cli);
	}
	rp_calltree_free(&tree);
	rp_profile_close(&p);
	return status;
}

int rp_cmd_show(int argc, char **argv)
{
	struct rp_cli cli;
	int status = rp_cli_parse(&cli, &verb, argc, argv);

	if (status == RP_CLI_GO)
		status = show(&cli);
	rp_cli_free(&cli);
	return status;
}
