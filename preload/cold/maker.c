/* maker.c - see maker.h.  Room: cold.  SPDX-License-Identifier: MIT */
#include "preload/cold/maker.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <linux/memfd.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include "preload/cold/log.h"
#include "preload/cold/maker_parts.h"
#include "preload/cold/sandboxed.h"
#include "preload/hot/clock.h"
#include "preload/hot/sys.h"
#include "preload/limits.h"
#include "preload/settings.h"

enum { HEAD_MAX = 4096, SAID_MAX = 240 };

static _Atomic uint32_t n_running;

void rp_maker_forked(void)
{
	atomic_store(&n_running, 0);
	rp_maker_term_forked();
}

/* What the tool had to say goes into the log, a line of it. */
static void log_said(int said, enum rp_made_how how)
{
	char text[SAID_MAX + 1];
	long n = rp_sys(SYS_pread64, said, text, SAID_MAX, 0);

	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	for (char *c = text; *c; c++)
		if (*c < ' ' || *c == 0x7f)
			*c = '?';
	rp_log("no page: ", rp_maker_why(how), *text ? ": " : NULL, text, NULL);
}

/* Whoever may flag several requests at once shall not have as many tools run at once. */
static bool wait_turn(uint64_t until_ns)
{
	for (;;) {
		uint32_t n = atomic_load(&n_running);
		uint64_t now_ns = rp_mono_ns();

		if (n < RP_MAX_MAKERS) {
			if (atomic_compare_exchange_weak(&n_running, &n, n + 1))
				return true;
			continue;
		}
		if (now_ns >= until_ns)
			return false;
		struct timespec t = rp_timespec(until_ns - now_ns);

		rp_sys(SYS_futex, &n_running, FUTEX_WAIT_PRIVATE, n, &t);
	}
}

static void end_turn(void)
{
	atomic_fetch_sub(&n_running, 1);
	rp_sys(SYS_futex, &n_running, FUTEX_WAKE_PRIVATE, 1);
}

static enum rp_made_how run_tool(const struct rp_maker_job *job, int tool, uint64_t until_ns)
{
	const char *const argv[] = {"reqprof",
	                            "answer",
	                            "--trigger",
	                            rp_settings.rules.name,
	                            rp_modes[job->mode].word,
	                            job->session,
	                            NULL};
	struct rp_maker_run run = {.argv = argv,
	                           .tool = tool,
	                           .out = job->out,
	                           .bounded = job->mode != RP_MODE_TERM,
	                           .until_ns = until_ns,
	                           .said = (int)rp_sys(SYS_memfd_create, "reqprof", MFD_CLOEXEC)};
	enum rp_made_how how = RP_MADE;

	if (run.said < 0)
		return RP_MADE_NO_PROCESS;
	rp_maker_process(&run);
	if (run.error)
		rp_log("reqprof cannot be started: ", rp_log_error((int)-run.error), NULL);
	if (run.error || run.late)
		how = run.late ? RP_MADE_LATE : RP_MADE_NO_PROCESS;
	if (run.late || rp_sys(SYS_lseek, run.said, 0, SEEK_END) > 0)
		log_said(run.said, run.late ? how : RP_MADE_BROKEN);
	rp_sys(SYS_close, run.said);
	return how;
}

enum rp_made_how rp_maker_try(const struct rp_maker_job *job)
{
	if (!job->session)
		return RP_MADE_NO_FILE;
	if (rp_sandboxed() == RP_SANDBOX_OWN)
		return RP_MADE_SANDBOXED;
	int tool = rp_maker_tool();

	if (tool < 0)
		return RP_MADE_NO_TOOL;
	uint64_t most_ms = job->most_ms ? job->most_ms : RP_MAKER_MS;
	uint64_t until_ns = rp_mono_ns() + most_ms * 1000000;
	enum rp_made_how how = RP_MADE_LATE;

	if (wait_turn(until_ns)) {
		how = run_tool(job, tool, until_ns);
		end_turn();
	}
	rp_sys(SYS_close, tool);
	return how;
}

/* The first line says how much follows the head; a tool that died has written less. */
static bool is_whole(int out, struct rp_made *made)
{
	static const char first[] = "Content-Length: ";
	char text[HEAD_MAX + 1] = "", *at = text + sizeof(first) - 1;
	struct stat st;
	long n = rp_sys(SYS_pread64, out, text, HEAD_MAX, 0);
	const char *end = n > 0 ? memmem(text, (size_t)n, "\r\n\r\n", 4) : NULL;

	if (!end || memcmp(text, first, sizeof(first) - 1) != 0 || fstat(out, &st) != 0)
		return false;
	for (made->n_body = 0; *at >= '0' && *at <= '9' && made->n_body < RP_MAKER_BYTES; at++)
		made->n_body = made->n_body * 10 + (size_t)(*at - '0');
	if (*at != '\r')
		return false;
	made->head = (size_t)(at - text) + 2;
	made->body = (size_t)(end - text) + 4;
	made->n_head = made->body - 2 - made->head;
	return made->body + made->n_body == (size_t)st.st_size;
}

bool rp_maker_make(const struct rp_maker_job *job, struct rp_made *made)
{
	*made = (struct rp_made){.how = rp_maker_try(job)};
	if (made->how == RP_MADE && is_whole(job->out, made))
		return true;
	if (made->how == RP_MADE) {
		made->how = RP_MADE_BROKEN;
		rp_log("no page: ", rp_maker_why(made->how), NULL);
	}
	return rp_maker_small(job, made->how) && is_whole(job->out, made);
}
