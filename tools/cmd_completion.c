/* cmd_completion.c - reqprof completion bash: the verbs from commands.def; options come from each
 * verb's own --help when they are asked for, so that nothing here can go stale.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>
#include "tools/commands.h"
#include "tools/flags.h"
#include "tools/term.h"

static const char bash_head[] =
        "# bash completion for reqprof; put it into the shell with\n"
        "#     eval \"$(reqprof completion bash)\"\n"
        "_reqprof()\n"
        "{\n"
        "\tlocal word=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]} words\n"
        "\tlocal verbs='";

static const char bash_tail[] =
        "'\n"
        "\tif [[ $verb == export && ${COMP_WORDS[COMP_CWORD - 1]} == -@(f|-format) ]]; then\n"
        "\t\twords=$formats\n"
        "\telif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
        "\t\twords=\"$verbs --help --version\"\n"
        "\telif [[ $word == -* ]]; then\n"
        "\t\twords=$(reqprof \"$verb\" --help 2>/dev/null |\n"
        "\t\t\tgrep -Eo -e '(^|[ ,])--[a-z][a-z-]*' | tr -d ' ,')\n"
        "\telif [ \"$verb\" = completion ]; then\n"
        "\t\twords=bash\n"
        "\telif [[ $verb == run || $verb == doctor ]]; then\n"
        "\t\twords=$(compgen -c -- \"$word\")\n"
        "\telse\n"
        "\t\twords=\"@ $(reqprof ls -n 50 2>/dev/null | awk 'NR > 1 { print $1 }')\"\n"
        "\tfi\n"
        "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
        "}\n"
        "complete -o default -F _reqprof reqprof\n";

static int print_bash(void)
{
	static const char formats[] = ""
#define EXPORT(name, function, end, help) " " name
#include "tools/exports.def"
	        ;

	fputs(bash_head, stdout);
	for (const struct rp_command *c = rp_commands; c->name; c++)
		if (c->help)
			printf("%s%s", c == rp_commands ? "" : " ", c->name);
	printf("'\n\tlocal formats='%s", formats + 1);
	fputs(bash_tail, stdout);
	return rp_term_finish();
}

int rp_cmd_completion(int argc, char **argv)
{
	const struct rp_flag flags[] = {{0}};
	int first, status = rp_flags_parse(flags, "completion bash", argc, argv, &first);

	if (status != RP_FLAGS_GO)
		return status;
	if (first + 1 != argc || strcmp(argv[first], "bash") != 0)
		return rp_term_complain("for which shell?  reqprof completion bash");
	return print_bash();
}
