/* cli.c - see cli.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include "tools/commands.h"
#include "tools/memory.h"

struct option_row {
	int letter;
	const char *name, *argument;
	unsigned group;
	const char *help;
};

static const struct option_row rows[] = {
#define OPTION(letter, name, argument, group, help) {letter, name, argument, group, help},
#include "tools/options.def"
};
enum { N_ROWS = sizeof(rows) / sizeof(rows[0]), LONG_BASE = 1000 };

static void print_help(const struct rp_cli_verb *verb)
{
	printf("usage: reqprof %s\n\n", verb->usage);
	for (size_t i = 0; i < N_ROWS; i++) {
		char left[64];

		if (rows[i].group & ~verb->takes)
			continue;
		snprintf(left, sizeof(left), "--%s%s%s", rows[i].name, rows[i].argument ? " " : "",
		         rows[i].argument ? rows[i].argument : "");
		printf("  %c%c%c %-16s %s\n", rows[i].letter ? '-' : ' ',
		       rows[i].letter ? rows[i].letter : ' ', rows[i].letter ? ',' : ' ', left,
		       rows[i].help);
	}
	printf("\nSESSION: a path, an id or its beginning, @ (the latest, the default), @1, a "
	       "glob,\na folder, or a set: tag=before, 'route=/api/*,since=1h'.\n");
}

/* The tables getopt_long wants; a long option's value is LONG_BASE + its row. */
static void fill_getopt(struct option *longs, char *shorts)
{
	*shorts++ = ':';
	for (size_t i = 0; i < N_ROWS; i++) {
		longs[i] = (struct option){rows[i].name, rows[i].argument != NULL, NULL,
		                           LONG_BASE + (int)i};
		if (!rows[i].letter)
			continue;
		*shorts++ = (char)rows[i].letter;
		if (rows[i].argument)
			*shorts++ = ':';
	}
	longs[N_ROWS] = (struct option){0};
	*shorts = '\0';
}

static size_t row_of(int value)
{
	if (value >= LONG_BASE)
		return (size_t)(value - LONG_BASE);
	for (size_t i = 0; i < N_ROWS; i++)
		if (rows[i].letter == value)
			return i;
	return N_ROWS;
}

static bool read_count(const char *text, size_t *count)
{
	char *end;

	errno = 0;
	unsigned long value = strtoul(text, &end, 10);

	if (errno || end == text || *end || *text == '-')
		return false;
	*count = value;
	return true;
}

/* The switch of a row without argument. */
static void set_switch(struct rp_cli *cli, const char *name)
{
	const struct {
		const char *name;
		bool *value;
	} switches[] = {
	        {"cpu", &cli->cpu},           {"percent", &cli->percent},
	        {"show-all", &cli->show_all}, {"short", &cli->brief},
	        {"total", &cli->total},       {"timeline", &cli->timeline},
	        {"chain", &cli->chain},       {"no-pager", &cli->no_pager},
	        {"json", &cli->json},         {"direct", &cli->direct},
	        {"no-cache", &cli->no_cache}, {"verbose", &cli->verbose},
	        {"wall", &cli->wall},         {"open", &cli->open},
	        {"diff", &cli->diff},         {"no-source", &cli->no_source},
	};

	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++)
		if (strcmp(switches[i].name, name) == 0)
			*switches[i].value = true;
	if (strcmp(name, "color") == 0 || strcmp(name, "no-color") == 0)
		cli->color = *name == 'n' ? RP_OFF : RP_ON;
	if (strcmp(name, "unicode") == 0 || strcmp(name, "no-unicode") == 0)
		cli->unicode = *name == 'n' ? RP_OFF : RP_ON;
}

/* The values without a letter. */
static bool set_named(struct rp_cli *cli, const char *name, const char *value)
{
	const struct {
		const char *name;
		const char **value;
	} texts[] = {{"by", &cli->by},
	             {"sysroot", &cli->sysroot},
	             {"fail-if-slower", &cli->fail_if_slower},
	             {"at-least", &cli->at_least},
	             {"confidence", &cli->confidence}};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (strcmp(texts[i].name, name) != 0)
			continue;
		*texts[i].value = value;
		return true;
	}
	cli->debug_dirs =
	        rp_memory_grow(cli->debug_dirs, cli->n_debug_dirs, sizeof(*cli->debug_dirs));
	cli->debug_dirs[cli->n_debug_dirs++] = value;
	return true;
}

static bool set_value(struct rp_cli *cli, const struct option_row *row, const char *value)
{
	switch (row->letter) {
	case 'P':
		cli->paths = rp_memory_grow(cli->paths, cli->n_paths, sizeof(*cli->paths));
		cli->paths[cli->n_paths++] = value;
		return true;
	case 'n':
		return read_count(value, &cli->limit);
	case 'd':
		return read_count(value, &cli->depth) && cli->depth > 0;
	case 'f':
		cli->format = value;
		return true;
	case 'o':
		cli->output = value;
		return true;
	default:
		return set_named(cli, row->name, value);
	}
}

/* One option as getopt_long found it; RP_CLI_GO or an exit status. */
static int take_option(struct rp_cli *cli, const struct rp_cli_verb *verb, int value,
                       const char *word)
{
	if (value == ':')
		return rp_term_complain("%s needs a value; see --help", word);
	size_t i = value == '?' ? N_ROWS : row_of(value);

	if (i == N_ROWS)
		return rp_term_complain("there is no option %s; see --help", word);
	if (rows[i].letter == 'h') {
		print_help(verb);
		return rp_term_finish();
	}
	if (rows[i].group & ~verb->takes)
		return rp_term_complain("--%s has no meaning here; see --help", rows[i].name);
	if (!rows[i].argument)
		set_switch(cli, rows[i].name);
	else if (!set_value(cli, &rows[i], optarg))
		return rp_term_complain("--%s wants a number%s, not '%s'", rows[i].name,
		                        rows[i].letter == 'd' ? " from 1 on" : ", 0 for all",
		                        optarg);
	return RP_CLI_GO;
}

int rp_cli_parse(struct rp_cli *cli, const struct rp_cli_verb *verb, int argc, char **argv)
{
	struct option longs[N_ROWS + 1];
	char shorts[2 * N_ROWS + 2];
	int value, status = RP_CLI_GO;

	*cli = (struct rp_cli){.limit = verb->limit, .depth = verb->depth};
	fill_getopt(longs, shorts);
	opterr = 0;
	optind = 0; /* a fresh scan, also of the words that a reorder has moved */
	for (int at = 1; (value = getopt_long(argc, argv, shorts, longs, NULL)) != -1;
	     at = optind) {
		const char *word = argv[optind > at ? optind - 1 : at];

		status = take_option(cli, verb, value, word);
		if (status != RP_CLI_GO)
			return status;
	}
	if (verb->takes & RP_TAKES_FUNCTION) {
		if (optind == argc)
			return rp_term_complain("which function?  usage: reqprof %s", verb->usage);
		cli->function = argv[optind++];
	}
	cli->sessions = argv + optind;
	cli->n_sessions = (size_t)(argc - optind);
	return RP_CLI_GO;
}

void rp_cli_free(struct rp_cli *cli)
{
	free(cli->paths);
	free(cli->debug_dirs);
	cli->paths = cli->debug_dirs = NULL;
}
