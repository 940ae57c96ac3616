/* object.c - see object.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/object.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/un.h>
#include "preload/hot/flight.h"
#include "preload/hot/peer.h"
#include "preload/hot/request.h"
#include "preload/hot/stack.h"
#include "preload/hot/sys.h"
#include "preload/hot/text.h"

enum { SLOW_NS = 1000000 }; /* a wait below it may have been for the CPU */

static void put_ipv4(struct rp_line *l, const uint8_t *a)
{
	for (int i = 0; i < 4; i++) {
		if (i)
			rp_line_byte(l, '.');
		rp_line_number(l, a[i], 10);
	}
}

/* RFC 5952: the longest run of zero groups, two or more, is "::". */
static void put_ipv6(struct rp_line *l, const uint8_t *a)
{
	int best = -1, best_n = 1;

	for (int i = 0; i < 8; i++) {
		int n = 0;

		while (i + n < 8 && !a[2 * (i + n)] && !a[2 * (i + n) + 1])
			n++;
		if (n > best_n) {
			best = i;
			best_n = n;
		}
	}
	rp_line_byte(l, '[');
	for (int i = 0; i < 8; i++) {
		if (i == best) {
			rp_line_text(l, "::");
			i += best_n - 1;
			continue;
		}
		if (i && i != best + best_n)
			rp_line_byte(l, ':');
		rp_line_number(l, (uint64_t)a[2 * i] << 8 | a[2 * i + 1], 16);
	}
	rp_line_byte(l, ']');
}

static void put_address(struct rp_line *l, const struct sockaddr *a, socklen_t n)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	const struct sockaddr_in *in = (const void *)a;
	const struct sockaddr_in6 *in6 = (const void *)a;
	const struct sockaddr_un *un = (const void *)a;

	if (a->sa_family == AF_INET) {
		put_ipv4(l, (const uint8_t *)&in->sin_addr);
		rp_line_byte(l, ':');
		rp_line_number(l, __builtin_bswap16(in->sin_port), 10);
	} else if (a->sa_family == AF_INET6) {
		if (memcmp(&in6->sin6_addr, mapped, sizeof(mapped)) == 0)
			put_ipv4(l, in6->sin6_addr.s6_addr + 12);
		else
			put_ipv6(l, in6->sin6_addr.s6_addr);
		rp_line_byte(l, ':');
		rp_line_number(l, __builtin_bswap16(in6->sin6_port), 10);
	} else if (a->sa_family == AF_UNIX) {
		rp_line_text(l, "unix");
		for (size_t i = 0; offsetof(struct sockaddr_un, sun_path) + i < n; i++) {
			if (i == 0)
				rp_line_byte(l, ':');
			if (!un->sun_path[i] && i)
				break;
			rp_line_byte(l, un->sun_path[i] ? un->sun_path[i] : '@');
		}
	} else {
		rp_line_text(l, "socket of another family");
	}
}

size_t rp_object_address(char *text, size_t cap, const struct sockaddr *a, socklen_t n)
{
	struct rp_line l = {text, 0, cap};

	if (n >= sizeof(a->sa_family))
		put_address(&l, a, n);
	return l.n;
}

static const char *protocol_of(int fd, sa_family_t family)
{
	int type = 0;
	socklen_t n = sizeof(type);

	if (family == AF_UNIX)
		return "";
	rp_sys(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &type, &n);
	return type == SOCK_DGRAM ? "udp " : "tcp ";
}

/* Is FD, whose peer is A, a connection of the client of REQUEST? */
static bool is_client(int fd, const struct sockaddr_storage *a, socklen_t n, uint32_t request)
{
	if (request >= RP_REQUEST_FLIGHTS)
		return rp_flight_at(request)->fd == fd;
	const struct rp_request *r = &rp_requests[request];

	return n == r->n_peer && memcmp(a, &r->peer, n) == 0;
}

/* False: not a socket. */
static bool put_socket(struct rp_line *l, int fd, uint32_t request)
{
	struct sockaddr_storage a;
	socklen_t n = sizeof(a);
	long got = rp_sys(SYS_getpeername, fd, &a, &n);

	if (got == -ENOTSOCK || got == -EBADF)
		return false;
	if (got == 0 && n > sizeof(a.ss_family) && a.ss_family != AF_UNIX &&
	    is_client(fd, &a, n, request))
		rp_line_text(l, "client ");
	if (got != 0) {
		n = sizeof(a);
		if (rp_sys(SYS_getsockname, fd, &a, &n) != 0)
			return false;
		rp_line_text(l, "own ");
	}
	if (n < sizeof(a.ss_family)) {
		rp_line_text(l, "unix");
		return true;
	}
	rp_line_text(l, protocol_of(fd, a.ss_family));
	put_address(l, (const struct sockaddr *)&a, n);
	return true;
}

/* "pipe:[123]" is called pipe, "anon_inode:[eventfd]" eventfd, a file by its path. */
static void put_file(struct rp_line *l, int fd)
{
	static const char anon[] = "anon_inode:";
	char link[40], path[256];
	struct rp_line name = {link, 0, sizeof(link) - 1};

	rp_line_text(&name, "/proc/self/fd/");
	rp_line_number(&name, (unsigned)fd, 10);
	link[name.n] = 0;
	long n = rp_sys(SYS_readlink, link, path, sizeof(path));

	if (n <= 0) {
		rp_line_text(l, "fd ");
		rp_line_number(l, (unsigned)fd, 10);
	} else if (n > 5 && memcmp(path, "pipe:", 5) == 0) {
		rp_line_text(l, "pipe");
	} else if (n > (long)sizeof(anon) && memcmp(path, anon, sizeof(anon) - 1) == 0) {
		for (long i = sizeof(anon) - 1; i < n; i++)
			if (path[i] != '[' && path[i] != ']')
				rp_line_byte(l, path[i]);
	} else {
		rp_line_bytes(l, path, (size_t)n);
	}
}

/* SAYS: bytes go out on FD. */
static void put_fd(struct rp_line *l, int fd, uint32_t request, bool says)
{
	size_t n;

	if (!put_socket(l, fd, request)) {
		put_file(l, fd);
		return;
	}
	n = l->n + 1 < l->cap
	            ? rp_peer_asked(fd, request, says, l->at + l->n + 1, l->cap - l->n - 1)
	            : 0;
	if (n) {
		l->at[l->n] = ' ';
		l->n += n + 1;
	}
}

static void put_count(struct rp_line *l, uint64_t n)
{
	if (n > 1) {
		rp_line_number(l, n, 10);
		rp_line_text(l, " fds: ");
	}
}

/* poll passes over negative descriptors, and so do we. */
static void put_poll(struct rp_line *l, const struct pollfd *fds, uint64_t n, uint32_t request)
{
	uint64_t n_real = 0, named = 0;

	for (uint64_t i = 0; fds && i < n; i++)
		n_real += fds[i].fd >= 0;
	put_count(l, n_real);
	for (uint64_t i = 0; fds && i < n && named < RP_OBJECT_FDS; i++) {
		if (fds[i].fd < 0)
			continue;
		if (named++)
			rp_line_text(l, ", ");
		put_fd(l, fds[i].fd, request, false);
	}
	if (n_real > RP_OBJECT_FDS)
		rp_line_text(l, ", ...");
}

static void put_select(struct rp_line *l, uint64_t fds, uint32_t request)
{
	int n = (int)(fds & 0xffff);

	put_count(l, (uint64_t)n);
	for (int i = 0; i < n && i < RP_OBJECT_FDS; i++) {
		if (i)
			rp_line_text(l, ", ");
		put_fd(l, rp_object_fd(fds, i), request, false);
	}
	if (n > RP_OBJECT_FDS)
		rp_line_text(l, ", ...");
}

/* As people say it: whole milliseconds when it is that within a percent. */
static void put_duration(struct rp_line *l, uint64_t ns)
{
	uint64_t us = (ns + 500) / 1000, ms = (us + 500) / 1000;

	if (us >= 1000 && (us > ms * 1000 ? us - ms * 1000 : ms * 1000 - us) * 100 <= us) {
		us = ms * 1000;
		rp_line_number(l, us / 1000, 10);
		rp_line_text(l, " ms");
	} else {
		rp_line_number(l, us, 10);
		rp_line_text(l, " us");
	}
}

/* The low 24 bits tell two locks of a session apart and nothing of the address space. */
static void put_lock(struct rp_line *l, const void *at)
{
	rp_line_text(l, "0x");
	rp_line_number(l, (uintptr_t)at & 0xffffff, 16);
}

/* Where it was meant to go: a socket that could not connect has no peer to ask for. */
static void put_connect(struct rp_line *l, const struct rp_waited *what)
{
	const struct sockaddr *a = what->at;

	if (what->n < sizeof(a->sa_family) || !rp_stack_readable((uintptr_t)a) ||
	    !rp_stack_readable((uintptr_t)a + what->n - 1))
		return;
	rp_line_text(l, protocol_of(what->fd, a->sa_family));
	put_address(l, a, (socklen_t)what->n);
}

/* The client is slow, for certain: the thread waited, and still not all is on its other side. */
static bool reads_slowly(const struct rp_waited *what)
{
	int left = 0;

	return what->n >= SLOW_NS && rp_sys(SYS_ioctl, what->fd, SIOCOUTQ, &left) == 0 && left > 0;
}

static void put_waited_fd(struct rp_line *l, const struct rp_waited *what, uint32_t request)
{
	static const char client[] = "client ";

	bool says = what->kind == RP_WAIT_WRITE || what->kind == RP_WAIT_SEND ||
	            what->kind == RP_WAIT_SENDFILE;

	put_fd(l, what->fd, request, says);
	if (says && l->n > sizeof(client) && memcmp(l->at, client, sizeof(client) - 1) == 0 &&
	    reads_slowly(what))
		rp_line_text(l, " (peer reads slowly)");
}

size_t rp_object_name(char *text, size_t cap, const struct rp_waited *what, uint32_t request)
{
	struct rp_line l = {text, 0, cap};

	if (what->kind == RP_WAIT_CONNECT && what->at)
		put_connect(&l, what);
	else if (what->fd >= 0)
		put_waited_fd(&l, what, request);
	else if (what->kind == RP_WAIT_POLL)
		put_poll(&l, what->at, what->n, request);
	else if (what->kind == RP_WAIT_SLEEP && what->n)
		put_duration(&l, what->n);
	else if (what->kind == RP_WAIT_GETADDRINFO && what->at)
		rp_line_text(&l, what->at);
	else if (what->kind == RP_WAIT_SELECT)
		put_select(&l, what->n, request);
	else if (what->kind == RP_WAIT_MSGQUEUE || what->kind == RP_WAIT_SEMOP)
		rp_line_number(&l, what->n, 10); /* 0 is an id, too */
	else if (what->at)
		put_lock(&l, what->at);
	else if (what->n)
		rp_line_number(&l, what->n, 10);
	return l.n;
}
