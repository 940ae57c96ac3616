/* hooks_file.c - reading and writing at a place, making room, moving bytes inside the kernel.
 *
 * Room: hot.  No requests come this way, but waits do, and a signal would cut these calls short.
 * SPDX-License-Identifier: MIT
 */
#include "preload/hot/hooks.h"
#include "preload/hot/offer.h"

static RP_SLOW ssize_t seen_pread(int fd, void *buf, size_t n, off_t at)
{
	struct rp_wait w;

	rp_wait_enter_fd(&w, RP_WAIT_READ, fd);
	ssize_t got = rp_real.pread(fd, buf, n, at);

	return rp_wait_moved(&w, got);
}

RP_HOOK ssize_t pread(int fd, void *buf, size_t n, off_t at)
{
	if (rp_likely(!rp_self.armed))
		return rp_real.pread(fd, buf, n, at);
	return seen_pread(fd, buf, n, at);
}

static RP_SLOW ssize_t seen_pread64(int fd, void *buf, size_t n, off64_t at)
{
	struct rp_wait w;

	rp_wait_enter_fd(&w, RP_WAIT_READ, fd);
	ssize_t got = rp_real.pread64(fd, buf, n, at);

	return rp_wait_moved(&w, got);
}

RP_HOOK ssize_t pread64(int fd, void *buf, size_t n, off64_t at)
{
	if (rp_likely(!rp_self.armed))
		return rp_real.pread64(fd, buf, n, at);
	return seen_pread64(fd, buf, n, at);
}

RP_HOOK ssize_t __pread_chk(int fd, void *buf, size_t n, off_t at, size_t room)
{
	struct rp_wait w;

	rp_wait_enter_fd(&w, RP_WAIT_READ, fd);
	ssize_t got = rp_real.__pread_chk(fd, buf, n, at, room);

	return rp_wait_moved(&w, got);
}

RP_HOOK ssize_t __pread64_chk(int fd, void *buf, size_t n, off64_t at, size_t room)
{
	struct rp_wait w;

	rp_wait_enter_fd(&w, RP_WAIT_READ, fd);
	ssize_t got = rp_real.__pread64_chk(fd, buf, n, at, room);

	return rp_wait_moved(&w, got);
}

RP_HOOK ssize_t preadv(int fd, const struct iovec *iov, int n_iov, off_t at)
{
	struct rp_wait w;

	rp_wait_enter_fd(&w, RP_WAIT_READ, fd);
	ssize_t got = rp_real.preadv(fd, iov, n_iov, at);

	return rp_wait_moved(&w, got);
}

RP_HOOK ssize_t preadv64(int fd, const struct iovec *iov, int n_iov, off64_t at)
{
	struct rp_wait w;

	rp_wait_enter_fd(&w, RP_WAIT_READ, fd);
	ssize_t got = rp_real.preadv64(fd, iov, n_iov, at);

	return rp_wait_moved(&w, got);
}

static RP_SLOW ssize_t seen_pwrite(int fd, const void *buf, size_t n, off_t at)
{
	struct rp_wait w;

	rp_wait_enter_fd(&w, RP_WAIT_WRITE, fd);
	ssize_t put = rp_real.pwrite(fd, buf, n, at);

	return rp_wait_moved(&w, put);
}

RP_HOOK ssize_t pwrite(int fd, const void *buf, size_t n, off_t at)
{
	if (rp_likely(!rp_self.armed))
		return rp_real.pwrite(fd, buf, n, at);
	return seen_pwrite(fd, buf, n, at);
}

static RP_SLOW ssize_t seen_pwrite64(int fd, const void *buf, size_t n, off64_t at)
{
	struct rp_wait w;

	rp_wait_enter_fd(&w, RP_WAIT_WRITE, fd);
	ssize_t put = rp_real.pwrite64(fd, buf, n, at);

	return rp_wait_moved(&w, put);
}

RP_HOOK ssize_t pwrite64(int fd, const void *buf, size_t n, off64_t at)
{
	if (rp_likely(!rp_self.armed))
		return rp_real.pwrite64(fd, buf, n, at);
	return seen_pwrite64(fd, buf, n, at);
}

RP_HOOK ssize_t pwritev(int fd, const struct iovec *iov, int n_iov, off_t at)
{
	struct rp_wait w;

	rp_wait_enter_fd(&w, RP_WAIT_WRITE, fd);
	ssize_t put = rp_real.pwritev(fd, iov, n_iov, at);

	return rp_wait_moved(&w, put);
}

RP_HOOK ssize_t pwritev64(int fd, const struct iovec *iov, int n_iov, off64_t at)
{
	struct rp_wait w;

	rp_wait_enter_fd(&w, RP_WAIT_WRITE, fd);
	ssize_t put = rp_real.pwritev64(fd, iov, n_iov, at);

	return rp_wait_moved(&w, put);
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

RP_HOOK ssize_t preadv2(int fd, const struct iovec *iov, int n_iov, off_t at, int flags)
{
	struct rp_wait w;

	rp_before_bytes(&w, RP_WAIT_READ, fd);
	ssize_t got = rp_real.preadv2(fd, iov, n_iov, at, flags);

	rp_wait_moved(&w, got);
	if (got > 0 && at == -1 && rp_conn_watched(fd))
		rp_conn_heard_iov(fd, iov, (size_t)n_iov, (size_t)got);
	return got;
}

RP_HOOK ssize_t preadv64v2(int fd, const struct iovec *iov, int n_iov, off64_t at, int flags)
{
	struct rp_wait w;

	rp_before_bytes(&w, RP_WAIT_READ, fd);
	ssize_t got = rp_real.preadv64v2(fd, iov, n_iov, at, flags);

	rp_wait_moved(&w, got);
	if (got > 0 && at == -1 && rp_conn_watched(fd))
		rp_conn_heard_iov(fd, iov, (size_t)n_iov, (size_t)got);
	return got;
}

/* Without a place it is a writev. */
static bool is_offered(int fd, const struct iovec *iov, int n_iov, off64_t at, int flags,
                       ssize_t *put)
{
	return at == -1 && rp_offer_wanted(fd) && n_iov > 0 &&
	       rp_offer_iov(fd, iov, (size_t)n_iov, flags & RWF_NOWAIT ? MSG_DONTWAIT : 0, put);
}

RP_HOOK ssize_t pwritev2(int fd, const struct iovec *iov, int n_iov, off_t at, int flags)
{
	struct rp_wait w;
	ssize_t put;

	if (is_offered(fd, iov, n_iov, at, flags, &put))
		return put;
	rp_before_bytes(&w, RP_WAIT_WRITE, fd);
	put = rp_real.pwritev2(fd, iov, n_iov, at, flags);

	rp_wait_moved(&w, put);
	if (put > 0 && at == -1 && rp_conn_watched(fd))
		rp_conn_said_iov(fd, iov, (size_t)n_iov, (size_t)put);
	return put;
}

RP_HOOK ssize_t pwritev64v2(int fd, const struct iovec *iov, int n_iov, off64_t at, int flags)
{
	struct rp_wait w;
	ssize_t put;

	if (is_offered(fd, iov, n_iov, at, flags, &put))
		return put;
	rp_before_bytes(&w, RP_WAIT_WRITE, fd);
	put = rp_real.pwritev64v2(fd, iov, n_iov, at, flags);

	rp_wait_moved(&w, put);
	if (put > 0 && at == -1 && rp_conn_watched(fd))
		rp_conn_said_iov(fd, iov, (size_t)n_iov, (size_t)put);
	return put;
}

RP_HOOK ssize_t copy_file_range(int in, off64_t *in_at, int out, off64_t *out_at, size_t n,
                                unsigned flags)
{
	struct rp_wait w;

	rp_wait_enter_fd(&w, RP_WAIT_SENDFILE, in);
	ssize_t done = rp_real.copy_file_range(in, in_at, out, out_at, n, flags);

	return rp_wait_moved(&w, done);
}

RP_HOOK ssize_t tee(int in, int out, size_t n, unsigned flags)
{
	struct rp_wait w;

	rp_wait_enter_fd(&w, RP_WAIT_SENDFILE, in);
	ssize_t done = rp_real.tee(in, out, n, flags);

	return rp_wait_moved(&w, done);
}

RP_HOOK ssize_t vmsplice(int fd, const struct iovec *iov, size_t n_iov, unsigned flags)
{
	struct rp_wait w;

	rp_wait_enter_fd(&w, RP_WAIT_WRITE, fd);
	ssize_t done = rp_real.vmsplice(fd, iov, n_iov, flags);

	return rp_wait_moved(&w, done);
}

RP_HOOK int fallocate(int fd, int mode, off_t at, off_t n)
{
	struct rp_wait w;

	rp_wait_enter_fd(&w, RP_WAIT_WRITE, fd);
	int done = rp_real.fallocate(fd, mode, at, n);

	rp_wait_leave(&w);
	return done;
}

RP_HOOK int fallocate64(int fd, int mode, off64_t at, off64_t n)
{
	struct rp_wait w;

	rp_wait_enter_fd(&w, RP_WAIT_WRITE, fd);
	int done = rp_real.fallocate64(fd, mode, at, n);

	rp_wait_leave(&w);
	return done;
}

RP_HOOK int posix_fallocate(int fd, off_t at, off_t n)
{
	struct rp_wait w;

	rp_wait_enter_fd(&w, RP_WAIT_WRITE, fd);
	int done = rp_real.posix_fallocate(fd, at, n);

	rp_wait_leave(&w);
	return done;
}

RP_HOOK int posix_fallocate64(int fd, off64_t at, off64_t n)
{
	struct rp_wait w;

	rp_wait_enter_fd(&w, RP_WAIT_WRITE, fd);
	int done = rp_real.posix_fallocate64(fd, at, n);

	rp_wait_leave(&w);
	return done;
}

RP_HOOK ssize_t getrandom(void *buf, size_t n, unsigned flags)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_OTHER, NULL, 0);
	ssize_t got = rp_real.getrandom(buf, n, flags);

	return rp_wait_moved(&w, got);
}
