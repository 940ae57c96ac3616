/* export_markdown.c - the report as Markdown: for an issue, a review, or an assistant.
 *
 * Room: tools.  CommonMark with tables; what strangers wrote stands in code spans and fences.
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include "tools/exports.h"
#include "tools/render_text.h"
#include "tools/units.h"

enum { MOST_ROWS = 20 };

/* A code span: as many backticks around TEXT as it takes; a table's bar is escaped. */
static void put_code(FILE *out, const char *text)
{
	char *safe = rp_term_text_copy(text);
	size_t longest = 0;

	for (const char *at = safe; (at = strchr(at, '`'));) {
		size_t n = strspn(at, "`");

		longest = n > longest ? n : longest;
		at += n;
	}
	for (size_t i = 0; i <= longest; i++)
		fputc('`', out);
	fputs(longest ? " " : "", out);
	for (const char *at = safe; *at; at++) {
		fputs(*at == '|' ? "\\" : "", out);
		fputc(*at, out);
	}
	fputs(longest ? " " : "", out);
	for (size_t i = 0; i <= longest; i++)
		fputc('`', out);
	free(safe);
}

static void put_head(FILE *out, const struct rp_session *s)
{
	char time[RP_UNITS_MAX];
	const struct {
		const char *what;
		int64_t ns;
	} lines[] = {{"on the CPU", (int64_t)s->account.cpu_ns},
	             {"waiting", (int64_t)s->account.waits_ns},
	             {"runnable, not running", (int64_t)s->account.not_running_ns},
	             {"idle", (int64_t)s->account.idle_ns},
	             {"not measured", (int64_t)s->account.unwatched_ns},
	             {"unexplained", s->account.unexplained_ns}};

	fputs("## ", out);
	put_code(out, s->method);
	fputc(' ', out);
	put_code(out, s->target);
	fprintf(out, ": status %u, %s\n\n", s->status, rp_units_time(time, s->account.duration_ns));
	fputs("Served by ", out);
	put_code(out, s->server);
	fprintf(out, ", pid %u; session ", s->pid);
	put_code(out, s->id);
	fprintf(out, "; %zu samples, %zu waits.\n\n| time | |\n|---|---|\n", s->n_samples,
	        s->n_waits);
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		if (lines[i].ns || i != 4)
			fprintf(out, "| %s | %s%s |\n", lines[i].what, lines[i].ns < 0 ? "-" : "",
			        rp_units_time(time, lines[i].ns < 0 ? -(uint64_t)lines[i].ns
			                                            : (uint64_t)lines[i].ns));
	fputc('\n', out);
}

static void put_flat(FILE *out, const struct rp_profile *p, bool cpu)
{
	struct rp_query query = {.limit = MOST_ROWS, .cpu = cpu};
	struct rp_shares flat;
	char time[RP_UNITS_MAX], share[RP_UNITS_MAX];

	rp_analyses_flat(&flat, p, &query);
	fprintf(out, "| self %s | share | function | place |\n|--:|--:|---|---|\n",
	        cpu ? "CPU" : "time");
	for (size_t i = 0; i < flat.n_rows; i++) {
		const struct rp_function *f = &p->functions[flat.rows[i].functions[0]];

		rp_units_share(share, flat.rows[i].ns, flat.whole_ns);
		fprintf(out, "| %s | %s | ", rp_units_time(time, flat.rows[i].ns), share);
		put_code(out, f->name);
		fputs(" | ", out);
		if (!f->pseudo)
			put_code(out, rp_render_place(f, 0));
		fputs(" |\n", out);
	}
	if (flat.n_all > flat.n_rows)
		fprintf(out, "\n%zu more functions.\n", flat.n_all - flat.n_rows);
	rp_analyses_free(&flat);
}

/* The fence is longer than any run of tildes that a name could hold in good faith; a line of a tree
 * begins with a time or a branch, so that none can close it. */
static void put_tree(FILE *out, const struct rp_profile *p, bool cpu)
{
	struct rp_term term = {.out = out, .unicode = true};
	struct rp_calltree_how how = {.cpu = cpu};
	struct rp_calltree tree;

	rp_calltree_make(&tree, p, &how);
	fputs("\n~~~~text\n", out);
	rp_render_tree(&term, p, &tree, false);
	fputs("~~~~\n", out);
	rp_calltree_free(&tree);
}

bool rp_export_markdown(FILE *out, const struct rp_profile *p, bool cpu)
{
	for (size_t i = 0; i < p->n_sessions; i++)
		put_head(out, &p->sessions[i]);
	put_flat(out, p, cpu);
	put_tree(out, p, cpu);
	return !ferror(out);
}
