/* thread.c - see thread.h.  Room: cold.  SPDX-License-Identifier: MIT */
#include "preload/cold/thread.h"

#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include "preload/hot/sys.h"
#include "preload/real.h"

/* As the kernel knows it since Linux 3.14; libc's, where it has one, has the same name. */
struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime_ns, deadline_ns, period_ns;
};

/* Who wakes takes the processor at once from who has asked for a larger slice (Linux 6.12), and of
 * two that wait who has asked for the smaller one gets it.  Hosts have 0.7 to 3 ms. */
enum { SLICE_NS = 10000000 };

void rp_thread_steps_back(void)
{
	struct attr attr = {.size = sizeof(attr)};

	if (rp_sys(SYS_sched_getattr, 0, &attr, sizeof(attr), 0) != 0 || attr.policy != SCHED_OTHER)
		return;
	attr.policy = SCHED_BATCH;
	attr.runtime_ns = SLICE_NS;
	rp_sys(SYS_sched_setattr, 0, &attr, 0);
}

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
