/* conn_glance.h - bytes of requests that nobody flagged, the short way.
 *
 * Room: hot.  While nothing is flagged in this process, what passes on a connection is nearly
 * always a whole head, a whole answer, or the inside of a body.  For these conn_in.c, conn_out.c is
 * not needed: it does the same, and the rest. SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_CONN_GLANCE_H
#define RP_HOT_CONN_GLANCE_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/uio.h>
#include "preload/hot/conn_slot.h"
#include "preload/hot/delim_glance.h"
#include "preload/hot/flight.h"
#include "preload/hot/offer.h"
#include "preload/hot/request.h"
#include "preload/hot/self.h"
#include "preload/real.h"

/* Nobody is followed or still answered, as far as this thread can see, and FD is none that carries
 * what somebody wrote (carrier.h): bytes only pass by. */
static inline bool rp_conn_idle(int fd)
{
	return rp_likely(!rp_self.armed) && rp_likely(rp_conn_kind(fd) <= RP_FD_UPSTREAM) &&
	       rp_likely(!atomic_load_explicit(&rp_followed, memory_order_relaxed)) &&
	       rp_likely(!atomic_load_explicit(&rp_n_answers, memory_order_relaxed)) &&
	       rp_likely(!rp_flight_on);
}

/* N bytes passed on FD, of which N_AT lie at BUF (NULL: unseen).  False: nothing has changed, and
 * conn_in.c, conn_out.c must have them. */
bool rp_conn_glance_in(int fd, const void *buf, size_t n);
bool rp_conn_glance_out(int fd, const void *buf, size_t n_at, size_t n);
/* The same, of what is inside of TLS. */
bool rp_conn_glance_plain_in(struct rp_conn *c, const void *buf, size_t n);
bool rp_conn_glance_plain_out(struct rp_conn *c, const void *buf, size_t n_at, size_t n);

/* N bytes at BUF, between requests on C, are the head of one that nobody flags; with it LEFT bytes
 * of its body are to come. */
bool rp_conn_glance_at(const struct rp_conn *c, const char *buf, size_t n, struct rp_glance *g);
void rp_conn_glance_took(struct rp_conn *c, uint64_t left);

/* GOT is what a call on FD said that began when the thread was idle; BUF or IOV have its bytes, as
 * far as there are any (NULL: unseen).  GOT. */
ssize_t rp_conn_passed_in(int fd, const void *buf, ssize_t got);
ssize_t rp_conn_passed_out(int fd, const void *buf, ssize_t got);
ssize_t rp_conn_passed_out_iov(int fd, const struct iovec *iov, int n_iov, ssize_t got);

#endif
