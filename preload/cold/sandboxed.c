/* sandboxed.c - see sandboxed.h.  Room: cold.  SPDX-License-Identifier: MIT */
#include "preload/cold/sandboxed.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include "preload/hot/sys.h"

static bool born;

void rp_sandboxed_boot(void)
{
	born = rp_sys(SYS_prctl, PR_GET_SECCOMP, 0, 0, 0, 0) != 0;
}

static _Atomic int last = RP_SANDBOX_OWN;

enum rp_sandbox rp_sandboxed_last(void)
{
	return born ? RP_SANDBOX_BORN : (enum rp_sandbox)last;
}

/* Read, since by now prctl itself may be what kills. */
enum rp_sandbox rp_sandboxed(void)
{
	static const char none[] = "\nSeccomp:\t0";
	char text[4096];
	long fd, n;

	if (born)
		return RP_SANDBOX_BORN;
	fd = rp_sys(SYS_openat, AT_FDCWD, "/proc/thread-self/status", O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? fd : rp_sys(SYS_read, fd, text, sizeof(text));
	if (fd >= 0)
		rp_sys(SYS_close, fd);
	bool free = n > 0 && memmem(text, (size_t)n, none, sizeof(none) - 1);

	last = free ? RP_SANDBOX_NONE : RP_SANDBOX_OWN;
	return free ? RP_SANDBOX_NONE : RP_SANDBOX_OWN;
}
