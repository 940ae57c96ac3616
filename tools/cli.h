/* cli.h - the options that verbs share, from words to values.
 *
 * Room: tools.  The rows are in options.def; a verb names the groups that it takes, and the
 * others are refused with a sentence.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_CLI_H
#define RP_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include "tools/term.h"

enum rp_takes {
	RP_TAKES_PATHS = 1,
	RP_TAKES_LIMIT = 2,
	RP_TAKES_DEPTH = 4,
	RP_TAKES_CPU = 8,
	RP_TAKES_TREE = 16,
	RP_TAKES_TOTAL = 32,
	RP_TAKES_DIRECT = 64,
	RP_TAKES_FORMAT = 128,
	RP_TAKES_OUTPUT = 256,
	RP_TAKES_JSON = 512,
	RP_TAKES_SCREEN = 1024,
	RP_TAKES_FUNCTION = 2048, /* the first word is a function, not a session */
	RP_TAKES_BY = 4096,
	RP_TAKES_DIFF = 8192,
	RP_TAKES_PAGE = 16384,
	RP_TAKES_CHAIN = 32768,
};

/* What a verb tells of itself. */
struct rp_cli_verb {
	const char *usage; /* "callers FUNCTION [SESSION...]" */
	unsigned takes;    /* RP_TAKES_* */
	size_t limit;      /* rows when -n is not given */
	size_t depth;
};

struct rp_cli {
	const char *function;
	char **sessions; /* words as typed, borrowed from argv */
	size_t n_sessions;
	const char **paths; /* of -P */
	size_t n_paths;
	const char **debug_dirs;
	size_t n_debug_dirs;
	const char *sysroot;
	size_t limit, depth; /* limit 0: all */
	const char *format, *output, *by, *fail_if_slower, *at_least, *confidence;
	enum rp_choice color, unicode;
	bool cpu, wall, percent, show_all, brief, timeline, chain, total, direct, json, no_pager,
	        no_cache, verbose, open, diff, no_source;
};

enum { RP_CLI_GO = -1 };

/* Reads ARGV (ARGV[0] is the verb; words may be reordered).  RP_CLI_GO, or the exit status when
 * there is nothing left to do: help was printed or the usage was wrong. */
int rp_cli_parse(struct rp_cli *cli, const struct rp_cli_verb *verb, int argc, char **argv);
void rp_cli_free(struct rp_cli *cli);

#endif
