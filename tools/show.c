/* show.c - see show.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/show.h"

#include <string.h>
#include "tools/json.h"
#include "tools/render_text.h"
#include "tools/select.h"
#include "tools/units.h"

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

static void draw_link(const struct rp_term *t, const struct rp_profile *p,
                      const struct rp_linked *l, const struct rp_session *s)
{
	char time[RP_UNITS_MAX];

	fputs("with ", t->out);
	rp_render_text(t, s->server, 0);
	fprintf(t->out, " pid %u: ", s->pid);
	rp_render_text(t, s->method, 0);
	fputc(' ', t->out);
	rp_render_text(t, s->target, 0);
	fprintf(t->out, ", %s, session %s, ", rp_units_time(time, s->account.duration_ns), s->id);
	fputs(l->how == RP_LINK_TRACE ? "of the same trace" : "found by the connection", t->out);
	if (*l->remote) {
		fputs(": asked at ", t->out);
		rp_render_text(t, l->remote, 0);
	}
	if (l->parent)
		fprintf(t->out, " by %s", p->sessions[l->parent].id);
	fputc('\n', t->out);
}

/* The sessions that joined the first, and how they were found. */
static void draw_links(const struct rp_term *t, const struct rp_profile *p,
                       const struct rp_links *links)
{
	if (links->n == 1)
		fputs("no other session belongs to it\n", t->out);
	for (size_t i = 1; i < links->n; i++)
		draw_link(t, p, &links->sessions[i], &p->sessions[i]);
}

/* ALL: the sessions of LINKS (NULL: nothing was joined), of which P tells the first. */
static void draw(const struct rp_term *t, const struct rp_profile *p, const struct rp_profile *all,
                 const struct rp_links *links, const struct rp_calltree *tree,
                 const struct rp_cli *cli)
{
	rp_render_head(t, p, cli->brief);
	if (links)
		draw_links(t, all, links);
	if (!cli->brief)
		fputc('\n', t->out);
	rp_render_tree(t, p, tree, cli->percent);
	if (!cli->brief && tree->calls[0].shown)
		draw_next(t, p, cli);
}

static void show(const struct rp_term *t, const struct rp_profile *all,
                 const struct rp_links *links, const struct rp_cli *cli)
{
	struct rp_calltree_how how = {cli->cpu, cli->timeline, cli->show_all || cli->json};
	struct rp_profile p = *all;
	struct rp_calltree tree;

	if (links)
		p.n_sessions = 1; /* the others' time is within that one's */
	rp_calltree_make(&tree, &p, &how);
	if (cli->json)
		rp_json_write(t->out, rp_json_tree(all, &tree));
	else
		draw(t, &p, all, links, &tree, cli);
	rp_calltree_free(&tree);
}

void rp_show(const struct rp_term *t, const struct rp_profile *p, const struct rp_cli *cli)
{
	show(t, p, NULL, cli);
}

void rp_show_chain(const struct rp_term *t, const struct rp_profile *p, const struct rp_cli *cli,
                   const struct rp_links *links)
{
	show(t, p, links, cli);
}
