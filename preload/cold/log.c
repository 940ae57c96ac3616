/* log.c - see log.h.  Room: cold.  SPDX-License-Identifier: MIT */
#include "preload/cold/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include "preload/cold/table.h"
#include "preload/hot/self.h"
#include "preload/hot/sys.h"
#include "preload/hot/text.h"
#include "preload/settings.h"

/* Our threads have descriptors of their own, among which 2 is any file. */
static void write_stderr(const struct rp_line *l)
{
	long fd = rp_self.ours ? rp_table_stderr() : 2;

	if (fd < 0)
		return;
	rp_sys(SYS_write, fd, l->at, l->n);
	if (rp_self.ours)
		rp_sys(SYS_close, fd);
}

static void write_line(const struct rp_line *l)
{
	if (strcmp(rp_settings.log, "-") == 0) {
		write_stderr(l);
		return;
	}
	long fd = rp_sys(SYS_openat, AT_FDCWD, rp_settings.log,
	                 O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);

	if (fd < 0)
		return;
	rp_sys(SYS_write, fd, l->at, l->n);
	rp_sys(SYS_close, fd);
}

void rp_log(const char *first, ...)
{
	char text[512];
	struct rp_line l = {text, 0, sizeof(text) - 1};
	va_list args;

	if (!rp_settings.log[0])
		return;
	rp_line_text(&l, "reqprof[");
	rp_line_number(&l, (uint64_t)rp_sys(SYS_getpid, 0), 10);
	rp_line_text(&l, "]: ");
	va_start(args, first);
	for (const char *part = first; part; part = va_arg(args, const char *))
		rp_line_text(&l, part);
	va_end(args);
	text[l.n++] = '\n';
	write_line(&l);
}

const char *rp_log_error(int error)
{
	static const struct {
		int error;
		const char *text;
	} words[] = {
	        {EACCES, "permission denied"},
	        {EPERM, "not permitted"},
	        {ENOENT, "no such directory"},
	        {ENOTDIR, "not a directory"},
	        {ELOOP, "a symbolic link stands there"},
	        {EROFS, "read-only file system"},
	        {ENOSPC, "no space left on the device"},
	        {EDQUOT, "over quota"},
	        {EFBIG, "file too large (RLIMIT_FSIZE or REQPROF_MAX_BYTES)"},
	        {EMFILE, "no descriptor left (RLIMIT_NOFILE)"},
	        {ENFILE, "no file left in the system"},
	        {EAGAIN, "no thread or process left (RLIMIT_NPROC, cgroup)"},
	        {ENOMEM, "no memory"},
	        {EIO, "input/output error"},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].error == error)
			return words[i].text;
	return "the system refused";
}
