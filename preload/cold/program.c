/* program.c - see program.h.  Room: cold.  SPDX-License-Identifier: MIT */
#include "preload/cold/program.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/auxv.h>
#include "preload/hot/sys.h"

/* NAME, of N bytes, is PATH or, when it has no slash, its last component. */
static bool names(const char *name, size_t n, const char *path)
{
	const char *last = strrchr(path, '/');

	if (!memchr(name, '/', n) && last)
		path = last + 1;
	return n && strlen(path) == n && memcmp(path, name, n) == 0;
}

bool rp_program_is_one_of(const char *list)
{
	char exe[PATH_MAX];
	const char *executed;
	long n_exe;

	if (!*list)
		return true;
	executed = (const char *)getauxval(AT_EXECFN);
	n_exe = rp_sys(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", exe, sizeof(exe) - 1);
	exe[n_exe > 0 ? n_exe : 0] = '\0';
	while (*list) {
		size_t n = strcspn(list, ",");

		if (names(list, n, exe) || (executed && names(list, n, executed)))
			return true;
		list += n + (list[n] == ',');
	}
	return false;
}
