/* offer.h - what a host offers to a connection whose answer is ours to touch, before the kernel
 * sees it.
 *
 * Room: hot.  The one place in front of every call that sends.  A connection is *marked* from the
 * head of a flagged request, whose answer gets headers (rewrite.h) or is replaced (answer.h), until
 * nothing of it is left; on all others the look is one load of two counters.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_OFFER_H
#define RP_HOT_OFFER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>
#include "preload/hot/request.h"
#include "preload/real.h"

/* One call of the host: bytes of its own, or of the file IN (iov NULL). */
struct rp_offer {
	int fd;
	const struct iovec *iov;
	size_t n_iov;
	size_t n;     /* all bytes together */
	int flags;    /* of send and its like */
	int in;       /* sendfile, splice */
	int64_t *at;  /* where in IN; NULL: its own position */
	bool control; /* there is more to the call than bytes: ancillary data */
};

/* Marked connections whose requests are over, but whose bytes are not all out. */
extern _Atomic uint32_t rp_n_answers;

/* In struct rp_conn: why it is marked. */
enum { RP_MARK_HEADERS = 1, RP_MARK_REPLACED = 2 };

/* Is FD marked?  What was asked of it is in its slot. */
bool rp_offer_is_marked(int fd);

/* True: the call is done; *PUT, and errno when that is -1, are what the host is told, and what went
 * by was said (conn.h).  False: nothing was done, the call is to be made as it is. */
bool rp_offer_take(const struct rp_offer *offer, ssize_t *put);

static inline bool rp_offer_wanted(int fd)
{
	return rp_unlikely(atomic_load_explicit(&rp_n_requests, memory_order_relaxed) |
	                   atomic_load_explicit(&rp_n_answers, memory_order_relaxed)) &&
	       rp_unlikely(rp_offer_is_marked(fd));
}

/* The calls, in the forms that they come in; asked where rp_offer_wanted. */
bool rp_offer_bytes(int fd, const void *buf, size_t n, int flags, ssize_t *put);
bool rp_offer_iov(int fd, const struct iovec *iov, size_t n_iov, int flags, ssize_t *put);
bool rp_offer_msg(int fd, const struct msghdr *msg, int flags, ssize_t *put);
/* Some of N messages; a host may always hear that fewer went out than it had. */
bool rp_offer_mmsg(int fd, struct mmsghdr *msgs, unsigned n, int flags, ssize_t *put);
/* FLAGS: MSG_DONTWAIT where IN is not waited for. */
bool rp_offer_file(int fd, int in, int64_t *at, size_t n, int flags, ssize_t *put);
bool rp_offer_splice(int fd, int in, int64_t *at, size_t n, unsigned flags, ssize_t *put);

#endif
