/* cmd_doctor.c - reqprof doctor: what works here, what does not, and what to do about it.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "store/catalog.h"
#include "tools/commands.h"
#include "tools/doctor.h"
#include "tools/findshim.h"
#include "tools/flags.h"
#include "tools/profile.h"
#include "tools/term.h"
#include "tools/values.h"

void rp_doctor_say(struct rp_doctor *d, enum rp_finding kind, const char *format, ...)
{
	static const char *const words[] = {"ok", "no", "hint"};
	char text[PATH_MAX + 512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	d->n_no += kind == RP_FINDING_NO;
	if (d->json) {
		json_t *row = json_pack("{s:s,s:s}", "finding", words[kind], "text", text);

		if (row) /* NULL: bytes that are not UTF-8 */
			json_array_append_new(d->json, row);
		return;
	}
	printf("%-5s ", words[kind]);
	rp_term_text(stdout, text, strlen(text), true);
	putchar('\n');
}

static void examine_shim(struct rp_doctor *d)
{
	char path[PATH_MAX];
	struct rp_why why;

	if (rp_findshim(path, sizeof path, &why))
		rp_doctor_say(d, RP_FINDING_OK, "reqprof run uses %s", path);
	else
		rp_doctor_say(d, RP_FINDING_NO, "%s", why.text);
}

void rp_doctor_session(struct rp_doctor *d, const char *path)
{
	struct rp_profile p;
	struct rp_why why;
	char *paths[] = {(char *)path};

	if (!rp_profile_open(&p, paths, 1, &why)) {
		rp_doctor_say(d, RP_FINDING_NO, "%s", why.text);
		return;
	}
	if (p.sessions[0].why)
		rp_doctor_say(d, RP_FINDING_HINT, "the latest session, %s, is %s", path,
		              p.sessions[0].why);
	for (size_t i = 0; i < p.sessions[0].n_lost; i++)
		rp_doctor_say(d, RP_FINDING_HINT, "the latest session lost %llu of %s",
		              (unsigned long long)p.sessions[0].lost[i].value,
		              p.sessions[0].lost[i].name);
	for (size_t i = 0; i < p.n_modules; i++)
		if (p.modules[i].path[0] == '/')
			rp_doctor_symbols(d, p.modules[i].path);
	rp_profile_close(&p);
}

static void examine_sessions(struct rp_doctor *d)
{
	struct rp_catalog c;
	struct rp_why why;

	if (!rp_catalog_open(&c, NULL, 0, &why)) {
		rp_doctor_say(d, RP_FINDING_NO, "%s", why.text);
		return;
	}
	for (size_t i = 0; i < c.n_denied; i++)
		rp_doctor_say(d, RP_FINDING_HINT, "%s may not be read; try: sudo reqprof ls %s",
		              c.denied[i], c.denied[i]);
	if (c.n)
		rp_doctor_session(d, c.entries[c.n - 1].path);
	else
		rp_doctor_say(d, RP_FINDING_HINT,
		              "there are no sessions yet: flag a request with "
		              "?profile=1");
	rp_catalog_close(&c);
}

/* This shell: what a server started from it would get. */
static void examine_here(struct rp_doctor *d)
{
	extern char **environ;

	rp_doctor_settings(d, environ);
	rp_doctor_gate(d, environ, geteuid());
	rp_doctor_directory(d, environ, geteuid());
}

static int close_report(struct rp_doctor *d)
{
	if (d->json) {
		json_t *whole = json_pack("{s:o}", "findings", d->json);

		json_dumpf(whole, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(whole);
	}
	int status = rp_term_finish();

	return status == RP_EXIT_OK && d->n_no ? RP_EXIT_NO : status;
}

int rp_cmd_doctor(int argc, char **argv)
{
	const char *pid_text = NULL, *debug_dir = NULL, *sysroot = NULL;
	bool json = false;
	const struct rp_flag flags[] = {
	        {'p', "pid", "PID", "examine a running process", &pid_text, NULL},
	        {0, "json", NULL, "JSON instead of text", NULL, &json},
	        {0, "debug-dir", "DIR", "look for debug files here first", &debug_dir, NULL},
	        {0, "sysroot", "DIR", "the recorded programs are below DIR", &sysroot, NULL},
	        {0},
	};
	struct rp_doctor d = {0};
	uint64_t pid = 0;
	int first, status = rp_flags_parse(flags, "doctor [--json] [PROGRAM | --pid PID]", argc,
	                                   argv, &first);

	if (status != RP_FLAGS_GO)
		return status;
	if (argc - first > 1 || (pid_text && first < argc))
		return rp_term_complain("one program or one --pid at a time");
	if (pid_text && (!rp_value_count(pid_text, &pid) || pid < 1 || pid > INT_MAX))
		return rp_term_complain("--pid wants the number of a process, not '%s'", pid_text);
	d.debug_dir = debug_dir;
	d.sysroot = sysroot;
	d.json = json ? json_array() : NULL;
	examine_shim(&d);
	rp_doctor_debuginfod(&d);
	unsetenv("DEBUGINFOD_URLS"); /* examined; from here on nothing is to be downloaded */
	if (pid)
		rp_doctor_process(&d, (pid_t)pid);
	else
		examine_here(&d);
	if (first < argc)
		rp_doctor_program(&d, argv[first]);
	else if (!pid)
		examine_sessions(&d);
	return close_report(&d);
}
