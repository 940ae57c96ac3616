/* hooks_syscall.c - syscall(): the calls that hosts and their libraries make past libc's names.
 *
 * Room: hot.  libuv closes its sockets this way, allocators and runtimes wait this way.  While the
 * thread is sampled our signal is kept out of all of them but those that are about signals, or
 * that do not come back.  SPDX-License-Identifier: MIT
 */
#include <linux/futex.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include "preload/hot/current.h"
#include "preload/hot/executor.h"
#include "preload/hot/hooks.h"
#include "preload/hot/mask.h"
#include "preload/hot/offer.h"
#include "preload/hot/sys.h"

/* Never wrapped: they change the mask, or another image or process goes on behind them. */
static bool must_not_wait(long nr)
{
	static const short calls[] = {
	        SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_rt_sigaction, SYS_clone,      SYS_clone3,
	        SYS_execve,         SYS_execveat,     SYS_exit,         SYS_exit_group,
#ifdef SYS_fork
	        SYS_fork,           SYS_vfork,
#endif
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i] == nr)
			return true;
	return false;
}

/* What a call waits for, and where the set is that it installs: argument MASK, or the first word
 * of the pair that argument points to. */
struct row {
	short nr;
	uint8_t kind;
	int8_t fd, mask;
	bool pair;
};

static const struct row rows[] = {
        {SYS_futex, RP_WAIT_FUTEX, -1, -1, false},
        {SYS_io_uring_enter, RP_WAIT_IO_URING, 0, -1, false},
        {SYS_clock_nanosleep, RP_WAIT_SLEEP, -1, -1, false},
        {SYS_nanosleep, RP_WAIT_SLEEP, -1, -1, false},
        {SYS_read, RP_WAIT_READ, 0, -1, false},
        {SYS_write, RP_WAIT_WRITE, 0, -1, false},
        {SYS_recvfrom, RP_WAIT_RECV, 0, -1, false},
        {SYS_sendto, RP_WAIT_SEND, 0, -1, false},
        {SYS_fsync, RP_WAIT_FSYNC, 0, -1, false},
        {SYS_wait4, RP_WAIT_WAITPID, -1, -1, false},
        {SYS_flock, RP_WAIT_FLOCK, 0, -1, false},
        {SYS_ppoll, RP_WAIT_POLL, -1, 3, false},
        {SYS_pselect6, RP_WAIT_SELECT, -1, 5, true},
        {SYS_epoll_pwait, RP_WAIT_EPOLL, 0, 4, false},
#ifdef SYS_epoll_pwait2
        {SYS_epoll_pwait2, RP_WAIT_EPOLL, 0, 4, false},
#endif
#ifdef SYS_epoll_wait
        {SYS_epoll_wait, RP_WAIT_EPOLL, 0, -1, false},
        {SYS_poll, RP_WAIT_POLL, -1, -1, false},
#endif
        {SYS_rt_sigsuspend, RP_WAIT_SIGNAL, -1, 0, false},
        {SYS_rt_sigtimedwait, RP_WAIT_SIGNAL, -1, -1, false},
        {SYS_io_pgetevents, RP_WAIT_OTHER, -1, 5, true},
};

static const struct row *find(long nr)
{
	static const struct row other = {-1, RP_WAIT_OTHER, -1, -1, false};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].nr == nr)
			return &rows[i];
	return &other;
}

/* The set a call installs, with our signal in: in copies on the caller's frame. */
struct mask_copy {
	uint64_t set;
	long pair[2];
};

static void hide(const struct row *row, long *a, struct mask_copy *copy)
{
	long *at = row->mask < 0 ? NULL : &a[row->mask];

	if (!at || !*at || !rp_stack_readable((uintptr_t)*at))
		return;
	if (row->pair) {
		copy->pair[0] = ((const long *)*at)[0];
		copy->pair[1] = ((const long *)*at)[1];
		*at = (long)copy->pair;
		at = &copy->pair[0];
		if (!*at || !rp_stack_readable((uintptr_t)*at))
			return;
	}
	copy->set = *(const uint64_t *)*at | rp_sigbit(rp_mask_signal());
	*at = (long)&copy->set;
}

static bool waits_for_futex(long nr, const long *a)
{
	long op = a[1] & FUTEX_CMD_MASK;

	return nr == SYS_futex && (op == FUTEX_WAIT || op == FUTEX_WAIT_BITSET);
}

static void begin(struct rp_wait *w, long nr, long *a, struct mask_copy *copy)
{
	const struct row *row = find(nr);
	struct rp_waited what = {.kind = row->kind, .fd = row->fd < 0 ? -1 : (int)a[row->fd]};

	if ((row->kind == RP_WAIT_EPOLL && rp_conn_is_loop((int)a[0])) ||
	    (waits_for_futex(nr, a) && rp_executor_parks_on_futex(&rp_self)))
		rp_current_leave();
	if (row->kind == RP_WAIT_FUTEX)
		what.at = (const void *)a[0];
	rp_wait_begin(w, &what);
	if (w->on && rp_mask_signal())
		hide(row, a, copy);
}

static bool moves_bytes(long nr)
{
	return nr == SYS_read || nr == SYS_recvfrom || nr == SYS_write || nr == SYS_sendto;
}

/* What the call did to descriptors and connections. */
static void after(long nr, const long *a, long ret)
{
	int fd = (int)a[0];

	if (ret < 0)
		return;
	switch (nr) {
	case SYS_read:
	case SYS_recvfrom:
		if (ret > 0 && rp_conn_watched(fd) && (nr == SYS_read || !a[3]))
			rp_conn_heard(fd, (const void *)a[1], (size_t)ret);
		break;
	case SYS_write:
	case SYS_sendto:
		if (ret > 0 && rp_says(fd))
			rp_conn_said(fd, (const void *)a[1], (size_t)ret);
		break;
	case SYS_writev:
		if (ret > 0 && rp_says(fd))
			rp_conn_said_iov(fd, (const struct iovec *)a[1], (size_t)a[2], (size_t)ret);
		break;
	case SYS_sendmsg:
		if (ret > 0 && rp_says(fd))
			rp_conn_said_iov(fd, ((const struct msghdr *)a[1])->msg_iov,
			                 ((const struct msghdr *)a[1])->msg_iovlen, (size_t)ret);
		break;
	case SYS_sendmmsg:
		rp_said_mmsg(fd, (const struct mmsghdr *)a[1], (int)ret);
		break;
	case SYS_sendfile:
		if (ret > 0 && rp_says(fd))
			rp_conn_said(fd, NULL, (size_t)ret);
		break;
	case SYS_splice:
		if (ret > 0 && rp_says((int)a[2]))
			rp_conn_said((int)a[2], NULL, (size_t)ret);
		if (ret > 0 && rp_conn_kind(fd) == RP_FD_CONN)
			rp_conn_heard(fd, NULL, (size_t)ret);
		break;
	case SYS_accept:
	case SYS_accept4:
		rp_conn_accepted(fd, (int)ret);
		break;
	case SYS_socket:
		rp_conn_born((int)ret, RP_FD_SOCKET);
		break;
	case SYS_openat:
	case SYS_eventfd2:
	case SYS_epoll_create1:
	case SYS_timerfd_create:
		rp_conn_born((int)ret, RP_FD_OTHER);
		break;
	case SYS_io_uring_setup:
		atomic_store_explicit(&rp_conn_has_ring, true, memory_order_relaxed);
		break;
	case SYS_dup:
	case SYS_dup3:
		rp_conn_duped(fd, (int)ret);
		break;
	}
}

static bool offered(long nr, const long *a, ssize_t *put)
{
	int fd = (int)a[0];

	switch (nr) {
	case SYS_write:
	case SYS_sendto:
		return rp_offer_wanted(fd) && rp_offer_bytes(fd, (const void *)a[1], (size_t)a[2],
		                                             nr == SYS_sendto ? (int)a[3] : 0, put);
	case SYS_writev:
		return rp_offer_wanted(fd) && (int)a[2] > 0 &&
		       rp_offer_iov(fd, (const struct iovec *)a[1], (size_t)a[2], 0, put);
	case SYS_sendmsg:
		return rp_offer_wanted(fd) &&
		       rp_offer_msg(fd, (const struct msghdr *)a[1], (int)a[2], put);
	case SYS_sendmmsg:
		return rp_offer_wanted(fd) && (unsigned)a[2] > 0 &&
		       rp_offer_mmsg(fd, (struct mmsghdr *)a[1], (unsigned)a[2], (int)a[3], put);
	case SYS_splice:
		return rp_offer_wanted((int)a[2]) &&
		       rp_offer_splice((int)a[2], fd, (int64_t *)a[1], (size_t)a[4], (unsigned)a[5],
		                       put);
	case SYS_sendfile:
		return rp_offer_wanted(fd) &&
		       rp_offer_file(fd, (int)a[1], (int64_t *)a[2], (size_t)a[3], 0, put);
	}
	return false;
}

RP_HOOK long syscall(long nr, ...)
{
	struct rp_wait w = {.on = RP_WAIT_OFF};
	struct mask_copy copy;
	long a[6];
	ssize_t put;
	va_list args;

	va_start(args, nr);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (offered(nr, a, &put))
		return put;
	if ((nr == SYS_write || nr == SYS_sendto) && rp_conn_kind((int)a[0]) == RP_FD_CARRIER)
		rp_carrier_unsure((int)a[0]);
	if (nr == SYS_close)
		rp_conn_retire((int)a[0]);
	else if (nr == SYS_close_range && !(a[2] & CLOSE_RANGE_CLOEXEC))
		rp_conn_retire_range((unsigned)a[0], (unsigned)a[1]);
	else if (rp_unlikely(rp_self.armed) && !must_not_wait(nr))
		begin(&w, nr, a, &copy);
	long ret = rp_real.syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);

	rp_wait_moved(&w, moves_bytes(nr) ? ret : 0);
	after(nr, a, ret);
	return ret;
}
