/* hooks_open.c - descriptors are born and die.
 *
 * Room: hot.  A birth resets the slot; a death is told before the real call, since another thread
 * may get the number at once.  SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdarg.h>
#include "preload/hot/bell.h"
#include "preload/hot/carrier.h"
#include "preload/hot/conn_cut.h"
#include "preload/hot/current.h"
#include "preload/hot/answer.h"
#include "preload/hot/hooks.h"
#include "preload/hot/peer.h"
#include "preload/hot/turn.h"
#include "preload/hot/unseen.h"

/* Nearly every number was the same before: then there is nothing to forget. */
static inline int born(int fd, enum rp_fd_kind kind)
{
	if (fd >= 0 && rp_conn_kind(fd) != kind)
		rp_conn_born(fd, kind);
	return fd;
}

static void carrier(int reads, int writes)
{
	rp_conn_born(reads, RP_FD_CARRIER);
	rp_conn_born(writes, RP_FD_CARRIER);
	rp_carrier_born(reads, writes);
}

/* A thread that accepts where clients come from serves whoever comes: no longer the request it
 * had.  A listener that a handler made for itself is a wait like any other. */
static RP_PASS void before_accept(struct rp_wait *w, int listener)
{
	if (rp_unlikely(rp_self.armed) && (rp_self.turn.looped || rp_conn_is_foreign(listener)))
		rp_current_leave();
	rp_wait_enter_fd(w, RP_WAIT_ACCEPT, listener);
}

static RP_PASS int accepted(struct rp_wait *w, int listener, int fd)
{
	rp_wait_leave(w);
	rp_unseen_answered(listener, fd);
	if (fd < 0)
		return fd;
	uint8_t kind = rp_conn_kind(listener);

	if (kind != RP_FD_LISTEN && kind != RP_FD_SERVE)
		rp_conn_born(listener, RP_FD_LISTEN);
	rp_conn_accepted(listener, fd);
	return fd;
}

RP_HOOK int accept(int fd, struct sockaddr *restrict a, socklen_t *restrict n)
{
	struct rp_wait w;

	before_accept(&w, fd);
	return accepted(&w, fd, rp_real.accept(fd, a, n));
}

RP_HOOK int accept4(int fd, struct sockaddr *restrict a, socklen_t *restrict n, int flags)
{
	struct rp_wait w;

	before_accept(&w, fd);
	return accepted(&w, fd, rp_real.accept4(fd, a, n, flags));
}

RP_HOOK int connect(int fd, const struct sockaddr *a, socklen_t n)
{
	struct rp_wait w;

	if (rp_conn_kind(fd) != RP_FD_UPSTREAM)
		born(fd, RP_FD_SOCKET);
	w.on = RP_WAIT_OFF;
	if (rp_unlikely(rp_self.armed))
		rp_wait_begin(&w, &(struct rp_waited){
		                          .kind = RP_WAIT_CONNECT, .fd = fd, .at = a, .n = n});
	int ret = rp_real.connect(fd, a, n);

	rp_wait_leave(&w);
	if (rp_unlikely(rp_self.armed) && (ret == 0 || errno == EINPROGRESS))
		rp_peer_connected(fd, a, n);
	return ret;
}

RP_HOOK int socket(int domain, int type, int protocol)
{
	return born(rp_real.socket(domain, type, protocol), RP_FD_SOCKET);
}

RP_HOOK int socketpair(int domain, int type, int protocol, int fds[2])
{
	int ret = rp_real.socketpair(domain, type, protocol, fds);

	if (ret == 0) {
		carrier(fds[0], fds[1]);
		carrier(fds[1], fds[0]);
	}
	return ret;
}

RP_HOOK int listen(int fd, int backlog)
{
	int ret = rp_real.listen(fd, backlog);

	if (ret == 0)
		rp_conn_born(fd, RP_FD_LISTEN);
	return ret;
}

/* The descriptor knows its path; the host's string may be gone or bad. */
static int opened(struct rp_wait *w, int fd)
{
	w->what.fd = fd;
	rp_wait_leave(w);
	return born(fd, RP_FD_OTHER);
}

/* The mode is there only with O_CREAT or O_TMPFILE. */
static mode_t mode_of(int flags, va_list args)
{
	return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(args, mode_t) : 0;
}

#define MODE(flags)                                                                                \
	va_list args;                                                                              \
	va_start(args, flags);                                                                     \
	mode_t mode = mode_of(flags, args);                                                        \
	va_end(args)

RP_HOOK int open(const char *path, int flags, ...)
{
	MODE(flags);

	if (rp_likely(!rp_self.armed))
		return born(rp_real.open(path, flags, mode), RP_FD_OTHER);
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_OPEN, NULL, 0);
	return opened(&w, rp_real.open(path, flags, mode));
}

RP_HOOK int open64(const char *path, int flags, ...)
{
	MODE(flags);

	if (rp_likely(!rp_self.armed))
		return born(rp_real.open64(path, flags, mode), RP_FD_OTHER);
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_OPEN, NULL, 0);
	return opened(&w, rp_real.open64(path, flags, mode));
}

RP_HOOK int openat(int dir, const char *path, int flags, ...)
{
	MODE(flags);

	if (rp_likely(!rp_self.armed))
		return born(rp_real.openat(dir, path, flags, mode), RP_FD_OTHER);
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_OPEN, NULL, 0);
	return opened(&w, rp_real.openat(dir, path, flags, mode));
}

RP_HOOK int openat64(int dir, const char *path, int flags, ...)
{
	MODE(flags);

	if (rp_likely(!rp_self.armed))
		return born(rp_real.openat64(dir, path, flags, mode), RP_FD_OTHER);
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_OPEN, NULL, 0);
	return opened(&w, rp_real.openat64(dir, path, flags, mode));
}

RP_HOOK int creat(const char *path, mode_t mode)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_OPEN, NULL, 0);
	return opened(&w, rp_real.creat(path, mode));
}

RP_HOOK int creat64(const char *path, mode_t mode)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_OPEN, NULL, 0);
	return opened(&w, rp_real.creat64(path, mode));
}

static int born_two(int ret, int *fds)
{
	if (ret == 0)
		carrier(fds[0], fds[1]);
	return ret;
}

RP_HOOK int pipe(int fds[2])
{
	return born_two(rp_real.pipe(fds), fds);
}

RP_HOOK int pipe2(int fds[2], int flags)
{
	return born_two(rp_real.pipe2(fds, flags), fds);
}

RP_HOOK int eventfd(unsigned value, int flags)
{
	int fd = rp_real.eventfd(value, flags);

	/* One that is read by ones is never known to be empty. */
	if (value || flags & EFD_SEMAPHORE)
		return born(fd, RP_FD_OTHER);
	if (fd >= 0)
		carrier(fd, fd);
	return fd;
}

RP_HOOK int timerfd_create(clockid_t clock, int flags)
{
	int fd = born(rp_real.timerfd_create(clock, flags), RP_FD_TIMER);

	rp_carrier_timer(fd);
	return fd;
}

RP_HOOK int timerfd_settime(int fd, int flags, const struct itimerspec *when,
                            struct itimerspec *old)
{
	rp_carrier_set(fd);
	return rp_real.timerfd_settime(fd, flags, when, old);
}

static int made_set(int epfd)
{
	rp_turn_set_made(epfd);
	rp_conn_set_made(epfd);
	return born(epfd, RP_FD_EPOLL);
}

RP_HOOK int epoll_create(int size)
{
	return made_set(rp_real.epoll_create(size));
}

RP_HOOK int epoll_create1(int flags)
{
	return made_set(rp_real.epoll_create1(flags));
}

static void put_in_set(int epfd, int op, int fd, uint64_t data)
{
	rp_bell_put(epfd, fd, data);
	if (rp_bell_is(fd))
		rp_turn_set_rung(epfd, op == EPOLL_CTL_MOD);
}

RP_HOOK int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	uint32_t since = rp_watch_changes(fd, op);
	int ret = rp_real.epoll_ctl(epfd, op, fd, event);

	if (ret == 0 && op != EPOLL_CTL_DEL && event) {
		put_in_set(epfd, op, fd, event->data.u64);
		rp_watch_changed(epfd, fd, op, event, since);
	}
	if (ret == 0 && op == EPOLL_CTL_ADD)
		rp_conn_joined(epfd, fd);
	else if (ret == 0 && op == EPOLL_CTL_DEL)
		rp_conn_parted(epfd, fd);
	return ret;
}

RP_HOOK int dup(int fd)
{
	int copy = rp_real.dup(fd);

	if (copy >= 0)
		rp_conn_duped(fd, copy);
	return copy;
}

/* dup2 closes its target, but only if the source is good: asked first. */
static bool will_dup(int fd, int target)
{
	return fd != target && target >= 0 && rp_real.fcntl(fd, F_GETFD) != -1;
}

RP_HOOK int dup2(int fd, int target)
{
	if (rp_conn_kind(target) > RP_FD_SOCKET && will_dup(fd, target))
		rp_conn_retire(target);
	int copy = rp_real.dup2(fd, target);

	if (copy >= 0)
		rp_conn_duped(fd, copy);
	return copy;
}

RP_HOOK int dup3(int fd, int target, int flags)
{
	if (rp_conn_kind(target) > RP_FD_SOCKET && will_dup(fd, target) && !(flags & ~O_CLOEXEC))
		rp_conn_retire(target);
	int copy = rp_real.dup3(fd, target, flags);

	if (copy >= 0)
		rp_conn_duped(fd, copy);
	return copy;
}

static int after_fcntl(int fd, int cmd, int ret)
{
	if ((cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC) && ret >= 0)
		rp_conn_duped(fd, ret);
	return ret;
}

RP_HOOK int fcntl(int fd, int cmd, ...)
{
	struct rp_wait w = {.on = RP_WAIT_OFF};
	va_list args;

	va_start(args, cmd);
	void *arg = va_arg(args, void *); /* every third argument fits a pointer */
	va_end(args);
	if (cmd == F_SETLKW || cmd == F_OFD_SETLKW)
		rp_wait_enter_fd(&w, RP_WAIT_FLOCK, fd);
	int ret = rp_real.fcntl(fd, cmd, arg);

	rp_wait_leave(&w);
	return after_fcntl(fd, cmd, ret);
}

RP_HOOK int fcntl64(int fd, int cmd, ...)
{
	struct rp_wait w = {.on = RP_WAIT_OFF};
	va_list args;

	va_start(args, cmd);
	void *arg = va_arg(args, void *);
	va_end(args);
	if (cmd == F_SETLKW || cmd == F_OFD_SETLKW)
		rp_wait_enter_fd(&w, RP_WAIT_FLOCK, fd);
	int ret = rp_real.fcntl64(fd, cmd, arg);

	rp_wait_leave(&w);
	return after_fcntl(fd, cmd, ret);
}

RP_HOOK int close(int fd)
{
	if (!rp_conn_is_plain(rp_conn_kind(fd)))
		rp_conn_retire(fd);
	return rp_real.close(fd);
}

RP_HOOK int close_range(unsigned first, unsigned last, int flags)
{
	if (!(flags & (int)CLOSE_RANGE_CLOEXEC) && first <= last)
		rp_conn_retire_range(first, last);
	return rp_real.close_range(first, last, flags);
}

RP_HOOK void closefrom(int first)
{
	rp_conn_retire_range(first > 0 ? (unsigned)first : 0, ~0u);
	rp_real.closefrom(first);
}

RP_HOOK int shutdown(int fd, int how)
{
	if (rp_conn_watched(fd))
		rp_conn_shut(fd, how);
	/* A page may still be on its way: its thread does it after that. */
	if (rp_offer_wanted(fd) && (how == SHUT_WR || how == SHUT_RDWR) &&
	    rp_answer_shut(rp_conn_of(fd))) {
		if (how == SHUT_WR)
			return 0;
		how = SHUT_RD;
	}
	return rp_real.shutdown(fd, how);
}
