/* flags.c - see flags.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/flags.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "tools/commands.h"
#include "tools/term.h"

enum { LONG_BASE = 1000 };

static int print_help(const struct rp_flag *rows, const char *usage)
{
	char left[64];

	printf("usage: reqprof %s\n\n", usage);
	for (const struct rp_flag *f = rows; f->name; f++) {
		snprintf(left, sizeof left, "--%s%s%s", f->name, f->argument ? " " : "",
		         f->argument ? f->argument : "");
		printf("  %c%c%c %-19s %s\n", f->letter ? '-' : ' ', f->letter ? f->letter : ' ',
		       f->letter ? ',' : ' ', left, f->help);
	}
	printf("  -h, %-19s %s\n", "--help", "this text");
	return rp_term_finish();
}

/* getopt_long's tables: a row's value is LONG_BASE + its index, its letter among SHORTS. */
static void fill(const struct rp_flag *rows, const char *usage, struct option *longs, char *shorts)
{
	int n = 0;

	if (*usage == '+')
		*shorts++ = '+';
	*shorts++ = ':';
	*shorts++ = 'h';
	for (; rows[n].name; n++) {
		longs[n] = (struct option){rows[n].name, rows[n].argument != NULL, NULL,
		                           LONG_BASE + n};
		if (!rows[n].letter)
			continue;
		*shorts++ = (char)rows[n].letter;
		if (rows[n].argument)
			*shorts++ = ':';
	}
	*shorts = '\0';
	longs[n] = (struct option){"help", 0, NULL, 'h'};
	longs[n + 1] = (struct option){0};
}

static const struct rp_flag *row_of(const struct rp_flag *rows, int value)
{
	if (value >= LONG_BASE)
		return &rows[value - LONG_BASE];
	while (rows->letter != value)
		rows++;
	return rows;
}

int rp_flags_parse(const struct rp_flag *rows, const char *usage, int argc, char **argv, int *first)
{
	struct option longs[RP_FLAGS_MAX + 2];
	char shorts[2 * RP_FLAGS_MAX + 4];
	int value;

	fill(rows, usage, longs, shorts);
	usage += *usage == '+';
	opterr = 0;
	optind = 0; /* a fresh scan */
	for (int at = 1; (value = getopt_long(argc, argv, shorts, longs, NULL)) != -1;
	     at = optind) {
		const char *word = argv[optind > at ? optind - 1 : at];

		if (value == 'h')
			return print_help(rows, usage);
		if (value == ':')
			return rp_term_complain("%s needs a value; usage: reqprof %s", word, usage);
		if (value == '?')
			return rp_term_complain("there is no option %s; usage: reqprof %s", word,
			                        usage);
		const struct rp_flag *f = row_of(rows, value);

		if (f->text)
			*f->text = optarg;
		if (f->given)
			*f->given = true;
	}
	*first = optind;
	return RP_FLAGS_GO;
}

int rp_flags_folders(char *const *words, int n)
{
	struct stat st;

	for (int i = 0; i < n; i++) {
		if (stat(words[i], &st) != 0)
			return rp_term_complain("%s cannot be opened: %s", words[i],
			                        strerror(errno));
		if (!S_ISDIR(st.st_mode))
			return rp_term_complain("%s is not a folder", words[i]);
	}
	return RP_FLAGS_GO;
}
