/* hooks_out.c - bytes go out: the write, send, sendfile families, and fsync.
 *
 * Room: hot.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/hooks.h"

RP_HOOK ssize_t write(int fd, const void *buf, size_t n)
{
	struct rp_wait w;

	rp_before_bytes(&w, RP_WAIT_WRITE, fd);
	return rp_after_out(&w, fd, buf, rp_real.write(fd, buf, n));
}

RP_HOOK ssize_t writev(int fd, const struct iovec *iov, int n_iov)
{
	struct rp_wait w;

	rp_before_bytes(&w, RP_WAIT_WRITE, fd);
	ssize_t put = rp_real.writev(fd, iov, n_iov);

	rp_wait_leave(&w);
	if (put > 0 && rp_conn_watched(fd))
		rp_conn_said_iov(fd, iov, (size_t)n_iov, (size_t)put);
	return put;
}

RP_HOOK ssize_t send(int fd, const void *buf, size_t n, int flags)
{
	struct rp_wait w;

	rp_before_bytes(&w, RP_WAIT_SEND, fd);
	return rp_after_out(&w, fd, buf, rp_real.send(fd, buf, n, flags));
}

RP_HOOK ssize_t sendto(int fd, const void *buf, size_t n, int flags, const struct sockaddr *to,
                       socklen_t to_len)
{
	struct rp_wait w;

	rp_before_bytes(&w, RP_WAIT_SEND, fd);
	return rp_after_out(&w, fd, buf, rp_real.sendto(fd, buf, n, flags, to, to_len));
}

RP_HOOK ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	struct rp_wait w;

	rp_before_bytes(&w, RP_WAIT_SEND, fd);
	ssize_t put = rp_real.sendmsg(fd, msg, flags);

	rp_wait_leave(&w);
	if (put > 0 && rp_conn_watched(fd))
		rp_conn_said_iov(fd, msg->msg_iov, msg->msg_iovlen, (size_t)put);
	return put;
}

RP_HOOK int sendmmsg(int fd, struct mmsghdr *msgs, unsigned n, int flags)
{
	struct rp_wait w;

	rp_before_bytes(&w, RP_WAIT_SEND, fd);
	int put = rp_real.sendmmsg(fd, msgs, n, flags);

	rp_wait_leave(&w);
	for (int i = 0; i < put; i++)
		if (msgs[i].msg_len && rp_conn_watched(fd))
			rp_conn_said_iov(fd, msgs[i].msg_hdr.msg_iov, msgs[i].msg_hdr.msg_iovlen,
			                 msgs[i].msg_len);
	return put;
}

RP_HOOK ssize_t sendfile(int out, int in, off_t *at, size_t n)
{
	struct rp_wait w;

	rp_before_bytes(&w, RP_WAIT_SENDFILE, out);
	return rp_after_out(&w, out, NULL, rp_real.sendfile(out, in, at, n));
}

RP_HOOK ssize_t sendfile64(int out, int in, off64_t *at, size_t n)
{
	struct rp_wait w;

	rp_before_bytes(&w, RP_WAIT_SENDFILE, out);
	return rp_after_out(&w, out, NULL, rp_real.sendfile64(out, in, at, n));
}

/* What is spliced out of a connection is not seen: a head could hide in it, so it is given up
 * there, unless it is the body that is under way (the delimiter skips it). */
RP_HOOK ssize_t splice(int in, off64_t *in_at, int out, off64_t *out_at, size_t n, unsigned flags)
{
	struct rp_wait w;

	rp_before_bytes(&w, RP_WAIT_SENDFILE, out);
	ssize_t moved = rp_real.splice(in, in_at, out, out_at, n, flags);

	rp_after_out(&w, out, NULL, moved);
	if (moved > 0 && rp_conn_kind(in) == RP_FD_CONN)
		rp_conn_heard(in, NULL, (size_t)moved);
	return moved;
}

RP_HOOK ssize_t pwrite(int fd, const void *buf, size_t n, off_t at)
{
	struct rp_wait w;

	rp_wait_enter_fd(&w, RP_WAIT_WRITE, fd);
	ssize_t put = rp_real.pwrite(fd, buf, n, at);

	rp_wait_leave(&w);
	return put;
}

RP_HOOK ssize_t pwrite64(int fd, const void *buf, size_t n, off64_t at)
{
	struct rp_wait w;

	rp_wait_enter_fd(&w, RP_WAIT_WRITE, fd);
	ssize_t put = rp_real.pwrite64(fd, buf, n, at);

	rp_wait_leave(&w);
	return put;
}

RP_HOOK ssize_t pwritev(int fd, const struct iovec *iov, int n_iov, off_t at)
{
	struct rp_wait w;

	rp_wait_enter_fd(&w, RP_WAIT_WRITE, fd);
	ssize_t put = rp_real.pwritev(fd, iov, n_iov, at);

	rp_wait_leave(&w);
	return put;
}

RP_HOOK ssize_t pwritev64(int fd, const struct iovec *iov, int n_iov, off64_t at)
{
	struct rp_wait w;

	rp_wait_enter_fd(&w, RP_WAIT_WRITE, fd);
	ssize_t put = rp_real.pwritev64(fd, iov, n_iov, at);

	rp_wait_leave(&w);
	return put;
}

RP_HOOK int fsync(int fd)
{
	struct rp_wait w;

	rp_wait_enter_fd(&w, RP_WAIT_FSYNC, fd);
	int ret = rp_real.fsync(fd);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK int fdatasync(int fd)
{
	struct rp_wait w;

	rp_wait_enter_fd(&w, RP_WAIT_FSYNC, fd);
	int ret = rp_real.fdatasync(fd);

	rp_wait_leave(&w);
	return ret;
}
