/* doctor_symbols.c - which modules have names and lines, and which package or flag brings them.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "symbolize/symbolize.h"
#include "tools/doctor.h"

/* Packages whose debug package is not called NAME-dbgsym. */
static const struct {
	const char *begin, *debug;
} debug_packages[] = {
        {"libc6", "libc6-dbg"},
        {"python3.11", "python3.11-dbg"},
        {"libpython3.11", "python3.11-dbg"},
};

/* The first line that ARGV prints, into LINE; false when it fails. */
static bool first_line(char *const *argv, char *line, size_t cap)
{
	extern char **environ;
	posix_spawn_file_actions_t actions;
	int ends[2], state = -1;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return false;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	int failed = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);

	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	FILE *f = fdopen(ends[0], "r");
	bool got = !failed && f && fgets(line, (int)cap, f) != NULL;

	if (f)
		fclose(f);
	if (!failed)
		waitpid(pid, &state, 0);
	return got;
}

/* The Debian package that holds PATH.  Before /usr was merged many were registered without it. */
static bool package_of(const char *path, char *package, size_t cap)
{
	char real[PATH_MAX];

	if (!realpath(path, real))
		return false;
	const char *spellings[] = {real, strncmp(real, "/usr/", 5) == 0 ? real + 4 : path};

	for (size_t i = 0; i < 2; i++) {
		char *argv[] = {(char[]){"dpkg-query"}, (char[]){"-S"}, (char *)spellings[i], NULL};

		if (!first_line(argv, package, cap))
			continue;
		package[strcspn(package, ":, ")] = '\0';
		return *package != '\0';
	}
	return false;
}

static void say_missing(struct rp_doctor *d, const char *path, const char *what)
{
	char package[256];
	const char *debug = NULL;

	if (!package_of(path, package, sizeof package)) {
		rp_doctor_say(d, RP_FINDING_HINT,
		              "%s: %s; compile it with -g for inlined functions "
		              "and lines",
		              path, what);
		return;
	}
	for (size_t i = 0; i < sizeof debug_packages / sizeof debug_packages[0]; i++)
		if (strncmp(package, debug_packages[i].begin, strlen(debug_packages[i].begin)) == 0)
			debug = debug_packages[i].debug;
	rp_doctor_say(d, RP_FINDING_HINT, "%s: %s; inlined functions and lines: apt install %s%s",
	              path, what, debug ? debug : package,
	              debug ? "" : "-dbgsym (of the debian-debug archive)");
}

static void say_state(struct rp_doctor *d, const char *path, enum rp_sym_state state,
                      const char *source, const char *why)
{
	switch (state) {
	case RP_SYM_DEBUG:
		rp_doctor_say(d, RP_FINDING_OK, "%s: functions and lines from %s", path,
		              source ? source : path);
		break;
	case RP_SYM_SYMTAB:
		say_missing(d, path, "functions are known, lines are not");
		break;
	case RP_SYM_DYNSYM:
		say_missing(d, path, "only exported functions are known");
		break;
	case RP_SYM_NO_FILE:
		rp_doctor_say(d, RP_FINDING_HINT, "%s: the file is gone", path);
		break;
	case RP_SYM_OTHER_BUILD:
		rp_doctor_say(d, RP_FINDING_HINT, "%s: the file was replaced by another build",
		              path);
		break;
	case RP_SYM_BAD_FILE:
		rp_doctor_say(d, RP_FINDING_HINT, "%s: not an ELF file, or a damaged one", path);
		break;
	case RP_SYM_REFUSED:
		rp_doctor_say(d, RP_FINDING_HINT, "%s: its debug information was refused (%s)",
		              path, why);
		break;
	}
}

void rp_doctor_symbols(struct rp_doctor *d, const char *path)
{
	struct rp_symbolizer *s = rp_sym_make();
	char below[PATH_MAX], debug[PATH_MAX];
	struct rp_sym_module module = {.path = path};
	const uint64_t anywhere = 0;
	const char *source = NULL;
	struct rp_frames frames;

	if (d->sysroot) {
		snprintf(below, sizeof(below), "%s%s", d->sysroot, path);
		snprintf(debug, sizeof(debug), "%s/usr/lib/debug", d->sysroot);
		module.path = below;
	}
	if (d->debug_dir || d->sysroot)
		rp_sym_debug_dir(s, d->debug_dir ? d->debug_dir : debug);

	int handle = rp_sym_add(s, &module);

	rp_sym_resolve(s, handle, &anywhere, 1, &frames);
	enum rp_sym_state state = rp_sym_state(s, handle, &source);

	say_state(d, path, state, source, rp_sym_why(s, handle));
	rp_sym_free(s);
}

void rp_doctor_debuginfod(struct rp_doctor *d)
{
	const char *urls = getenv("DEBUGINFOD_URLS");
	void *library = dlopen("libdebuginfod.so.1", RTLD_LAZY | RTLD_LOCAL);

	if (!library)
		rp_doctor_say(d, RP_FINDING_HINT,
		              "libdebuginfod is not installed: with it debug files "
		              "come over the network (apt install libdebuginfod1)");
	else if (!urls || !*urls)
		rp_doctor_say(d, RP_FINDING_HINT,
		              "debug files can come over the network: export "
		              "DEBUGINFOD_URLS=URL, your distribution's debuginfod server");
	else
		rp_doctor_say(d, RP_FINDING_OK, "debug files come from %s when they are not here",
		              urls);
	if (library)
		dlclose(library);
}
