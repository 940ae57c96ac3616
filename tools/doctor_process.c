/* doctor_process.c - a program on disk or a running process: does LD_PRELOAD reach it?
 *
 * Room: tools.  /proc/PID/environ is no proof (servers overwrite it); /proc/PID/maps is.
 * SPDX-License-Identifier: MIT
 */
#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tools/doctor.h"
#include "tools/elfcheck.h"
#include "tools/memory.h"

enum { MAX_PROC_BYTES = 4 << 20 };

static void say_verdict(struct rp_doctor *d, const char *name, const struct rp_elf *e)
{
	if (!rp_elf_works(e->verdict))
		rp_doctor_say(d, RP_FINDING_NO, "%s %s; %s", name, rp_elf_why(e->verdict),
		              rp_elf_advice(e->verdict));
	else
		rp_doctor_say(d, RP_FINDING_OK, "%s %s", name, rp_elf_why(e->verdict));
}

void rp_doctor_program(struct rp_doctor *d, const char *word)
{
	const struct rp_elf_user self = {getuid(), getgid()}, other = {65534, 65534};
	char file[PATH_MAX];
	struct rp_elf e = {.verdict = rp_elf_find(word, file, sizeof file)};

	if (e.verdict != RP_ELF_OK) {
		say_verdict(d, file, &e);
		return;
	}
	rp_elf_check(&e, file, self);
	if (e.path[0] && strcmp(e.path, file) != 0)
		rp_doctor_say(d, RP_FINDING_OK, "%s is a script; %s runs it", file, e.path);
	say_verdict(d, e.path, &e);
	if (e.verdict != RP_ELF_OK)
		return;
	rp_doctor_symbols(d, e.path);
	rp_doctor_tls_program(d, e.path, e.path);
	rp_elf_check(&e, file, other);
	if (!rp_elf_works(e.verdict))
		rp_doctor_say(d, RP_FINDING_HINT, "started by another user than you, %s %s", e.path,
		              rp_elf_why(e.verdict));
}

/* All of /proc/PID/NAME, NUL-terminated; NULL with errno.  The caller frees. */
static char *read_proc(pid_t pid, const char *name, size_t *n)
{
	char path[64], *bytes = malloc(MAX_PROC_BYTES + 1);

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	FILE *f = fopen(path, "r");

	*n = f && bytes ? fread(bytes, 1, MAX_PROC_BYTES, f) : 0;
	if (!f || !bytes || ferror(f)) {
		int error = errno;

		free(bytes);
		bytes = NULL;
		errno = error;
	} else {
		bytes[*n] = '\0';
	}
	if (f)
		fclose(f);
	return bytes;
}

bool rp_doctor_exe(pid_t pid, char link[64], char target[PATH_MAX])
{
	snprintf(link, 64, "/proc/%d/exe", (int)pid);
	ssize_t n = readlink(link, target, PATH_MAX - 1);

	target[n > 0 ? n : 0] = '\0';
	return n >= 0;
}

static void examine_exe(struct rp_doctor *d, pid_t pid)
{
	char link[64], target[PATH_MAX];
	struct stat st;
	struct rp_elf e;

	if (!rp_doctor_exe(pid, link, target) || stat(link, &st) != 0) {
		rp_doctor_say(d, RP_FINDING_HINT,
		              "the program of process %d may not be read (%s); "
		              "try: sudo reqprof doctor --pid %d",
		              (int)pid, strerror(errno), (int)pid);
		return;
	}
	/* What it may have gained at its start is told by AT_SECURE, not by the file's owner. */
	rp_elf_check(&e, link, (struct rp_elf_user){st.st_uid, st.st_gid});
	if (e.verdict == RP_ELF_FILE_CAPS)
		e.verdict = RP_ELF_OK;
	say_verdict(d, target, &e);
}

static void examine_auxv(struct rp_doctor *d, pid_t pid)
{
	size_t n;
	char *bytes = read_proc(pid, "auxv", &n);

	if (!bytes) {
		rp_doctor_say(d, RP_FINDING_HINT,
		              "/proc/%d/auxv may not be read (%s), so it is not "
		              "known whether the loader dropped LD_PRELOAD",
		              (int)pid, strerror(errno));
		return;
	}
	for (size_t at = 0; at + sizeof(Elf64_auxv_t) <= n; at += sizeof(Elf64_auxv_t)) {
		Elf64_auxv_t entry;

		memcpy(&entry, bytes + at, sizeof entry);
		if (entry.a_type == AT_SECURE && entry.a_un.a_val)
			rp_doctor_say(
			        d, RP_FINDING_NO,
			        "process %d was started with privileges it gained "
			        "(AT_SECURE: setuid, setgid or file capabilities): the loader "
			        "dropped LD_PRELOAD",
			        (int)pid);
	}
	free(bytes);
}

static void say_mapped(struct rp_doctor *d, pid_t pid, const char *maps)
{
	const char *shim = strstr(maps, "/libreqprof.so");

	if (!shim)
		rp_doctor_say(
		        d, RP_FINDING_NO,
		        "process %d has no libreqprof.so in it: start it with "
		        "reqprof run, or put LD_PRELOAD into its unit; env -i, su -l and a re-exec "
		        "of nginx lose it",
		        (int)pid);
	else if (strncmp(shim, "/libreqprof.so (deleted)", 24) == 0)
		rp_doctor_say(d, RP_FINDING_HINT,
		              "process %d runs a libreqprof.so that was replaced "
		              "since: restart it",
		              (int)pid);
	else
		rp_doctor_say(d, RP_FINDING_OK, "process %d has libreqprof.so in it", (int)pid);
}

/* Each mapped program or library once, in the order of addresses; neighbours are equal. */
static void examine_modules(struct rp_doctor *d, char *maps)
{
	char last[PATH_MAX] = "", *rest = maps;

	for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
		char *path = strchr(line, '/'), mode[5];

		if (!path || sscanf(line, "%*s %4s", mode) != 1 || mode[2] != 'x')
			continue;
		if (strcmp(path, last) == 0 || strstr(path, "/libreqprof.so"))
			continue;
		snprintf(last, sizeof last, "%s", path);
		rp_doctor_symbols(d, path);
	}
}

static bool uid_of(pid_t pid, uid_t *uid)
{
	size_t n;
	char *status = read_proc(pid, "status", &n);
	const char *line = status ? strstr(status, "\nUid:") : NULL;
	unsigned real, effective;
	bool ok = line && sscanf(line, "\nUid: %u %u", &real, &effective) == 2;

	if (ok)
		*uid = effective;
	free(status);
	return ok;
}

static void examine_chosen(struct rp_doctor *d, pid_t pid, char *const *environment)
{
	char link[64], target[PATH_MAX];

	if (rp_doctor_exe(pid, link, target))
		rp_doctor_chosen(d, environment, target);
}

/* The environment the process was started with; servers may have written over it. */
static void examine_environment(struct rp_doctor *d, pid_t pid, uid_t uid)
{
	size_t n, n_words = 0;
	char *bytes = read_proc(pid, "environ", &n), **words = NULL;

	if (!bytes)
		rp_doctor_say(d, RP_FINDING_HINT, "the settings of process %d may not be read (%s)",
		              (int)pid, strerror(errno));
	for (size_t at = 0; bytes && at < n; at += strlen(bytes + at) + 1) {
		words = rp_memory_grow(words, n_words, sizeof *words);
		words[n_words++] = bytes + at;
	}
	words = rp_memory_grow(words, n_words, sizeof *words);
	words[n_words] = NULL;
	rp_doctor_settings(d, words);
	if (bytes) {
		rp_doctor_gate(d, words, uid);
		rp_doctor_directory(d, words, uid);
		examine_chosen(d, pid, words);
	}
	free(words);
	free(bytes);
}

void rp_doctor_process(struct rp_doctor *d, pid_t pid)
{
	uid_t uid;
	size_t n;

	if (!uid_of(pid, &uid)) {
		rp_doctor_say(d, RP_FINDING_NO, "there is no process %d", (int)pid);
		return;
	}
	examine_exe(d, pid);
	examine_auxv(d, pid);
	char *maps = read_proc(pid, "maps", &n);

	if (maps)
		say_mapped(d, pid, maps);
	else
		rp_doctor_say(d, RP_FINDING_HINT,
		              "/proc/%d/maps may not be read (%s); try: sudo "
		              "reqprof doctor --pid %d",
		              (int)pid, strerror(errno), (int)pid);
	examine_environment(d, pid, uid);
	if (maps) {
		rp_doctor_tls_process(d, pid, maps);
		examine_modules(d, maps);
	}
	free(maps);
}
