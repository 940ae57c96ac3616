/* hooks.h - what the hooks share: a look before and a look after a call on a descriptor.
 *
 * Room: hot.  Every failure path of a hook ends in the real call with the host's arguments; errno
 * is the real call's: nothing here touches it.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_HOOKS_H
#define RP_HOT_HOOKS_H

#include "preload/hot/carrier.h"
#include "preload/hot/conn.h"
#include "preload/hot/conn_glance.h"
#include "preload/hot/conn_light.h"
#include "preload/hot/request.h"
#include "preload/hot/stack.h"
#include "preload/hot/unseen.h"
#include "preload/hot/wait.h"
#include "preload/real.h"

/* How long the host asked to wait.  A pointer the kernel will refuse is not followed. */
static inline uint64_t rp_asked_ns(const struct timespec *t)
{
	if (!t || !rp_stack_readable((uintptr_t)t) || !rp_stack_readable((uintptr_t)t + 8))
		return 0;
	return (uint64_t)t->tv_sec * 1000000000u + (uint64_t)t->tv_nsec;
}

static inline uint64_t rp_asked_or_ever(const struct timespec *t)
{
	return t ? rp_asked_ns(t) : RP_NEVER;
}

static inline uint64_t rp_ms_or_ever(int timeout_ms)
{
	return timeout_ms < 0 ? RP_NEVER : timeout_ms * 1000000ull;
}

/* A hook looks before the call, and jumps where there is nothing to see: one more return behind a
 * system call costs 7 to 20 ns, the look less than one (make bench).  What there is to see is in a
 * function of its own, or the compiler would keep the frame. */
static inline bool rp_quiet(int fd)
{
	return !rp_self.armed && !rp_conn_watched(fd);
}

/* Before bytes move on FD: whose thread is this?  Costs one load while nothing is flagged.  The
 * hook's caller is ours only as long as this is inlined.  FLAGS: of recv. */
static inline __attribute__((always_inline)) void
rp_before_message(struct rp_wait *w, enum rp_wait_kind kind, int fd, int flags)
{
	bool reads = kind == RP_WAIT_READ || kind == RP_WAIT_RECV;

	rp_self.caller = __builtin_return_address(0);
	if (rp_unlikely(rp_conn_kind(fd) == RP_FD_CARRIER) && !reads)
		rp_carrier_unsure(fd);
	if (rp_unlikely(atomic_load_explicit(&rp_followed, memory_order_relaxed)) &&
	    (rp_conn_watched(fd) || rp_self.armed) && !rp_conn_stays(fd, reads))
		rp_conn_touch(fd, reads, flags);
	rp_wait_enter_fd(w, kind, fd);
}

static inline __attribute__((always_inline)) void rp_before_bytes(struct rp_wait *w,
                                                                  enum rp_wait_kind kind, int fd)
{
	rp_before_message(w, kind, fd, 0);
}

static inline ssize_t rp_mmsg_bytes(const struct mmsghdr *msgs, int n)
{
	ssize_t n_bytes = 0;

	for (int i = 0; i < n; i++)
		n_bytes += msgs[i].msg_len;
	return n_bytes;
}

/* Bytes that a flagged thread sends on a socket ask somebody something (peer.h). */
static inline bool rp_says(int fd)
{
	return rp_conn_watched(fd) ||
	       (rp_unlikely(rp_self.armed) && rp_conn_kind(fd) == RP_FD_SOCKET);
}

static inline void rp_said_mmsg(int fd, const struct mmsghdr *msgs, int n)
{
	for (int i = 0; i < n; i++)
		if (msgs[i].msg_len && rp_says(fd))
			rp_conn_said_iov(fd, msgs[i].msg_hdr.msg_iov, msgs[i].msg_hdr.msg_iovlen,
			                 msgs[i].msg_len);
}

static inline ssize_t rp_after_in(struct rp_wait *w, int fd, const void *buf, ssize_t got)
{
	rp_wait_moved(w, got);
	if (rp_conn_watched(fd))
		rp_unseen_answered(fd, got);
	if (got > 0 && rp_conn_watched(fd))
		rp_conn_heard(fd, buf, (size_t)got);
	return got;
}

static inline ssize_t rp_after_out(struct rp_wait *w, int fd, const void *buf, ssize_t got)
{
	rp_wait_moved(w, got);
	if (got > 0 && rp_says(fd))
		rp_conn_said(fd, buf, (size_t)got);
	return got;
}

#endif
