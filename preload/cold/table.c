/* table.c - see table.h.  Room: cold.  SPDX-License-Identifier: MIT */
#include "preload/cold/table.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/resource.h>
#include "preload/cold/sandboxed.h"
#include "preload/hot/sys.h"

enum { MOST_FDS = 1 << 20 };

bool rp_table_own(void)
{
	struct rlimit most;

	if (rp_sys(SYS_close_range, 0, ~0u, CLOSE_RANGE_UNSHARE) == 0)
		return true;
	if (rp_sys(SYS_unshare, CLONE_FILES) != 0)
		return false;
	if (rp_sys(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, &most) != 0 || most.rlim_cur > MOST_FDS)
		most.rlim_cur = MOST_FDS;
	for (unsigned fd = 0; fd < most.rlim_cur; fd++)
		rp_sys(SYS_close, fd);
	return true;
}

/* A thread may always do this to its own process; where the first thread has ended, nobody may. */
int rp_table_get(int fd)
{
	if (rp_sandboxed() !=
	    RP_SANDBOX_NONE) /* may kill whoever takes descriptors out of a process */
		return -1;
	long self = rp_sys(SYS_pidfd_open, rp_sys(SYS_getpid, 0), 0);
	long copy = self < 0 ? self : rp_sys(SYS_pidfd_getfd, self, fd, 0);

	if (self >= 0)
		rp_sys(SYS_close, self);
	return copy < 0 ? -1 : (int)copy;
}

/* For a moment we have copies of what is below them, and what the host closes then stays open. */
static bool keep(int fd, int set)
{
	int low = set < 0 || fd < set ? fd : set, high = fd < set ? set : fd;

	if (rp_sys(SYS_close_range, high + 1, ~0u, CLOSE_RANGE_UNSHARE) != 0)
		return false;
	if (low > 0)
		rp_sys(SYS_close_range, 0, low - 1, 0);
	if (high > low + 1)
		rp_sys(SYS_close_range, low + 1, high - 1, 0);
	return true;
}

/* What the sandbox is like is not asked before the table is ours, for that takes a descriptor. */
bool rp_table_own_with(int fd, int set, bool *more)
{
	if (rp_sandboxed_last() != RP_SANDBOX_NONE) {
		bool kept = keep(fd, set);

		*more = kept && (set >= 0 || rp_sandboxed() == RP_SANDBOX_NONE);
		return kept;
	}
	*more = true;
	if (!rp_table_own())
		return false;
	int copy = rp_table_get(fd);

	if (copy < 0 || copy == fd)
		return copy == fd;
	long own = rp_sys(SYS_dup3, copy, fd, O_CLOEXEC);

	rp_sys(SYS_close, copy);
	return own >= 0;
}

/* Taken, it may write wherever the host may, also to a socket (journald's); opened anew, the user
 * whom the host runs as by now must be allowed to. */
long rp_table_stderr(void)
{
	int fd = rp_table_get(2);

	return fd >= 0 ? fd
	               : rp_sys(SYS_openat, AT_FDCWD, "/proc/self/fd/2",
	                        O_WRONLY | O_APPEND | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}
