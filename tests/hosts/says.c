/* says.c - an honest server that says its answers by every call there is.
 *
 * Room: tests/hosts.  `says [PORT]`; /CALL is answered by CALL, /sys-CALL by syscall() with its
 * number: write, writev, sendto, sendmsg, sendmmsg, sendfile, splice (of a pipe, in two calls).
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include "http.h"

struct text {
	char *at;
	size_t n;
};

/* One call that says some of TEXT; what it said of that. */
typedef ssize_t say(int fd, struct text t);

static ssize_t say_write(int fd, struct text t)
{
	return write(fd, t.at, t.n);
}

static ssize_t sys_write(int fd, struct text t)
{
	return syscall(SYS_write, fd, t.at, t.n);
}

static struct iovec iov[2];

static int halves(struct text t)
{
	iov[0] = (struct iovec){t.at, t.n / 2};
	iov[1] = (struct iovec){t.at + t.n / 2, t.n - t.n / 2};
	return 2;
}

static ssize_t say_writev(int fd, struct text t)
{
	return writev(fd, iov, halves(t));
}

static ssize_t sys_writev(int fd, struct text t)
{
	return syscall(SYS_writev, fd, iov, halves(t));
}

static ssize_t say_sendto(int fd, struct text t)
{
	return sendto(fd, t.at, t.n, MSG_NOSIGNAL, NULL, 0);
}

static ssize_t sys_sendto(int fd, struct text t)
{
	return syscall(SYS_sendto, fd, t.at, t.n, MSG_NOSIGNAL, NULL, 0);
}

static struct msghdr message(struct text t)
{
	return (struct msghdr){.msg_iov = iov, .msg_iovlen = (size_t)halves(t)};
}

static ssize_t say_sendmsg(int fd, struct text t)
{
	struct msghdr m = message(t);

	return sendmsg(fd, &m, MSG_NOSIGNAL);
}

static ssize_t sys_sendmsg(int fd, struct text t)
{
	struct msghdr m = message(t);

	return syscall(SYS_sendmsg, fd, &m, MSG_NOSIGNAL);
}

/* Two messages of a half each. */
static ssize_t by_mmsg(int fd, struct text t, bool by_number)
{
	struct mmsghdr m[2] = {{.msg_hdr = message(t)}, {.msg_hdr = message(t)}};
	ssize_t put = 0;

	m[0].msg_hdr.msg_iovlen = m[1].msg_hdr.msg_iovlen = 1;
	m[1].msg_hdr.msg_iov = &iov[1];
	long n = by_number ? syscall(SYS_sendmmsg, fd, m, 2, MSG_NOSIGNAL)
	                   : sendmmsg(fd, m, 2, MSG_NOSIGNAL);

	for (long i = 0; i < n; i++)
		put += m[i].msg_len;
	return put;
}

static ssize_t say_sendmmsg(int fd, struct text t)
{
	return by_mmsg(fd, t, false);
}

static ssize_t sys_sendmmsg(int fd, struct text t)
{
	return by_mmsg(fd, t, true);
}

static ssize_t by_file(int fd, struct text t, bool by_number)
{
	int file = memfd_create("answer", MFD_CLOEXEC);
	off_t at = 0;
	ssize_t put = write(file, t.at, t.n);

	if (put > 0)
		put = by_number ? syscall(SYS_sendfile, fd, file, &at, t.n)
		                : sendfile(fd, file, &at, t.n);
	close(file);
	return put;
}

static ssize_t say_sendfile(int fd, struct text t)
{
	return by_file(fd, t, false);
}

static ssize_t sys_sendfile(int fd, struct text t)
{
	return by_file(fd, t, true);
}

static ssize_t by_pipe(int fd, struct text t, bool by_number)
{
	int ends[2];
	ssize_t put = 0, some = 1;

	if (pipe(ends) != 0 || write(ends[1], t.at, t.n) != (ssize_t)t.n)
		return -1;
	for (size_t half = t.n / 2 + 1; some > 0 && put < (ssize_t)t.n; put += some)
		some = by_number ? syscall(SYS_splice, ends[0], NULL, fd, NULL, half, 0)
		                 : splice(ends[0], NULL, fd, NULL, half, 0);
	close(ends[0]);
	close(ends[1]);
	return some > 0 ? put : -1;
}

static ssize_t say_splice(int fd, struct text t)
{
	return by_pipe(fd, t, false);
}

static ssize_t sys_splice(int fd, struct text t)
{
	return by_pipe(fd, t, true);
}

static const struct {
	const char *path;
	say *call;
} calls[] = {
        {"/write", say_write},       {"/sys-write", sys_write},
        {"/writev", say_writev},     {"/sys-writev", sys_writev},
        {"/sendto", say_sendto},     {"/sys-sendto", sys_sendto},
        {"/sendmsg", say_sendmsg},   {"/sys-sendmsg", sys_sendmsg},
        {"/sendmmsg", say_sendmmsg}, {"/sys-sendmmsg", sys_sendmmsg},
        {"/sendfile", say_sendfile}, {"/sys-sendfile", sys_sendfile},
        {"/splice", say_splice},     {"/sys-splice", sys_splice},
};

/* The head in front, where the call says bytes: what a pipe or a file has is seen by nobody. */
static bool answer(int fd, say *call, const char *path)
{
	char body[2000], head[128];
	struct text t = {body, sizeof(body)};

	memset(body, '.', sizeof(body));
	memcpy(body, path, strlen(path));
	int n = snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n",
	                 sizeof(body));

	if (!http_send_all(fd, head, (size_t)n))
		return false;
	while (t.n) {
		ssize_t put = call(fd, t);

		if (put <= 0)
			return false;
		t.at += put;
		t.n -= (size_t)put;
	}
	return true;
}

static bool serve(int fd, const struct http_request *q)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (strcmp(q->path, calls[i].path) == 0)
			return answer(fd, calls[i].call, q->path);
	return http_not_found(fd);
}

int main(int argc, char **argv)
{
	http_chunk = 1; /* of a pipeline no more than the next head */
	http_serial(http_listen(argc, argv), serve);
}
