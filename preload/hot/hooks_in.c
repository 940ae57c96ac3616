/* hooks_in.c - bytes come in: the read and recv families and their _chk twins.
 *
 * Room: hot.  SPDX-License-Identifier: MIT
 */
#include <string.h>
#include "preload/hot/conn_cut.h"
#include "preload/hot/hooks.h"

static RP_PASS ssize_t pass_read(int fd, void *buf, size_t n)
{
	return rp_conn_passed_in(fd, buf, rp_real.read(fd, buf, n));
}

static RP_SLOW ssize_t seen_read(int fd, void *buf, size_t n)
{
	struct rp_wait w;

	rp_before_bytes(&w, RP_WAIT_READ, fd);
	ssize_t got = rp_cut(fd, buf, &n, 0) ? rp_real.read(fd, buf, n) : -1;

	return rp_after_in(&w, fd, buf, got);
}

RP_HOOK ssize_t read(int fd, void *buf, size_t n)
{
	if (rp_likely(rp_quiet(fd)))
		return rp_real.read(fd, buf, n);
	if (rp_likely(rp_conn_idle(fd)))
		return pass_read(fd, buf, n);
	return seen_read(fd, buf, n);
}

static RP_PASS ssize_t pass_read_chk(int fd, void *buf, size_t n, size_t room)
{
	return rp_conn_passed_in(fd, buf, rp_real.__read_chk(fd, buf, n, room));
}

static RP_SLOW ssize_t seen_read_chk(int fd, void *buf, size_t n, size_t room)
{
	struct rp_wait w;

	rp_before_bytes(&w, RP_WAIT_READ, fd);
	bool may = n > room || rp_cut(fd, buf, &n, 0);
	ssize_t got = may ? rp_real.__read_chk(fd, buf, n, room) : -1;

	return rp_after_in(&w, fd, buf, got);
}

RP_HOOK ssize_t __read_chk(int fd, void *buf, size_t n, size_t room)
{
	if (rp_likely(rp_quiet(fd)))
		return rp_real.__read_chk(fd, buf, n, room);
	if (rp_likely(rp_conn_idle(fd)))
		return pass_read_chk(fd, buf, n, room);
	return seen_read_chk(fd, buf, n, room);
}

static RP_SLOW ssize_t seen_readv(int fd, const struct iovec *iov, int n_iov)
{
	struct rp_wait w;

	rp_before_bytes(&w, RP_WAIT_READ, fd);
	ssize_t got = rp_real.readv(fd, iov, n_iov);

	rp_wait_moved(&w, got);
	rp_unseen_answered(fd, got);
	if (got > 0 && rp_conn_watched(fd))
		rp_conn_heard_iov(fd, iov, (size_t)n_iov, (size_t)got);
	return got;
}

RP_HOOK ssize_t readv(int fd, const struct iovec *iov, int n_iov)
{
	if (rp_likely(rp_quiet(fd)))
		return rp_real.readv(fd, iov, n_iov);
	return seen_readv(fd, iov, n_iov);
}

/* A peek is not a reading: the bytes will come again.  With MSG_TRUNC the answer may be longer
 * than the buffer, and on TCP the bytes are gone unseen. */
static ssize_t after_recv(struct rp_wait *w, int fd, const void *buf, ssize_t got, int flags)
{
	if (!(flags & (MSG_PEEK | MSG_ERRQUEUE | MSG_OOB)))
		return rp_after_in(w, fd, flags & MSG_TRUNC ? NULL : buf, got);
	return rp_wait_moved(w, got);
}

static RP_PASS ssize_t pass_recv(int fd, void *buf, size_t n, int flags)
{
	return rp_conn_passed_in(fd, buf, rp_real.recv(fd, buf, n, flags));
}

static RP_SLOW ssize_t seen_recv(int fd, void *buf, size_t n, int flags)
{
	struct rp_wait w;

	rp_before_message(&w, RP_WAIT_RECV, fd, flags);
	ssize_t got = rp_cut(fd, buf, &n, flags) ? rp_real.recv(fd, buf, n, flags) : -1;

	return after_recv(&w, fd, buf, got, flags);
}

RP_HOOK ssize_t recv(int fd, void *buf, size_t n, int flags)
{
	if (rp_likely(rp_quiet(fd)))
		return rp_real.recv(fd, buf, n, flags);
	if (rp_likely(rp_conn_idle(fd) && !flags))
		return pass_recv(fd, buf, n, flags);
	return seen_recv(fd, buf, n, flags);
}

static RP_PASS ssize_t pass_recv_chk(int fd, void *buf, size_t n, size_t room, int flags)
{
	return rp_conn_passed_in(fd, buf, rp_real.__recv_chk(fd, buf, n, room, flags));
}

static RP_SLOW ssize_t seen_recv_chk(int fd, void *buf, size_t n, size_t room, int flags)
{
	struct rp_wait w;

	rp_before_message(&w, RP_WAIT_RECV, fd, flags);
	bool may = n > room || rp_cut(fd, buf, &n, flags);
	ssize_t got = may ? rp_real.__recv_chk(fd, buf, n, room, flags) : -1;

	return after_recv(&w, fd, buf, got, flags);
}

RP_HOOK ssize_t __recv_chk(int fd, void *buf, size_t n, size_t room, int flags)
{
	if (rp_likely(rp_quiet(fd)))
		return rp_real.__recv_chk(fd, buf, n, room, flags);
	if (rp_likely(rp_conn_idle(fd) && !flags))
		return pass_recv_chk(fd, buf, n, room, flags);
	return seen_recv_chk(fd, buf, n, room, flags);
}

static RP_PASS ssize_t pass_recvfrom(int fd, void *restrict buf, size_t n, int flags,
                                     struct sockaddr *restrict from, socklen_t *restrict from_len)
{
	return rp_conn_passed_in(fd, buf, rp_real.recvfrom(fd, buf, n, flags, from, from_len));
}

static RP_SLOW ssize_t seen_recvfrom(int fd, void *restrict buf, size_t n, int flags,
                                     struct sockaddr *restrict from, socklen_t *restrict from_len)
{
	struct rp_wait w;

	rp_before_message(&w, RP_WAIT_RECV, fd, flags);
	bool may = rp_cut(fd, buf, &n, flags);
	ssize_t got = may ? rp_real.recvfrom(fd, buf, n, flags, from, from_len) : -1;

	return after_recv(&w, fd, buf, got, flags);
}

RP_HOOK ssize_t recvfrom(int fd, void *restrict buf, size_t n, int flags,
                         struct sockaddr *restrict from, socklen_t *restrict from_len)
{
	if (rp_likely(rp_quiet(fd)))
		return rp_real.recvfrom(fd, buf, n, flags, from, from_len);
	if (rp_likely(rp_conn_idle(fd) && !flags))
		return pass_recvfrom(fd, buf, n, flags, from, from_len);
	return seen_recvfrom(fd, buf, n, flags, from, from_len);
}

RP_HOOK ssize_t __recvfrom_chk(int fd, void *buf, size_t n, size_t room, int flags,
                               struct sockaddr *from, socklen_t *from_len)
{
	struct rp_wait w;

	rp_before_message(&w, RP_WAIT_RECV, fd, flags);
	bool may = n > room || rp_cut(fd, buf, &n, flags);
	ssize_t got = may ? rp_real.__recvfrom_chk(fd, buf, n, room, flags, from, from_len) : -1;

	return after_recv(&w, fd, buf, got, flags);
}

/* Descriptors that arrive by SCM_RIGHTS are born here; what they are shows their first bytes. */
static void births(struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			rp_conn_born(fd, RP_FD_NEW);
		}
	}
}

static RP_PASS void message(int fd, struct msghdr *msg, size_t n, int flags)
{
	if (msg->msg_controllen)
		births(msg);
	if (!n || flags & (MSG_PEEK | MSG_ERRQUEUE | MSG_OOB) || !rp_conn_watched(fd))
		return;
	if (flags & MSG_TRUNC)
		rp_conn_heard(fd, NULL, n);
	else
		rp_conn_heard_iov(fd, msg->msg_iov, msg->msg_iovlen, n);
}

/* Always looked at: a message may bring descriptors. */
RP_HOOK ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	struct rp_wait w;

	rp_before_message(&w, RP_WAIT_RECV, fd, flags);
	ssize_t got = rp_real.recvmsg(fd, msg, flags);

	rp_wait_moved(&w, got);
	if (got >= 0)
		message(fd, msg, (size_t)got, flags);
	return got;
}

RP_HOOK int recvmmsg(int fd, struct mmsghdr *msgs, unsigned n, int flags, struct timespec *timeout)
{
	struct rp_wait w;

	rp_before_message(&w, RP_WAIT_RECV, fd, flags);
	int got = rp_real.recvmmsg(fd, msgs, n, flags, timeout);

	rp_wait_moved(&w, rp_mmsg_bytes(msgs, got));
	for (int i = 0; i < got; i++)
		message(fd, &msgs[i].msg_hdr, msgs[i].msg_len, flags);
	return got;
}
