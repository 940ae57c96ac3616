/* flags.h - the options that only one verb has, from a table of its own.
 *
 * Room: tools.  Verbs that show sessions share the rows of options.def instead: see cli.h.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_FLAGS_H
#define RP_FLAGS_H

#include <stdbool.h>

struct rp_flag {
	int letter;                         /* 0: none */
	const char *name, *argument, *help; /* argument NULL: a switch */
	const char **text;                  /* gets the argument, borrowed from argv */
	bool *given;                        /* or is set by the switch */
};

enum {
	RP_FLAGS_GO = -1,
	RP_FLAGS_MAX = 32, /* rows of one verb, without --help */
};

/* Reads the options of ARGV (ARGV[0] is the verb) by ROWS, which a NULL name closes.  A USAGE that
 * starts with '+' (not shown) ends them at the first word.  RP_FLAGS_GO with the index of the
 * first word in *FIRST, or the exit status: help was printed or the usage was wrong. */
int rp_flags_parse(const struct rp_flag *rows, const char *usage, int argc, char **argv,
                   int *first);

/* All N WORDS are folders: RP_FLAGS_GO, or it is said which is none, and the exit status. */
int rp_flags_folders(char *const *words, int n);

#endif
