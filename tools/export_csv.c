/* export_csv.c - a row a function: RFC 4180, times in nanoseconds.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include "tools/analyses.h"
#include "tools/exports.h"
#include "tools/memory.h"
#include "tools/term.h"

struct row {
	uint64_t self_ns, total_ns, cpu_ns;
	size_t seen; /* the last point that it was counted for, + 1 */
};

/* A field; one that a spreadsheet would run as a formula gets an apostrophe. */
static void put_field(FILE *out, const char *text)
{
	char *safe = rp_term_text_copy(text);

	fputc('"', out);
	if (*safe && strchr("=+-@", *safe))
		fputc('\'', out);
	for (const char *at = safe; *at; at++) {
		if (*at == '"')
			fputc('"', out);
		fputc(*at, out);
	}
	fputc('"', out);
	free(safe);
}

static void add_point(struct row *rows, const struct rp_profile *p, size_t which)
{
	const struct rp_point *point = &p->points[which];
	const struct rp_chain *chain = &p->chains[point->chain];
	struct row *leaf = &rows[chain->functions[chain->n - 1]];

	leaf->self_ns += point->wall_ns;
	leaf->cpu_ns += point->cpu_ns;
	for (uint32_t i = 0; i < chain->n; i++) {
		struct row *row = &rows[chain->functions[i]];

		if (row->seen != which + 1)
			row->total_ns += point->wall_ns;
		row->seen = which + 1;
	}
}

bool rp_export_csv(FILE *out, const struct rp_profile *p, bool cpu)
{
	struct row *rows = rp_memory_zero(p->n_functions + 1, sizeof(*rows));

	(void)cpu; /* a column of its own */
	for (size_t i = 0; i < p->n_points; i++)
		add_point(rows, p, i);
	fputs("function,file,line,module,library,self_ns,total_ns,self_cpu_ns\r\n", out);
	for (size_t i = 0; i < p->n_functions; i++) {
		const struct rp_function *f = &p->functions[i];

		if (!rows[i].seen)
			continue;
		put_field(out, f->name);
		fputc(',', out);
		put_field(out, f->file ? f->file : "");
		fprintf(out, ",%u,", f->line);
		put_field(out, f->module);
		fprintf(out, ",%d,%llu,%llu,%llu\r\n", f->library,
		        (unsigned long long)rows[i].self_ns, (unsigned long long)rows[i].total_ns,
		        (unsigned long long)rows[i].cpu_ns);
	}
	free(rows);
	return !ferror(out);
}
