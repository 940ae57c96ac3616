/* cmd_run.c - reqprof run: LD_PRELOAD, REQPROF_*, and then the server in this very process.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tools/commands.h"
#include "tools/elfcheck.h"
#include "tools/findshim.h"
#include "tools/flags.h"
#include "tools/memory.h"
#include "tools/setting.h"
#include "tools/term.h"

enum {
	EXIT_UNUSABLE = 126, /* as env(1): found, but cannot be run this way */
	EXIT_MISSING = 127,
};

/* One option for each setting of the shim, named like it. */
struct choices {
	struct rp_flag flags[RP_FLAGS_MAX + 1];
	char names[RP_FLAGS_MAX][32];
	const char *values[RP_FLAGS_MAX];
};

static void fill_choices(struct choices *c)
{
	memset(c, 0, sizeof *c);
	for (size_t i = 0; rp_setting_rows[i].name; i++)
		c->flags[i] = (struct rp_flag){
		        .name = rp_setting_option(&rp_setting_rows[i], c->names[i]),
		        .argument = rp_setting_rows[i].argument,
		        .help = rp_setting_rows[i].help,
		        .text = &c->values[i],
		};
}

/* A path is the server's, which may change its directory: it must start at the root. */
static char *from_root(struct rp_heap *heap, const char *path)
{
	char here[PATH_MAX];

	if (*path == '/' || strcmp(path, "-") == 0 || !getcwd(here, sizeof here))
		return rp_heap_print(heap, "%s", path);
	return rp_heap_print(heap, "%s/%s", here, path);
}

static int export_choices(const struct choices *c, struct rp_heap *heap)
{
	for (size_t i = 0; rp_setting_rows[i].name; i++) {
		const struct rp_setting *s = &rp_setting_rows[i];
		const char *value = c->values[i];
		struct rp_why why;

		if (!value)
			continue;
		if (s->kind == RP_SETTING_PATH || s->kind == RP_SETTING_LOG ||
		    s->kind == RP_SETTING_SECRET)
			value = from_root(heap, value);
		if (!rp_setting_check(s, value, &why) ||
		    (strcmp(s->name, "DIR") == 0 && !rp_setting_place(value, &why)))
			return rp_term_complain("--%s %s: %s", c->names[i], value, why.text);
		setenv(rp_heap_print(heap, "REQPROF_%s", s->name), value, 1);
	}
	return RP_FLAGS_GO;
}

/* From a terminal the person at it is the one who asks: local clients may then see everything. */
static void open_for_terminal(void)
{
	if (!isatty(STDIN_FILENO) && !isatty(STDERR_FILENO))
		return;
	if (getenv("REQPROF_OPEN") || getenv("REQPROF_SECRET_FILE") || getenv("REQPROF"))
		return;
	setenv("REQPROF_OPEN", "loopback", 1);
	fputs("reqprof: started from a terminal, so REQPROF_OPEN=loopback is set: local clients "
	      "may use every mode\n",
	      stderr);
}

/* 0 when LD_PRELOAD will reach FILE, else the exit status, said why. */
static int judge(const char *word, char *file, size_t cap)
{
	struct rp_elf e;
	enum rp_elf_verdict found = rp_elf_find(word, file, cap);
	struct rp_elf_user self = {.uid = getuid(), .gid = getgid()};

	if (found == RP_ELF_OK)
		rp_elf_check(&e, file, self);
	else
		e = (struct rp_elf){.verdict = found};
	if (rp_elf_works(e.verdict))
		return 0;
	bool script = e.path[0] && strcmp(e.path, file) != 0;

	rp_term_complain("%s%s%s %s; %s", file, script ? ": its interpreter " : "",
	                 script ? e.path : "", rp_elf_why(e.verdict), rp_elf_advice(e.verdict));
	return found == RP_ELF_MISSING ? EXIT_MISSING : EXIT_UNUSABLE;
}

/* Whoever starts a server by hand wants to see what it does: reqprof ps, unless he said no. */
static void show_in_flight(void)
{
	const char *all = getenv("REQPROF");

	if (!all || !strcasestr(all, "ps="))
		setenv("REQPROF_PS", "1", 0);
}

/* Sessions of a server that was started in vain would be missed later. */
static bool has_place(void)
{
	const char *dir = getenv("REQPROF_DIR");
	struct rp_why why;

	if (!dir || !*dir || rp_setting_place(dir, &why))
		return true;
	rp_term_complain("REQPROF_DIR: %s %s", dir, why.text);
	return false;
}

static bool preload(struct rp_heap *heap)
{
	char shim[PATH_MAX];
	struct rp_why why;
	const char *old = getenv("LD_PRELOAD");

	if (!rp_findshim(shim, sizeof shim, &why)) {
		rp_term_complain("%s", why.text);
		return false;
	}
	setenv("LD_PRELOAD", old && *old ? rp_heap_print(heap, "%s:%s", shim, old) : shim, 1);
	return true;
}

/* Becomes the server; comes back with an exit status only when that fails. */
static int start(char **words, struct rp_heap *heap)
{
	char file[PATH_MAX];
	int status = judge(words[0], file, sizeof file);

	if (status != 0)
		return status;
	if (!has_place() || !preload(heap))
		return EXIT_UNUSABLE;
	open_for_terminal();
	show_in_flight();
	fflush(NULL);
	execvp(file, words);
	int error = errno;

	rp_term_complain("%s cannot be started: %s", file, strerror(error));
	return error == ENOENT ? EXIT_MISSING : EXIT_UNUSABLE;
}

int rp_cmd_run(int argc, char **argv)
{
	struct choices choices;
	struct rp_heap heap = {0};
	int first;

	fill_choices(&choices);
	int status = rp_flags_parse(choices.flags, "+run [options] [--] SERVER [ARGUMENT...]", argc,
	                            argv, &first);

	if (status != RP_FLAGS_GO)
		return status;
	if (first == argc)
		return rp_term_complain("which server?  reqprof run -- ./server arguments");
	status = export_choices(&choices, &heap);
	if (status == RP_FLAGS_GO)
		status = start(argv + first, &heap);
	rp_heap_free(&heap);
	return status;
}
