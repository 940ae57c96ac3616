/* forks.c - a server that forks for each connection; the child leaves by _exit right after its
 * answer.
 *
 * Room: tests/hosts.  /plain, /vfork, /fork, /spawn.  SPDX-License-Identifier: MIT
 */
#include "http.h"

#include <spawn.h>
#include <sys/wait.h>

extern char **environ;

/* The status of PID as a text. */
static const char *fate(pid_t pid)
{
	static char text[64];
	int status = -1;
	bool ours = waitpid(pid, &status, 0) == pid;

	snprintf(text, sizeof(text), "child %s, status %x", ours ? "ended" : "lost",
	         (unsigned)status);
	return text;
}

/* The child borrows this stack until it execs. */
static bool serve_vfork(int fd)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", "exit 5", (char *)NULL);
		_exit(127);
	}
	return http_answer(fd, "vfork: %s\n", fate(pid));
}

/* A helper that does I/O of its own while the request is open. */
static bool serve_fork(int fd)
{
	int fds[2];
	char text[100] = "";
	ssize_t n = 0, got;

	if (pipe(fds) != 0)
		return false;
	pid_t pid = fork();

	if (pid == 0) {
		usleep(10000);
		if (write(fds[1], "from the child", 14) != 14)
			_exit(1);
		_exit(6);
	}
	close(fds[1]);
	while ((got = read(fds[0], text + n, sizeof(text) - 1 - (size_t)n)) > 0)
		n += got;
	close(fds[0]);
	return http_answer(fd, "fork: %s, %s\n", text, fate(pid));
}

static bool serve_spawn(int fd)
{
	char *argv[] = {"sh", "-c", "kill -s KILL $$", NULL};
	pid_t pid = -1;
	int ret = posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ);

	return http_answer(fd, "spawn: %d, %s\n", ret, fate(pid));
}

static bool serve(int fd, const struct http_request *q)
{
	usleep(3000);
	if (strcmp(q->path, "/vfork") == 0)
		return serve_vfork(fd);
	if (strcmp(q->path, "/fork") == 0)
		return serve_fork(fd);
	if (strcmp(q->path, "/spawn") == 0)
		return serve_spawn(fd);
	return http_answer(fd, "one of many children\n");
}

static void child(int fd)
{
	struct http_request q;

	if (http_read(fd, &q))
		serve(fd, &q);
	_exit(0);
}

int main(int argc, char **argv)
{
	int listener = http_listen(argc, argv);

	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd >= 0 && fork() == 0) {
			close(listener);
			child(fd);
		}
		close(fd);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}
