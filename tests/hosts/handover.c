/* handover.c - a server whose parent accepts and hands each connection to a worker process, by
 * SCM_RIGHTS; `handover PORT read` hands it over after the head was read, with the head.
 *
 * Room: tests/hosts.  SPDX-License-Identifier: MIT
 */
#include "http.h"

static bool send_fd(int to, int fd, const void *bytes, size_t n)
{
	char control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec part = {(void *)bytes, n};
	struct msghdr m = {.msg_iov = &part,
	                   .msg_iovlen = 1,
	                   .msg_control = control,
	                   .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return sendmsg(to, &m, 0) == (ssize_t)n;
}

static int take_fd(int from, void *bytes, size_t n)
{
	char control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec part = {bytes, n};
	struct msghdr m = {.msg_iov = &part,
	                   .msg_iovlen = 1,
	                   .msg_control = control,
	                   .msg_controllen = sizeof(control)};
	int fd = -1;

	if (recvmsg(from, &m, 0) <= 0)
		exit(0);
	if (CMSG_FIRSTHDR(&m))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	return fd;
}

static bool serve(int fd, const struct http_request *q)
{
	usleep(5000);
	return http_answer(fd, "%s from the worker\n", q->path);
}

/* One connection after another, each to its end. */
static void worker(int from, bool has_head)
{
	struct http_request *q = malloc(sizeof(*q));

	for (;;) {
		int fd = take_fd(from, q, sizeof(*q));
		bool more = has_head ? serve(fd, q) : true;

		while (more && http_read(fd, q) && serve(fd, q))
			;
		close(fd);
	}
}

int main(int argc, char **argv)
{
	bool reads = argc > 2 && strcmp(argv[2], "read") == 0;
	int listener = http_listen(argc, argv), fds[2];
	struct http_request *q = calloc(1, sizeof(*q));

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) != 0)
		return 1;
	if (fork() == 0) {
		close(listener);
		close(fds[0]);
		worker(fds[1], reads);
	}
	close(fds[1]);
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (!reads || http_read(fd, q))
			send_fd(fds[0], fd, q, sizeof(*q));
		close(fd);
	}
}
