/* waits_proc.c - waiting for processes, and for a library that takes its time; see waits.h.
 *
 * Room: tests/hosts.  The library is lib/slow.so beside this program.
 * SPDX-License-Identifier: MIT
 */
#include "waits.h"

#include <dlfcn.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

extern char **environ;

static pid_t child(struct result *r)
{
	pid_t pid = fork();

	if (pid == 0) {
		pause_ms(WAIT_MS);
		_exit(7);
	}
	snprintf(r->object, sizeof(r->object), "%d", (int)pid);
	return pid;
}

static void run_waitpid(struct result *r)
{
	int status = 0;
	pid_t pid = child(r);

	TIMED(r, waitpid(pid, &status, 0));
	r->ret = r->ret == pid;
	r->bytes = WEXITSTATUS(status);
}

static void run_wait4(struct result *r)
{
	struct rusage usage;
	int status = 0;
	pid_t pid = child(r);

	TIMED(r, wait4(pid, &status, 0, &usage));
	r->ret = r->ret == pid;
	r->bytes = WEXITSTATUS(status);
}

static void run_waitid(struct result *r)
{
	siginfo_t info = {0};
	pid_t pid = child(r);

	TIMED(r, waitid(P_PID, (id_t)pid, &info, WEXITED));
	r->bytes = info.si_status;
}

static void run_system(struct result *r)
{
	TIMED(r, system("sleep 0.02; exit 3"));
	r->bytes = WEXITSTATUS(r->ret);
}

static void run_spawn_waitpid(struct result *r)
{
	char *argv[] = {"sleep", "0.02", NULL};
	int status = 0;
	pid_t pid = 0;

	r->bytes = posix_spawnp(&pid, "sleep", NULL, NULL, argv, environ);
	snprintf(r->object, sizeof(r->object), "%d", (int)pid);
	TIMED(r, waitpid(pid, &status, 0));
	r->ret = r->ret == pid && status == 0;
}

/* vfork and exec: the child borrows this thread's stack. */
static void run_vfork_exec(struct result *r)
{
	int status = 0;
	pid_t pid = vfork();

	if (pid == 0) {
		execlp("sleep", "sleep", "0.02", (char *)NULL);
		_exit(127);
	}
	snprintf(r->object, sizeof(r->object), "%d", (int)pid);
	TIMED(r, waitpid(pid, &status, 0));
	r->ret = r->ret == pid;
	r->bytes = WEXITSTATUS(status);
}

/* libc reads and waits by itself here, out of sight. */
static void run_popen(struct result *r)
{
	char text[16] = "";
	FILE *f = popen("sleep 0.02; echo abc", "r");

	TIMED(r, fgets(text, sizeof(text), f) != NULL);
	r->bytes = (long)strlen(text) + 100 * pclose(f);
}

static void run_pclose(struct result *r)
{
	FILE *f = popen("sleep 0.02; exit 4", "r");

	TIMED(r, pclose(f));
	r->bytes = WEXITSTATUS(r->ret);
}

/* The constructor of the library sleeps: the wait is seen through dlopen. */
static void run_dlopen(struct result *r)
{
	char path[300];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 20);

	if (n < 0)
		return;
	path[n] = 0;
	strcpy(strrchr(path, '/'), "/lib/slow.so");
	if (access(path, R_OK) != 0) {
		r->skip = "lib/slow.so-is-not-built";
		return;
	}
	object_text(r, "20 ms");
	TIMED(r, dlopen(path, RTLD_NOW));
	int (*answer)(void) = r->ret ? (int (*)(void))dlsym((void *)r->ret, "slow_answer") : NULL;

	r->bytes = answer ? answer() : -1;
	if (r->ret)
		dlclose((void *)r->ret);
	r->ret = r->ret != 0;
}

static const struct row rows[] = {
        {"waitpid", "waitpid", run_waitpid},
        {"wait4", "waitpid", run_wait4},
        {"waitid", "waitpid", run_waitid},
        {"system", "waitpid", run_system},
        {"spawn_waitpid", "waitpid", run_spawn_waitpid},
        {"vfork_exec", "waitpid", run_vfork_exec},
        {"popen", "-", run_popen},
        {"pclose", "-", run_pclose},
        {"dlopen", "sleep", run_dlopen},
        {0},
};

int main(int argc, char **argv)
{
	return waits_main(argc, argv, rows);
}
