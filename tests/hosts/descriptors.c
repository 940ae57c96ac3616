/* descriptors.c - a server that does with its descriptors what it likes: dup, reuse, closefrom,
 * lists of all it has.
 *
 * Room: tests/hosts.  `descriptors PORT one-byte` reads heads byte by byte.
 * SPDX-License-Identifier: MIT
 */
#include "http.h"

#include <dirent.h>
#include <fcntl.h>

static const char fake[] = "GET /not-a-request?profile=1 HTTP/1.1\r\nHost: x\r\n\r\n";

static int n_reused;

/* What FD is; the numbers of sockets and pipes say nothing. */
static void describe(char *text, size_t cap, const char *fd)
{
	char link[300], to[200];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%s", fd);
	n = readlink(link, to, sizeof(to) - 1);
	to[n > 0 ? n : 0] = 0;
	if (strchr(to, '['))
		*strchr(to, '[') = 0;
	snprintf(text, cap, "fd %s %s\n", fd, to);
}

static void name_task(char *text, size_t cap, const char *tid)
{
	char path[300], comm[64] = "gone\n";

	snprintf(path, sizeof(path), "/proc/self/task/%s/comm", tid);
	FILE *f = fopen(path, "r");

	if (f) {
		if (!fgets(comm, sizeof(comm), f))
			comm[0] = 0;
		fclose(f);
	}
	snprintf(text, cap, "task %s", comm);
}

static size_t list(char *text, size_t cap, const char *path,
                   void (*tell)(char *, size_t, const char *))
{
	DIR *d = opendir(path);
	struct dirent *e;
	size_t n = 0;

	text[0] = 0;
	while (d && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		tell(text + n, cap - n, e->d_name);
		n += strlen(text + n);
	}
	if (d)
		closedir(d);
	return n;
}

/* All that this process can see of itself; twice, so that much happens in between. */
static bool serve_list(int fd)
{
	char text[4000];
	size_t n = 0;

	for (int i = 0; i < 2; i++) {
		n += list(text + n, sizeof(text) - n, "/proc/self/fd", describe);
		n += list(text + n, sizeof(text) - n, "/proc/self/task", name_task);
		if (i == 0)
			usleep(100000);
	}
	return http_answer_text(fd, text);
}

/* Closes everything above FD in mid-request, as daemons and spawners do; HOW says by what. */
static bool serve_close(int fd, const char *how)
{
	int closed = open("/dev/null", O_RDONLY), fds[2];

	usleep(5000);
	if (strcmp(how, "closefrom") == 0)
		closefrom(fd + 1);
	else if (strcmp(how, "close_range") == 0)
		close_range((unsigned)fd + 1, ~0u, 0);
	else
		for (int i = fd + 1; i < 1024; i++)
			close(i);
	usleep(80000);
	bool gone = fcntl(closed, F_GETFD) < 0 && errno == EBADF;
	bool first = pipe(fds) == 0 && fds[0] == fd + 1;

	if (fds[0] > 0) {
		close(fds[0]);
		close(fds[1]);
	}
	return http_answer(fd, "%s: gone %d, lowest number is next %d\n", how, gone, first);
}

/* Passes a request-like text over FDS[0], whose number was a connection's. */
static void talk_over(const int fds[2])
{
	char buf[sizeof(fake)];

	for (int i = 0; i < 2; i++)
		if (write(fds[1], fake, sizeof(fake) - 1) < 0 ||
		    read(fds[0], buf, sizeof(buf)) != sizeof(fake) - 1)
			perror("talk");
}

/* Answers, closes, and uses the number again for something else at once. */
static bool serve_reuse(int fd, bool socket)
{
	int fds[2] = {-1, -1};

	http_answer(fd, "the number will be used again\n");
	shutdown(fd, SHUT_WR);
	close(fd);
	if ((socket ? socketpair(AF_UNIX, SOCK_STREAM, 0, fds) : pipe(fds)) != 0)
		return false;
	n_reused += fds[0] == fd;
	talk_over(fds);
	close(fds[1]);
	return false; /* fds[0] has the number that the caller closes */
}

/* The number is taken over while it is open. */
static bool serve_dup2_over(int fd)
{
	int fds[2];

	http_answer(fd, "the number will be taken over\n");
	if (pipe(fds) != 0)
		return false;
	dup2(fds[0], fd);
	talk_over((int[2]){fd, fds[1]});
	close(fds[0]);
	close(fds[1]);
	n_reused++;
	return false;
}

/* Reads on one descriptor, answers on another of the same connection; the first is closed. */
static bool serve_dup(int fd, const char *how)
{
	int copy = strcmp(how, "dup") == 0    ? dup(fd)
	           : strcmp(how, "dup2") == 0 ? dup2(fd, 200)
	           : strcmp(how, "dup3") == 0 ? dup3(fd, 201, O_CLOEXEC)
	                                      : fcntl(fd, F_DUPFD_CLOEXEC, 300);

	close(fd);
	usleep(2000);
	http_answer(copy, "answered on %s\n", how);
	close(copy);
	dup2(STDERR_FILENO, fd); /* something for the caller to close */
	return false;
}

/* The client is asked for more and given a time limit, as servers do. */
static bool serve_timeo(int fd)
{
	struct timeval t = {.tv_usec = 20000}, none = {0};
	char byte;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	int64_t began_us = http_now_us();
	long got = recv(fd, &byte, 1, 0);
	int why = errno;
	bool late = http_now_us() - began_us >= 19000;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &none, sizeof(none));
	return http_answer(fd, "recv with a limit: %ld, errno %d, in time %d\n", got, why, late);
}

static bool serve(int fd, const struct http_request *q)
{
	const char *name = q->path + 1;

	if (strcmp(name, "list") == 0)
		return serve_list(fd);
	if (strncmp(name, "close", 5) == 0)
		return serve_close(fd, name);
	if (strncmp(name, "reuse-", 6) == 0)
		return serve_reuse(fd, strcmp(name, "reuse-socket") == 0);
	if (strcmp(name, "taken-over") == 0)
		return serve_dup2_over(fd);
	if (strncmp(name, "dup", 3) == 0 || strncmp(name, "fcntl", 5) == 0)
		return serve_dup(fd, name);
	if (strcmp(name, "timeo") == 0)
		return serve_timeo(fd);
	if (strcmp(name, "count") == 0)
		return http_answer(fd, "%d numbers used again\n", n_reused);
	return http_not_found(fd);
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[2], "one-byte") == 0)
		http_chunk = 1;
	signal(SIGPIPE, SIG_IGN);
	http_serial(http_listen(argc, argv), serve);
	return 0;
}
