/* waits_net.c - blocking calls on sockets, with and without time limits; see waits.h.
 *
 * Room: tests/hosts.  SPDX-License-Identifier: MIT
 */
#include "waits.h"

#include <fcntl.h>
#include <netdb.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

enum { BULK = 4 << 20 };

static char bulk[BULK];

static void limit(int fd, int option)
{
	struct timeval t = {.tv_usec = WAIT_MS * 1000};

	setsockopt(fd, SOL_SOCKET, option, &t, sizeof(t));
}

/* The ways to receive, told apart by a number. */
enum way { RECV, RECVFROM, RECVMSG, READ, WAITALL, RECVMMSG, PEEK };

static long receive(enum way way, int fd, char *buf, size_t n)
{
	struct iovec part = {buf, n};
	struct mmsghdr m = {.msg_hdr = {.msg_iov = &part, .msg_iovlen = 1}};

	switch (way) {
	case RECV:
		return recv(fd, buf, n, 0);
	case RECVFROM:
		return recvfrom(fd, buf, n, 0, NULL, NULL);
	case RECVMSG:
		return recvmsg(fd, &m.msg_hdr, 0);
	case READ:
		return read(fd, buf, n);
	case WAITALL:
		return recv(fd, buf, n, MSG_WAITALL);
	case RECVMMSG:
		return recvmmsg(fd, &m, 1, 0, NULL);
	default:
		return recv(fd, buf, n, MSG_PEEK);
	}
}

static void woken(struct result *r, enum way way)
{
	struct later l;
	char buf[16];
	int fds[2];

	tcp_pair(fds);
	object_peer(r, fds[0]);
	later(&l, wake_byte, fds[1]);
	TIMED(r, receive(way, fds[0], buf, sizeof(buf)));
	r->bytes = r->ret;
	later_done(&l);
	close_two(fds);
}

static void send_eight(long fd)
{
	http_send_all((int)fd, "12345678", 8);
}

/* SO_RCVTIMEO ends it; WAITALL has half of what it asks for before. */
static void limited(struct result *r, enum way way)
{
	struct later l = {.act = send_eight};
	char buf[16] = {0};
	int fds[2];

	tcp_pair(fds);
	limit(fds[0], SO_RCVTIMEO);
	object_peer(r, fds[0]);
	l.arg = fds[1];
	if (way == WAITALL) {
		pthread_create(&l.thread, NULL, later_main, &l);
		later_done(&l);
	}
	TIMED(r, receive(way, fds[0], buf, sizeof(buf)));
	r->bytes = r->ret;
	close_two(fds);
}

static void run_recv(struct result *r)
{
	woken(r, RECV);
}

static void run_recvfrom(struct result *r)
{
	woken(r, RECVFROM);
}

static void run_recvmsg(struct result *r)
{
	woken(r, RECVMSG);
}

static void run_recvmmsg(struct result *r)
{
	woken(r, RECVMMSG);
}

static void run_recv_peek(struct result *r)
{
	woken(r, PEEK);
}

static void run_recv_timeo(struct result *r)
{
	limited(r, RECV);
}

static void run_read_timeo(struct result *r)
{
	limited(r, READ);
}

static void run_recvmsg_timeo(struct result *r)
{
	limited(r, RECVMSG);
}

static void run_recvmmsg_timeo(struct result *r)
{
	limited(r, RECVMMSG);
}

static void run_waitall_timeo(struct result *r)
{
	limited(r, WAITALL);
}

static int own_listener(struct result *r, struct sockaddr_in *a)
{
	int fd = http_listen_on(0, 0);
	socklen_t n = sizeof(*a);

	getsockname(fd, (struct sockaddr *)a, &n);
	snprintf(r->object, sizeof(r->object), "own tcp 127.0.0.1:%d", ntohs(a->sin_port));
	return fd;
}

static void connect_to(long port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	connect(fd, (struct sockaddr *)&a, sizeof(a));
	pause_ms(2);
	close(fd);
}

static void run_accept(struct result *r)
{
	struct sockaddr_in a;
	struct later l;
	int fd = own_listener(r, &a);

	later(&l, connect_to, ntohs(a.sin_port));
	TIMED(r, accept(fd, NULL, NULL));
	later_done(&l);
	close((int)r->ret);
	r->ret = r->ret >= 0;
	close(fd);
}

static void run_accept4(struct result *r)
{
	struct sockaddr_in a;
	struct later l;
	int fd = own_listener(r, &a);

	later(&l, connect_to, ntohs(a.sin_port));
	TIMED(r, accept4(fd, NULL, NULL, SOCK_CLOEXEC));
	later_done(&l);
	close((int)r->ret);
	r->ret = r->ret >= 0;
	close(fd);
}

static void run_accept_timeo(struct result *r)
{
	struct sockaddr_in a;
	int fd = own_listener(r, &a);

	limit(fd, SO_RCVTIMEO);
	TIMED(r, accept(fd, NULL, NULL));
	close(fd);
}

/* The listener's queue holds one; the next SYN is dropped until SO_SNDTIMEO ends it. */
static void run_connect_timeo(struct result *r)
{
	struct sockaddr_in a;
	int listener = own_listener(r, &a);
	int first = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);

	connect(first, (struct sockaddr *)&a, sizeof(a));
	limit(fd, SO_SNDTIMEO);
	snprintf(r->object, sizeof(r->object), "tcp 127.0.0.1:%d", ntohs(a.sin_port));
	TIMED(r, connect(fd, (struct sockaddr *)&a, sizeof(a)));
	close(fd);
	close(first);
	close(listener);
}

static void drain_slowly(long fd)
{
	static char buf[1 << 18];

	while (read((int)fd, buf, sizeof(buf)) > 0)
		pause_ms(1);
}

enum out { SEND, WRITE, SENDMSG, SENDFILE };

static long put(enum out way, int fd)
{
	struct iovec part = {bulk, BULK};
	struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};

	switch (way) {
	case SEND:
		return send(fd, bulk, BULK, 0);
	case WRITE:
		return write(fd, bulk, BULK);
	case SENDMSG:
		return sendmsg(fd, &m, 0);
	default:
		break;
	}
	int file = memfd_create("bulk", 0);

	if (ftruncate(file, BULK) != 0)
		return -1;
	long sent = sendfile(fd, file, NULL, BULK);

	close(file);
	return sent;
}

static void run_bulk(struct result *r, enum out way)
{
	struct later l;
	int fds[2];

	tcp_pair(fds);
	object_peer(r, fds[0]);
	later(&l, drain_slowly, fds[1]);
	TIMED(r, put(way, fds[0]));
	r->bytes = r->ret;
	close(fds[0]);
	later_done(&l);
	close(fds[1]);
}

static void run_send_4mb(struct result *r)
{
	run_bulk(r, SEND);
}

static void run_write_4mb(struct result *r)
{
	run_bulk(r, WRITE);
}

static void run_sendmsg_4mb(struct result *r)
{
	run_bulk(r, SENDMSG);
}

static void run_sendfile_4mb(struct result *r)
{
	run_bulk(r, SENDFILE);
}

/* What a unix socket takes before it blocks is always the same: the count must be, too. */
static void run_send_timeo_part(struct result *r)
{
	int fds[2];

	socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
	limit(fds[0], SO_SNDTIMEO);
	object_text(r, "unix");
	TIMED(r, send(fds[0], bulk, BULK, 0));
	r->bytes = r->ret;
	close_two(fds);
}

static void run_send_timeo_full(struct result *r)
{
	int fds[2];

	tcp_pair(fds);
	for (int i = 0; i < 5; i++) {
		while (send(fds[0], bulk, 4096, MSG_DONTWAIT) > 0)
			;
		pause_ms(2);
	}
	limit(fds[0], SO_SNDTIMEO);
	object_peer(r, fds[0]);
	TIMED(r, send(fds[0], bulk, BULK, 0));
	close_two(fds);
}

static void resolve(struct result *r, const char *name)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = AF_INET};
	struct addrinfo *found = NULL;

	object_text(r, name);
	TIMED(r, getaddrinfo(name, "80", &hints, &found));
	for (struct addrinfo *a = found; a; a = a->ai_next)
		r->bytes++;
	if (found)
		freeaddrinfo(found);
}

static void run_getaddrinfo_number(struct result *r)
{
	resolve(r, "127.0.0.1");
}

static void run_getaddrinfo_localhost(struct result *r)
{
	resolve(r, "localhost");
}

static const struct row rows[] = {
        {"recv", "recv", run_recv},
        {"recvfrom", "recv", run_recvfrom},
        {"recvmsg", "recv", run_recvmsg},
        {"recvmmsg", "recv", run_recvmmsg},
        {"recv_peek", "recv", run_recv_peek},
        {"recv_timeo", "recv", run_recv_timeo},
        {"read_timeo", "read", run_read_timeo},
        {"recvmsg_timeo", "recv", run_recvmsg_timeo},
        {"recvmmsg_timeo", "recv", run_recvmmsg_timeo},
        {"waitall_timeo", "recv", run_waitall_timeo},
        {"accept", "accept", run_accept},
        {"accept4", "accept", run_accept4},
        {"accept_timeo", "accept", run_accept_timeo},
        {"connect_timeo", "connect", run_connect_timeo},
        {"send_4mb", "send", run_send_4mb},
        {"write_4mb", "write", run_write_4mb},
        {"sendmsg_4mb", "send", run_sendmsg_4mb},
        {"sendfile_4mb", "sendfile", run_sendfile_4mb},
        {"send_timeo_part", "send", run_send_timeo_part},
        {"send_timeo_full", "send", run_send_timeo_full},
        {"getaddrinfo_number", "getaddrinfo", run_getaddrinfo_number},
        {"getaddrinfo_localhost", "getaddrinfo", run_getaddrinfo_localhost},
        {0},
};

int main(int argc, char **argv)
{
	return waits_main(argc, argv, rows);
}
