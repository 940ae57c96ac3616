/* budget.c - the file of budgets; see budget.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/budget.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tools/values.h"

enum { LONGEST_LINE = 4096 };

static const struct {
	const char *name;
	enum rp_budget_unit unit;
	bool of; /* wants something in brackets */
} metrics[] = {
#define METRIC(name, unit, value, help) {name, RP_BUDGET_##unit, false},
#define OF(name, unit, function, help)  {name, RP_BUDGET_##unit, true},
#include "tools/metrics.def"
};
enum { N_METRICS = sizeof(metrics) / sizeof(metrics[0]) };

static const struct {
	const char *name;
	double quantile;
} statistics[] = {{"max", 1},      {"p99", 0.99}, {"p95", 0.95}, {"p90", 0.9},
                  {"median", 0.5}, {"min", 0},    {"mean", -1}};

static const struct {
	const char *sign;
	enum rp_budget_order order;
} orders[] = {{"<=", RP_BUDGET_AT_MOST}, {">=", RP_BUDGET_AT_LEAST}, {"==", RP_BUDGET_EQUAL},
              {"<", RP_BUDGET_LESS},     {">", RP_BUDGET_MORE},      {"=", RP_BUDGET_EQUAL}};

/* A line while it is taken apart. */
struct reading {
	struct rp_budgets *b;
	struct rp_why *why;
	unsigned line;
};

/* TEXT without the spaces around it, in place. */
static char *trim(char *text)
{
	char *end = text + strlen(text);

	while (end > text && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return text + strspn(text, " \t\r\f\v");
}

#define COMPLAIN(reading, ...) rp_why_set((reading)->why, (reading)->line, __VA_ARGS__)

static bool unknown_metric(const struct reading *r, const char *word)
{
	char names[256] = "";
	size_t used = 0;

	for (size_t i = 0; i < N_METRICS && used < sizeof(names) - 40; i++)
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s%s",
		                         i ? ", " : "", metrics[i].name, metrics[i].of ? "()" : "");
	return COMPLAIN(r, "'%.40s' is nothing that has a budget; %s have", word, names);
}

/* "wall" or "self(look_up)"; what is in brackets may hold anything but its own bracket's end. */
static bool read_metric(const struct reading *r, char *word, struct rp_budget *budget)
{
	char *bracket = strchr(word, '('), *end = strrchr(word, ')');
	bool of = bracket != NULL;

	if (of && (!end || end < bracket || end[1]))
		return COMPLAIN(r, "'%.60s' has a bracket that does not end", word);
	if (of) {
		*bracket = *end = '\0';
		budget->argument = trim(bracket + 1);
		if (!*budget->argument)
			return COMPLAIN(r, "there is nothing in the brackets of '%.40s()'", word);
	}
	for (size_t i = 0; i < N_METRICS; i++) {
		if (metrics[i].of != of || strcmp(metrics[i].name, trim(word)) != 0)
			continue;
		budget->metric = i;
		budget->unit = metrics[i].unit;
		return true;
	}
	return unknown_metric(r, word);
}

/* The last word of TEXT, cut off, when it names a statistic; else that of every request. */
static double take_statistic(char *text)
{
	char *space = strrchr(text, ' ');

	for (size_t i = 0; space && i < sizeof(statistics) / sizeof(statistics[0]); i++) {
		if (strcmp(space + 1, statistics[i].name) != 0)
			continue;
		*space = '\0';
		return statistics[i].quantile;
	}
	return 1;
}

/* "200 ms" as "200ms". */
static void join_unit(char *text)
{
	char *space = text + strspn(text, "0123456789.");

	if (space > text && *space == ' ' && isalpha((unsigned char)space[1]))
		memmove(space, space + 1, strlen(space));
}

static bool read_limit(const struct reading *r, char *text, struct rp_budget *budget)
{
	uint64_t value;

	join_unit(text);
	bool ok = budget->unit == RP_BUDGET_TIME    ? rp_value_time(text, &value)
	          : budget->unit == RP_BUDGET_COUNT ? rp_value_count(text, &value)
	                                            : rp_value_bytes(text, &value);

	if (!*text)
		return COMPLAIN(r, "'%.60s' has no value to be compared with", budget->text);
	if (!ok)
		return COMPLAIN(r, "'%.40s' is no %s such as %s", text,
		                budget->unit == RP_BUDGET_TIME    ? "time"
		                : budget->unit == RP_BUDGET_COUNT ? "number"
		                                                  : "size",
		                budget->unit == RP_BUDGET_TIME    ? "200ms"
		                : budget->unit == RP_BUDGET_COUNT ? "3"
		                                                  : "64k");
	budget->limit = (double)value;
	return true;
}

/* Where the order stands in TEXT, behind what is in brackets; NULL: nowhere. */
static char *find_order(char *text)
{
	char *from = strrchr(text, ')');

	return strpbrk(from ? from : text, "<>=");
}

static bool read_bound(const struct reading *r, const char *route, char *text)
{
	struct rp_budget budget = {.line = r->line,
	                           .route = route,
	                           .text = rp_heap_print(&r->b->heap, "%s", text)};
	char *at = find_order(text);

	if (!at)
		return COMPLAIN(r, "'%.60s' has no <, <=, >, >= or =", text);
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		size_t n = strlen(orders[i].sign);

		if (strncmp(at, orders[i].sign, n) != 0)
			continue;
		char *value = trim(at + n);

		*at = '\0';
		budget.order = orders[i].order;
		text = trim(text);
		budget.quantile = take_statistic(text);
		if (!read_metric(r, trim(text), &budget) || !read_limit(r, value, &budget))
			return false;
		break;
	}
	r->b->budgets = rp_memory_grow(r->b->budgets, r->b->n, sizeof(*r->b->budgets));
	r->b->budgets[r->b->n++] = budget;
	return true;
}

/* The end of the bound at TEXT: a comma outside of brackets, or the end of the line. */
static char *bound_end(char *text)
{
	int depth = 0;

	for (; *text && (*text != ',' || depth > 0); text++)
		depth += (*text == '(') - (*text == ')' && depth > 0);
	return text;
}

static bool read_line(const struct reading *r, char *line)
{
	line = trim(line);
	if (!*line || *line == '#')
		return true;
	char *colon = strchr(line, ':');

	while (colon && colon[1] && !isspace((unsigned char)colon[1]))
		colon = strchr(colon + 1, ':');
	if (!colon || colon == line)
		return COMPLAIN(r,
		                "'%.60s' has no route with a colon and a space behind it, as in "
		                "GET /api/x: wall p95 < 200ms",
		                line);
	*colon = '\0';
	for (char *bound = colon + 1, *end;; bound = end + 1) {
		end = bound_end(bound);
		bool last = !*end;

		*end = '\0';
		if (!*trim(bound))
			return COMPLAIN(r, "there is a bound missing behind '%.60s'", line);
		if (!read_bound(r, trim(line), trim(bound)))
			return false;
		if (last)
			return true;
	}
}

bool rp_budget_read(struct rp_budgets *b, const char *text, size_t n, struct rp_why *why)
{
	struct reading r = {b, why, 0};
	bool ok = true;

	*b = (struct rp_budgets){0};
	for (const char *at = text; ok && at < text + n;) {
		const char *end = memchr(at, '\n', (size_t)(text + n - at));
		size_t n_line = (size_t)((end ? end : text + n) - at);

		r.line++;
		if (n_line > LONGEST_LINE || memchr(at, '\0', n_line))
			ok = COMPLAIN(&r, "this is no text of budgets");
		else
			ok = read_line(&r, rp_heap_text(&b->heap, at, n_line));
		at += n_line + 1;
	}
	if (ok && b->n == 0)
		ok = COMPLAIN(&r, "there is no budget in it; a line is GET /api/x: wall p95 < "
		                  "200ms");
	if (!ok)
		rp_budget_free(b);
	return ok;
}

void rp_budget_free(struct rp_budgets *b)
{
	free(b->budgets);
	rp_heap_free(&b->heap);
	*b = (struct rp_budgets){0};
}
