/* hooks_out.c - bytes go out: the write, send, sendfile families, and fsync.
 *
 * Room: hot.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/carrier.h"
#include "preload/hot/hooks.h"
#include "preload/hot/offer.h"

static RP_PASS ssize_t pass_write(int fd, const void *buf, size_t n)
{
	return rp_conn_passed_out(fd, buf, rp_real.write(fd, buf, n));
}

static RP_SLOW ssize_t seen_write(int fd, const void *buf, size_t n)
{
	struct rp_wait w;
	ssize_t put;

	if (rp_offer_wanted(fd) && rp_offer_bytes(fd, buf, n, 0, &put))
		return put;
	if (rp_unlikely(rp_conn_kind(fd) == RP_FD_CARRIER)) {
		rp_carrier_gives(fd, n);
		rp_wait_enter_fd(&w, RP_WAIT_WRITE, fd);
	} else {
		rp_before_bytes(&w, RP_WAIT_WRITE, fd);
	}
	return rp_after_out(&w, fd, buf, rp_real.write(fd, buf, n));
}

RP_HOOK ssize_t write(int fd, const void *buf, size_t n)
{
	if (rp_likely(rp_quiet(fd)))
		return rp_real.write(fd, buf, n);
	if (rp_likely(rp_conn_idle(fd)))
		return pass_write(fd, buf, n);
	return seen_write(fd, buf, n);
}

static RP_PASS ssize_t pass_writev(int fd, const struct iovec *iov, int n_iov)
{
	return rp_conn_passed_out_iov(fd, iov, n_iov, rp_real.writev(fd, iov, n_iov));
}

static RP_SLOW ssize_t seen_writev(int fd, const struct iovec *iov, int n_iov)
{
	struct rp_wait w;
	ssize_t put;

	if (rp_offer_wanted(fd) && n_iov > 0 && rp_offer_iov(fd, iov, (size_t)n_iov, 0, &put))
		return put;
	rp_before_bytes(&w, RP_WAIT_WRITE, fd);
	put = rp_real.writev(fd, iov, n_iov);
	rp_wait_moved(&w, put);
	if (put > 0 && rp_says(fd))
		rp_conn_said_iov(fd, iov, (size_t)n_iov, (size_t)put);
	return put;
}

RP_HOOK ssize_t writev(int fd, const struct iovec *iov, int n_iov)
{
	if (rp_likely(rp_quiet(fd)))
		return rp_real.writev(fd, iov, n_iov);
	if (rp_likely(rp_conn_idle(fd)))
		return pass_writev(fd, iov, n_iov);
	return seen_writev(fd, iov, n_iov);
}

static RP_PASS ssize_t pass_send(int fd, const void *buf, size_t n, int flags)
{
	return rp_conn_passed_out(fd, buf, rp_real.send(fd, buf, n, flags));
}

static RP_SLOW ssize_t seen_send(int fd, const void *buf, size_t n, int flags)
{
	struct rp_wait w;
	ssize_t put;

	if (rp_offer_wanted(fd) && rp_offer_bytes(fd, buf, n, flags, &put))
		return put;
	if (rp_unlikely(rp_conn_kind(fd) == RP_FD_CARRIER)) {
		rp_carrier_gives(fd, n);
		rp_wait_enter_fd(&w, RP_WAIT_SEND, fd);
	} else {
		rp_before_bytes(&w, RP_WAIT_SEND, fd);
	}
	return rp_after_out(&w, fd, buf, rp_real.send(fd, buf, n, flags));
}

RP_HOOK ssize_t send(int fd, const void *buf, size_t n, int flags)
{
	if (rp_likely(rp_quiet(fd)))
		return rp_real.send(fd, buf, n, flags);
	if (rp_likely(rp_conn_idle(fd)))
		return pass_send(fd, buf, n, flags);
	return seen_send(fd, buf, n, flags);
}

static RP_PASS ssize_t pass_sendto(int fd, const void *buf, size_t n, int flags,
                                   const struct sockaddr *to, socklen_t to_len)
{
	return rp_conn_passed_out(fd, buf, rp_real.sendto(fd, buf, n, flags, to, to_len));
}

static RP_SLOW ssize_t seen_sendto(int fd, const void *buf, size_t n, int flags,
                                   const struct sockaddr *to, socklen_t to_len)
{
	struct rp_wait w;
	ssize_t put;

	if (rp_offer_wanted(fd) && rp_offer_bytes(fd, buf, n, flags, &put))
		return put;
	rp_before_bytes(&w, RP_WAIT_SEND, fd);
	return rp_after_out(&w, fd, buf, rp_real.sendto(fd, buf, n, flags, to, to_len));
}

RP_HOOK ssize_t sendto(int fd, const void *buf, size_t n, int flags, const struct sockaddr *to,
                       socklen_t to_len)
{
	if (rp_likely(rp_quiet(fd)))
		return rp_real.sendto(fd, buf, n, flags, to, to_len);
	if (rp_likely(rp_conn_idle(fd)))
		return pass_sendto(fd, buf, n, flags, to, to_len);
	return seen_sendto(fd, buf, n, flags, to, to_len);
}

static RP_PASS ssize_t pass_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	return rp_conn_passed_out_iov(fd, msg->msg_iov, (int)msg->msg_iovlen,
	                              rp_real.sendmsg(fd, msg, flags));
}

static RP_SLOW ssize_t seen_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	struct rp_wait w;
	ssize_t put;

	if (rp_offer_wanted(fd) && rp_offer_msg(fd, msg, flags, &put))
		return put;
	rp_before_bytes(&w, RP_WAIT_SEND, fd);
	put = rp_real.sendmsg(fd, msg, flags);
	rp_wait_moved(&w, put);
	if (put > 0 && rp_says(fd))
		rp_conn_said_iov(fd, msg->msg_iov, msg->msg_iovlen, (size_t)put);
	return put;
}

RP_HOOK ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	if (rp_likely(rp_quiet(fd)))
		return rp_real.sendmsg(fd, msg, flags);
	if (rp_likely(rp_conn_idle(fd)))
		return pass_sendmsg(fd, msg, flags);
	return seen_sendmsg(fd, msg, flags);
}

RP_HOOK int sendmmsg(int fd, struct mmsghdr *msgs, unsigned n, int flags)
{
	struct rp_wait w;
	ssize_t first;

	if (rp_offer_wanted(fd) && n && rp_offer_mmsg(fd, msgs, n, flags, &first))
		return (int)first;
	rp_before_bytes(&w, RP_WAIT_SEND, fd);
	int put = rp_real.sendmmsg(fd, msgs, n, flags);

	rp_wait_moved(&w, rp_mmsg_bytes(msgs, put));
	rp_said_mmsg(fd, msgs, put);
	return put;
}

static RP_PASS ssize_t pass_sendfile(int out, int in, off_t *at, size_t n)
{
	return rp_conn_passed_out(out, NULL, rp_real.sendfile(out, in, at, n));
}

static RP_SLOW ssize_t seen_sendfile(int out, int in, off_t *at, size_t n)
{
	struct rp_wait w;
	ssize_t put;

	if (rp_offer_wanted(out) && rp_offer_file(out, in, at, n, 0, &put))
		return put;
	rp_before_bytes(&w, RP_WAIT_SENDFILE, out);
	return rp_after_out(&w, out, NULL, rp_real.sendfile(out, in, at, n));
}

RP_HOOK ssize_t sendfile(int out, int in, off_t *at, size_t n)
{
	if (rp_likely(rp_quiet(out)))
		return rp_real.sendfile(out, in, at, n);
	if (rp_likely(rp_conn_idle(out)))
		return pass_sendfile(out, in, at, n);
	return seen_sendfile(out, in, at, n);
}

static RP_PASS ssize_t pass_sendfile64(int out, int in, off64_t *at, size_t n)
{
	return rp_conn_passed_out(out, NULL, rp_real.sendfile64(out, in, at, n));
}

static RP_SLOW ssize_t seen_sendfile64(int out, int in, off64_t *at, size_t n)
{
	struct rp_wait w;
	ssize_t put;

	if (rp_offer_wanted(out) && rp_offer_file(out, in, at, n, 0, &put))
		return put;
	rp_before_bytes(&w, RP_WAIT_SENDFILE, out);
	return rp_after_out(&w, out, NULL, rp_real.sendfile64(out, in, at, n));
}

RP_HOOK ssize_t sendfile64(int out, int in, off64_t *at, size_t n)
{
	if (rp_likely(rp_quiet(out)))
		return rp_real.sendfile64(out, in, at, n);
	if (rp_likely(rp_conn_idle(out)))
		return pass_sendfile64(out, in, at, n);
	return seen_sendfile64(out, in, at, n);
}

/* What is spliced out of a connection is not seen: a head could hide in it, so it is given up
 * there, unless it is the body that is under way (the delimiter skips it). */
RP_HOOK ssize_t splice(int in, off64_t *in_at, int out, off64_t *out_at, size_t n, unsigned flags)
{
	struct rp_wait w;
	ssize_t moved;

	if (rp_offer_wanted(out) && rp_offer_splice(out, in, in_at, n, flags, &moved))
		return moved;
	rp_before_bytes(&w, RP_WAIT_SENDFILE, out);
	moved = rp_real.splice(in, in_at, out, out_at, n, flags);
	rp_after_out(&w, out, NULL, moved);
	if (moved > 0 && rp_conn_kind(in) == RP_FD_CONN)
		rp_conn_heard(in, NULL, (size_t)moved);
	return moved;
}
