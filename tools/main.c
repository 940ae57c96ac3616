/* main.c - finds the verb and calls it; help grows from commands.def.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "tools/commands.h"
#include "tools/term.h"

static void print_help(FILE *out)
{
	fputs("usage: reqprof VERB [options] [SESSION...]\n"
	      "       reqprof FILE              the same as reqprof show FILE\n\n",
	      out);
	for (const struct rp_command *c = rp_commands; c->name; c++)
		if (c->help)
			fprintf(out, "  %-11s %s\n", c->name, c->help);
	fputs("\nSESSION is a path, an id or its beginning, @ (the latest, the default), @1 (the "
	      "one\n"
	      "before), a glob, a folder, or a set such as tag=before.  reqprof VERB --help tells "
	      "the\noptions; man reqprof all the rest.\n",
	      out);
}

static const struct rp_command *find_command(const char *name)
{
	for (const struct rp_command *c = rp_commands; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

/* "reqprof help VERB" is what "reqprof VERB --help" is. */
static int help(int argc, char **argv)
{
	const struct rp_command *command = argc > 2 ? find_command(argv[2]) : NULL;
	char option[] = "--help", *asked[] = {argv[2], option, NULL};

	if (argc > 2 && (!command || !command->help))
		return rp_term_complain("there is no verb '%s'; reqprof --help lists the verbs",
		                        argv[2]);
	if (command)
		return command->call(2, asked);
	print_help(stdout);
	return rp_term_finish();
}

int main(int argc, char **argv)
{
	setlocale(LC_ALL, "");
	if (argc < 2) {
		print_help(stderr);
		return RP_EXIT_USAGE;
	}
	const char *word = argv[1];

	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0)
		return help(argc, argv);
	if (strcmp(word, "--version") == 0) {
		puts("reqprof " RP_VERSION);
		return rp_term_finish();
	}
	const struct rp_command *command = find_command(word);

	if (command)
		return command->call(argc - 1, argv + 1);
	if (word[0] == '@' || strchr(word, '/') || access(word, F_OK) == 0)
		return rp_cmd_show(argc, argv); /* "reqprof FILE": the words are show's from here */
	return rp_term_complain("there is no verb or file '%s'; reqprof --help lists the verbs",
	                        word);
}
