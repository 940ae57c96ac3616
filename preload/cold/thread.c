/* thread.c - see thread.h.  Room: cold.  SPDX-License-Identifier: MIT */
#include "preload/cold/thread.h"

#include <errno.h>
#include "preload/hot/sys.h"
#include "preload/real.h"

int rp_thread_start(void *(*run)(void *), void *arg, size_t stack_bytes)
{
	uint64_t before = rp_sigmask(SIG_SETMASK, ~(rp_sigbit(32) | rp_sigbit(33)));
	int host_errno = errno, error;
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, stack_bytes);
	error = rp_real.pthread_create(&thread, &attr, run, arg);
	pthread_attr_destroy(&attr);
	rp_sigmask(SIG_SETMASK, before);
	errno = host_errno;
	return error;
}
