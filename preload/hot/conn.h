/* conn.h - descriptor -> connection: which descriptors carry HTTP, and what passes by on them.
 *
 * Room: hot.  A slot is reset at birth; deaths are only hints, so that a missed close does no harm.
 * The reading side and the writing side of a connection may be two threads; two readers at once
 * (a border nobody could define) make it opaque, counted.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_CONN_H
#define RP_HOT_CONN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include "preload/limits.h"
#include "preload/real.h"

/* One byte a descriptor.  The fast path of every hook is a look at it: up to RP_FD_OPAQUE, bytes
 * are none of our business. */
enum rp_fd_kind {
	RP_FD_OTHER = 1, /* born as something else: file, pipe */
	RP_FD_SOCKET,    /* born as a socket; a client's socket of our host, maybe */
	RP_FD_LISTEN,
	RP_FD_SERVE,  /* a listener whose connections brought requests */
	RP_FD_EPOLL,  /* watches at most one connection */
	RP_FD_LOOP,   /* an epoll set of an event loop: listeners or several connections */
	RP_FD_OPAQUE, /* a connection that is not (or no longer) HTTP/1.x */
	RP_FD_CONN,
	RP_FD_UPSTREAM, /* a socket on which a flagged request asked somebody (peer.h) */
	RP_FD_CARRIER,  /* a pipe, an eventfd, one of a pair of sockets (carrier.h) */
	RP_FD_TIMER,    /* a timerfd */
	RP_FD_NEW = 0,  /* birth not seen: inherited, or received by SCM_RIGHTS */
};

extern _Atomic uint8_t rp_fd_kinds[RP_MAX_FDS];

/* True when bytes on FD may belong to a request. */
static inline bool rp_conn_watched(int fd)
{
	if ((unsigned)fd >= RP_MAX_FDS)
		return false;
	uint8_t kind = atomic_load_explicit(&rp_fd_kinds[fd], memory_order_relaxed);

	return kind >= RP_FD_CONN || kind == RP_FD_NEW;
}

/* Nothing is kept of it: its death need not be told. */
static inline bool rp_conn_is_plain(uint8_t kind)
{
	return kind == RP_FD_OTHER || kind == RP_FD_SOCKET || kind >= RP_FD_CARRIER;
}

static inline uint8_t rp_conn_kind(int fd)
{
	return (unsigned)fd < RP_MAX_FDS
	               ? atomic_load_explicit(&rp_fd_kinds[fd], memory_order_relaxed)
	               : (uint8_t)RP_FD_OTHER;
}

/* A descriptor is born: as a client connection of LISTENER, or as anything else. */
void rp_conn_accepted(int listener, int fd);
void rp_conn_born(int fd, enum rp_fd_kind kind);
/* NEW_FD is another name for OLD_FD. */
void rp_conn_duped(int old_fd, int new_fd);
/* FD is about to be closed (or taken over); called before the kernel hears of it. */
void rp_conn_retire(int fd);
void rp_conn_retire_range(unsigned first, unsigned last);
/* The host will write no more on FD. */
void rp_conn_shut(int fd, int how);
/* EPFD is a new epoll set: whatever had that number before. */
void rp_conn_set_made(int epfd);
/* FD joins the epoll set EPFD; leaves it; is taken out of all of them. */
void rp_conn_joined(int epfd, int fd);
void rp_conn_parted(int epfd, int fd);
void rp_conn_unwatch(int fd);

/* Before a call that READS (with FLAGS, of recv), or writes, on FD: the thread works for FD's
 * request, if that is known. */
void rp_conn_touch(int fd, bool reads, int flags);
/* Before a wait for FD to have something to read, for ever: is it for what comes behind the request
 * that the thread works for?  Who has yet to answer that would wait in vain: somebody else does. */
bool rp_conn_awaits_next(int fd);
/* Before a wait for events: true when the set holds connections other than the thread's own. */
bool rp_conn_is_loop(int epfd);
/* EPFD holds a single connection, and never held anything else: who waits for its events waits for
 * that one's next request, and is no loop. */
bool rp_conn_is_set_of_one(int epfd);
/* The process has an io_uring, by which sets are filled unseen (libuv 1.50 does): each may be a
 * loop's. */
extern _Atomic bool rp_conn_has_ring;
bool rp_conn_is_foreign(int fd);
/* FD is an epoll set with connections in it. */
static inline bool rp_conn_is_set(int fd)
{
	return rp_conn_kind(fd) == RP_FD_EPOLL || rp_conn_kind(fd) == RP_FD_LOOP;
}

/* Requests of all connections that have no whole answer yet; nobody looks on where MOST are. */
unsigned rp_conn_in_flight(unsigned most);

/* N bytes passed.  BUF NULL: unseen (sendfile, splice). */
void rp_conn_heard(int fd, const void *buf, size_t n);
void rp_conn_said(int fd, const void *buf, size_t n);
void rp_conn_heard_iov(int fd, const struct iovec *iov, size_t n_iov, size_t n);
void rp_conn_said_iov(int fd, const struct iovec *iov, size_t n_iov, size_t n);

/* False in a child of vfork or a bare clone: it runs our hooks in memory that is not its own. */
bool rp_conn_own_process(void);

/* In a forked child, and once at the start: whose process this is. */
void rp_conn_forked(void);

#endif
