/* firefox_tables.c - the tables of a thread in Firefox Profiler's format; see firefox.h.
 *
 * Room: tools.  Strings: names of functions, their files, modules, phases, "wait".
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "tools/firefox.h"
#include "tools/json.h"

void rp_fox_column(struct rp_fox *f, const char *key, size_t n, rp_fox_row *row, const void *with)
{
	fprintf(f->out, ",\"%s\":[", key);
	for (size_t i = 0; i < n; i++) {
		fputs(i ? "," : "", f->out);
		row(f, i, with);
	}
	fputc(']', f->out);
}

void rp_fox_ms(struct rp_fox *f, uint64_t at_ns, uint64_t zero_ns)
{
	int64_t ns = (int64_t)(at_ns - zero_ns);

	fprintf(f->out, "%s%lld.%06lld", ns < 0 ? "-" : "", llabs(ns) / 1000000,
	        llabs(ns) % 1000000);
}

/* WORD, in every row. */
static void put_word(struct rp_fox *f, size_t i, const void *word)
{
	(void)i;
	fputs(word, f->out);
}

static void put_itself(struct rp_fox *f, size_t i, const void *with)
{
	(void)with;
	fprintf(f->out, "%zu", i);
}

static void put_prefix(struct rp_fox *f, size_t i, const void *with)
{
	(void)with;
	if (f->p->spots[i].caller)
		fprintf(f->out, "%u", f->p->spots[i].caller - 1);
	else
		fputs("null", f->out);
}

static void put_address(struct rp_fox *f, size_t i, const void *with)
{
	const struct rp_spot *s = &f->p->spots[i];

	(void)with;
	if (s->module)
		fprintf(f->out, "%" PRIu64, s->vaddr);
	else
		fputs("-1", f->out);
}

static void put_depth(struct rp_fox *f, size_t i, const void *with)
{
	unsigned depth = 0;

	(void)with;
	for (const struct rp_spot *s = &f->p->spots[i]; s->inlined && s->caller; depth++)
		s = &f->p->spots[s->caller - 1];
	fprintf(f->out, "%u", depth);
}

static void put_function(struct rp_fox *f, size_t i, const void *with)
{
	(void)with;
	fprintf(f->out, "%u", f->p->spots[i].function);
}

static void put_line(struct rp_fox *f, size_t i, const void *with)
{
	(void)with;
	if (f->p->spots[i].line)
		fprintf(f->out, "%u", f->p->spots[i].line);
	else
		fputs("null", f->out);
}

/* Category 0: the program; 1: libraries; 2: waits and what else is no code. */
static void put_category(struct rp_fox *f, size_t i, const void *with)
{
	const struct rp_function *function = &f->p->functions[f->p->spots[i].function];

	(void)with;
	fputc(function->pseudo ? '2' : function->library ? '1' : '0', f->out);
}

static void put_stacks(struct rp_fox *f)
{
	size_t n = f->p->n_spots;

	fprintf(f->out, "\"stackTable\":{\"length\":%zu", n);
	rp_fox_column(f, "prefix", n, put_prefix, NULL);
	rp_fox_column(f, "frame", n, put_itself, NULL);
	fprintf(f->out, "},\n\"frameTable\":{\"length\":%zu", n);
	rp_fox_column(f, "address", n, put_address, NULL);
	rp_fox_column(f, "inlineDepth", n, put_depth, NULL);
	rp_fox_column(f, "category", n, put_category, NULL);
	rp_fox_column(f, "subcategory", n, put_word, "0");
	rp_fox_column(f, "func", n, put_function, NULL);
	rp_fox_column(f, "nativeSymbol", n, put_word, "null");
	rp_fox_column(f, "innerWindowID", n, put_word, "null");
	rp_fox_column(f, "line", n, put_line, NULL);
	rp_fox_column(f, "column", n, put_word, "null");
	fputs("},\n", f->out);
}

static void put_resource(struct rp_fox *f, size_t i, const void *with)
{
	const char *module = f->p->functions[i].module;
	size_t m = 0;

	(void)with;
	while (m < f->p->n_modules && strcmp(f->p->modules[m].path, module) != 0)
		m++;
	fprintf(f->out, "%d", m < f->p->n_modules ? (int)m : -1);
}

static void put_file(struct rp_fox *f, size_t i, const void *with)
{
	(void)with;
	if (f->p->functions[i].file)
		fprintf(f->out, "%zu", f->p->n_functions + i);
	else
		fputs("null", f->out);
}

static void put_func_line(struct rp_fox *f, size_t i, const void *with)
{
	(void)with;
	if (f->p->functions[i].line)
		fprintf(f->out, "%u", f->p->functions[i].line);
	else
		fputs("null", f->out);
}

static void put_module_name(struct rp_fox *f, size_t i, const void *with)
{
	(void)with;
	fprintf(f->out, "%zu", 2 * f->p->n_functions + i);
}

static void put_functions(struct rp_fox *f)
{
	size_t n = f->p->n_functions, n_modules = f->p->n_modules;

	fprintf(f->out, "\"funcTable\":{\"length\":%zu", n);
	rp_fox_column(f, "isJS", n, put_word, "false");
	rp_fox_column(f, "relevantForJS", n, put_word, "false");
	rp_fox_column(f, "name", n, put_itself, NULL);
	rp_fox_column(f, "resource", n, put_resource, NULL);
	rp_fox_column(f, "fileName", n, put_file, NULL);
	rp_fox_column(f, "lineNumber", n, put_func_line, NULL);
	rp_fox_column(f, "columnNumber", n, put_word, "null");
	fprintf(f->out, "},\n\"resourceTable\":{\"length\":%zu", n_modules);
	rp_fox_column(f, "lib", n_modules, put_itself, NULL);
	rp_fox_column(f, "name", n_modules, put_module_name, NULL);
	rp_fox_column(f, "host", n_modules, put_word, "-1");
	rp_fox_column(f, "type", n_modules, put_word, "1");
	fputs("},\n\"nativeSymbols\":{\"length\":0,\"libIndex\":[],\"address\":[],\"name\":[],"
	      "\"functionSize\":[]},\n",
	      f->out);
}

static void put_strings(struct rp_fox *f)
{
	const struct rp_profile *p = f->p;

	fputs("\"stringArray\":[", f->out);
	for (size_t i = 0; i < p->n_functions; i++) {
		rp_json_put(f->out, p->functions[i].name);
		fputc(',', f->out);
	}
	for (size_t i = 0; i < p->n_functions; i++) {
		rp_json_put(f->out, p->functions[i].file ? p->functions[i].file : "");
		fputc(',', f->out);
	}
	for (size_t i = 0; i < p->n_modules; i++) {
		rp_json_put(f->out, p->modules[i].path);
		fputc(',', f->out);
	}
	for (size_t i = 0; i < RP_FOX_PHASES; i++) {
		rp_json_put(f->out, rp_profile_phases[i]);
		fputc(',', f->out);
	}
	fputs("\"wait\"]", f->out);
}

size_t rp_fox_phase_name(const struct rp_profile *p, size_t which)
{
	return 2 * p->n_functions + p->n_modules + which;
}

void rp_fox_tables(struct rp_fox *f)
{
	put_stacks(f);
	put_functions(f);
	put_strings(f);
}
