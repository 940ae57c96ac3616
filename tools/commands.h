/* commands.h - the verbs, one function each, grown from commands.def.
 *
 * Room: tools.  ARGV[0] is the verb as typed, so getopt_long works as usual.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_COMMANDS_H
#define RP_COMMANDS_H

#define RP_VERSION "0.1.0"

/* Exit statuses of every verb; `run` and `curl` add those of env(1). */
enum { RP_EXIT_OK, RP_EXIT_NO, RP_EXIT_USAGE };

/* Runs the verb; the exit status of the program. */
#define ROW(name, function, help) int rp_cmd_##function(int argc, char **argv);
#define ALIAS(name, function)     int rp_cmd_##function(int argc, char **argv);
#include "tools/commands.def"

struct rp_command {
	const char *name, *help; /* help NULL: an alias */
	int (*call)(int argc, char **argv);
};

/* All rows in order, closed by a NULL name: what help and completion print. */
extern const struct rp_command rp_commands[];

#endif
