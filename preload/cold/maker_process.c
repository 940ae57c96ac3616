/* maker_process.c - three processes in a row: the host, one that waits, the tool.
 *
 * Room: cold.  The one that waits shares the memory of the host, for a copy of its page tables
 * would hold up all its threads: it has a stack of ours and makes system calls only.  It has the
 * thread-locals of our thread, too, which waits meanwhile.
 * SPDX-License-Identifier: MIT
 */
#include "preload/cold/maker_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ioprio.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include "preload/hot/clock.h"
#include "preload/hot/sys.h"
#include "preload/limits.h"

enum {
	STACK_BYTES = 32 << 10, /* each */
	TOOL_FD = 3,
	MOST_FDS = 1024, /* of our thread's own table, where close_range is unknown */
	DATA_BYTES = 512 << 20,
	NICE = 19,
	LEFTOVER_NS = 1000000000, /* for what the tool left behind */
};

struct middle {
	struct rp_maker_run *run;
	char *stack; /* of the tool until its exec, then that of the one in between */
};

/* As the kernel knows it. */
struct action {
	void *handler;
	unsigned long flags;
	void *restorer;
	uint64_t mask;
};

/* The table of handlers is a copy: the host keeps its own. */
static void handle(int signal, unsigned long flags)
{
	const struct action by_default = {.flags = flags};

	rp_sys(SYS_rt_sigaction, signal, &by_default, NULL, sizeof(by_default.mask));
}

static void limit(int what, uint64_t most)
{
	struct rlimit now, to = {most, most};

	if (rp_sys(SYS_prlimit64, 0, what, 0, &now) == 0 && now.rlim_max < most)
		to.rlim_cur = to.rlim_max = now.rlim_max;
	rp_sys(SYS_prlimit64, 0, what, &to, 0);
}

static void bound(const struct rp_maker_run *run)
{
	uint64_t now_ns = rp_mono_ns(),
	         left_ns = run->until_ns > now_ns ? run->until_ns - now_ns : 0;

	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_CPU, left_ns / 1000000000 + 1);
	limit(RLIMIT_DATA, DATA_BYTES);
	limit(RLIMIT_STACK, 8 << 20);
	if (run->bounded)
		limit(RLIMIT_FSIZE, RP_MAKER_BYTES);
}

/* Of several that want a processor the host comes first; also where it is a real-time one. */
static void step_back(void)
{
	const struct sched_param none = {0};

	rp_sys(SYS_sched_setscheduler, 0, SCHED_BATCH, &none);
	rp_sys(SYS_setpriority, PRIO_PROCESS, 0,
	       NICE); /* refused where it would be a step forward */
	rp_sys(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 7));
}

static int tool(void *arg)
{
	static const char *const environment[] = {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", NULL};
	struct rp_maker_run *run = arg;

	rp_sys(SYS_setsid, 0);
	rp_sys(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	rp_sys(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	bound(run);
	step_back();
	handle(SIGCHLD, 0);
	rp_sigmask(SIG_SETMASK, 0);
	run->error = rp_sys(SYS_execveat, TOOL_FD, "", run->argv, environment, AT_EMPTY_PATH);
	rp_sys(SYS_exit_group, 127);
	return 0;
}

/* 0, 1, 2 and the tool; nothing else that would keep a connection of the host open. */
static long arrange_fds(const struct rp_maker_run *run)
{
	const int from[] = {run->said, run->out, run->said, run->tool};
	long high[4], ret = 0;

	for (int i = 0; i < 4 && ret >= 0; i++)
		ret = high[i] = rp_sys(SYS_fcntl, from[i], F_DUPFD, 16);
	for (int i = 0; i < 4 && ret >= 0; i++)
		ret = rp_sys(SYS_dup3, high[i], i, i == TOOL_FD ? O_CLOEXEC : 0);
	if (ret >= 0 && rp_sys(SYS_close_range, TOOL_FD + 1, ~0u, 0) != 0)
		for (int fd = TOOL_FD + 1; fd < MOST_FDS; fd++)
			rp_sys(SYS_close, fd);
	return ret < 0 ? ret : 0;
}

/* Sleeps until a child ends.  False: it is UNTIL_NS. */
static bool sleep_until(uint64_t until_ns)
{
	const uint64_t child = rp_sigbit(SIGCHLD);
	uint64_t now_ns = rp_mono_ns();

	if (now_ns >= until_ns)
		return false;
	struct timespec left = rp_timespec(until_ns - now_ns);

	rp_sys(SYS_rt_sigtimedwait, &child, 0, &left, sizeof(child));
	return true;
}

/* The kernel forgets the tool when it ends (SA_NOCLDWAIT), or the host would have its CPU time in
 * RUSAGE_CHILDREN.  What the tool leaves behind becomes ours and dies with it. */
static void wait_for_tool(struct rp_maker_run *run, long pid)
{
	while (rp_sys(SYS_wait4, pid, 0, WNOHANG, 0) == 0)
		if (!sleep_until(run->until_ns)) {
			run->late = true;
			rp_sys(SYS_kill, pid, SIGKILL);
			break;
		}
	uint64_t until_ns = rp_mono_ns() + LEFTOVER_NS;

	while (rp_sys(SYS_wait4, -1, 0, WNOHANG | __WALL, 0) == 0 && sleep_until(until_ns))
		;
}

static int middle(void *arg)
{
	struct middle *m = arg;
	long pid;

	for (int signal = 1; signal <= 64; signal++)
		handle(signal, signal == SIGCHLD ? SA_NOCLDWAIT : 0);
	rp_sys(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	rp_sys(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	m->run->error = arrange_fds(m->run);
	if (!m->run->error) {
		pid = clone(tool, m->stack, CLONE_VM | CLONE_VFORK | SIGCHLD, m->run);
		if (pid < 0)
			m->run->error = -errno;
		for (int fd = 0; fd <= TOOL_FD; fd++)
			rp_sys(SYS_close, fd);
		if (pid > 0)
			wait_for_tool(m->run, pid);
	}
	rp_sys(SYS_exit_group, 0);
	return 0;
}

void rp_maker_process(struct rp_maker_run *run)
{
	char *stack = mmap(NULL, 2 * STACK_BYTES, PROT_READ | PROT_WRITE,
	                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	struct middle m = {run, stack + STACK_BYTES};
	uint64_t before = rp_sigmask(SIG_SETMASK, ~0ull);
	long pid = stack == MAP_FAILED ? -1 : clone(middle, stack + 2 * STACK_BYTES, CLONE_VM, &m);

	if (pid < 0)
		run->error = -errno;
	rp_sigmask(SIG_SETMASK, before);
	while (pid > 0 && rp_sys(SYS_wait4, pid, 0, __WCLONE, 0) == -EINTR)
		;
	if (stack != MAP_FAILED)
		munmap(stack, 2 * STACK_BYTES);
}
