/* cmd_merge.c - reqprof merge: several sessions as one: what their requests have in common, how
 * they spread, which functions cost how much of each, and the tree of their means.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/commands.h"
#include "tools/json.h"
#include "tools/render_text.h"
#include "tools/report.h"
#include "tools/select.h"
#include "tools/several.h"

static const struct rp_cli_verb verb = {
        .usage = "merge [-n N] SESSIONS...",
        .takes = RP_TAKES_TREE | RP_TAKES_CPU | RP_TAKES_LIMIT | RP_TAKES_PATHS | RP_TAKES_JSON |
                 RP_TAKES_SCREEN | RP_TAKES_OUTPUT,
        .limit = 10,
};

/* Whose functions are asked for. */
struct question {
	const struct rp_profile *p;
	struct rp_query query;
};

static void ask_one(struct rp_shares *out, const struct rp_session *only, void *arg)
{
	struct question *q = arg;

	q->query.only = only;
	rp_analyses_flat(out, q->p, &q->query);
}

static void ask(struct rp_shares *flat, const struct rp_profile *p, const struct rp_cli *cli)
{
	struct question each = {p, {.paths = cli->paths, .n_paths = cli->n_paths, .cpu = cli->cpu}};
	struct rp_query all = each.query;

	all.limit = cli->limit;
	rp_analyses_flat(flat, p, &all);
	rp_several_spread(flat, p, ask_one, &each);
}

static void draw(const struct rp_term *t, const struct rp_profile *p, const struct rp_shares *flat,
                 const struct rp_calltree *tree, const struct rp_cli *cli)
{
	rp_render_head(t, p, cli->brief);
	fputc('\n', t->out);
	rp_render_table(t, p, flat, "SELF");
	fputc('\n', t->out);
	rp_render_tree(t, p, tree, cli->percent);
}

static json_t *json_of(const struct rp_profile *p, const struct rp_shares *flat,
                       const struct rp_calltree *tree)
{
	json_t *all = rp_json_tree(p, tree);

	json_object_set_new(all, "requests", rp_json_requests(p));
	json_object_set_new(all, "flat", rp_json_shares(p, flat));
	return all;
}

static int answer(const struct rp_cli *cli, const struct rp_profile *p)
{
	struct rp_calltree_how how = {cli->cpu, cli->timeline, cli->show_all || cli->json};
	struct rp_calltree tree;
	struct rp_shares flat;
	struct rp_term t;
	int status = rp_report_open(&t, cli);

	if (status != RP_CLI_GO)
		return status;
	ask(&flat, p, cli);
	rp_calltree_make(&tree, p, &how);
	if (cli->json)
		rp_json_write(t.out, json_of(p, &flat, &tree));
	else
		draw(&t, p, &flat, &tree, cli);
	rp_calltree_free(&tree);
	rp_analyses_free(&flat);
	return rp_report_close(&t, cli);
}

static int merge(const struct rp_cli *cli)
{
	struct rp_profile p;

	if (cli->n_sessions == 0)
		return rp_term_complain("which sessions?  A folder, a glob, ids, or a set such as "
		                        "tag=before or 'route=/api/*,since=1h'");
	int status = rp_select_profile(cli, &p);

	if (status != RP_CLI_GO)
		return status;
	status = answer(cli, &p);
	rp_profile_close(&p);
	return status;
}

int rp_cmd_merge(int argc, char **argv)
{
	struct rp_cli cli;
	int status = rp_cli_parse(&cli, &verb, argc, argv);

	if (status == RP_CLI_GO)
		status = merge(&cli);
	rp_cli_free(&cli);
	return status;
}
