/* conn_light.h - bytes of requests that nobody flagged, but which are all watched (REQPROF_SLOW,
 * REQPROF_PS): the short way.
 *
 * Room: hot.  As conn_glance.h, for whole heads without a body and for answers of known length on a
 * connection that waits for one; and a request is claimed, entered and ended (flight.h, seat.h).
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_CONN_LIGHT_H
#define RP_HOT_CONN_LIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include "preload/hot/conn_slot.h"
#include "preload/hot/flight.h"
#include "preload/hot/request.h"
#include "preload/hot/self.h"
#include "preload/real.h"

/* Requests are watched, and none of them is flagged. */
static inline bool rp_conn_is_light(void)
{
	return rp_flight_on && !atomic_load_explicit(&rp_n_requests, memory_order_relaxed);
}

/* N bytes passed on FD, of which N_AT lie at BUF (NULL: unseen).  False: nothing has changed, and
 * conn_in.c, conn_out.c must have them. */
bool rp_conn_light_in(int fd, const void *buf, size_t n);
bool rp_conn_light_out(int fd, const void *buf, size_t n_at, size_t n);

/* What the thread is about to do on FD, where it READS or writes, changes nothing in what it works
 * for: for the request that is answered there, or for nobody where there is none.  Who reads on
 * though that one is whole may leave it. */
static inline bool rp_conn_stays(int fd, bool reads)
{
	const struct rp_self *s = &rp_self;
	struct rp_conn *c = rp_conn_at_home(fd);

	if (!c || c->h2 || atomic_load_explicit(&c->opaque, memory_order_relaxed))
		return false;
	struct rp_run *run = rp_pending_single(&c->pending);

	if (!run)
		return !s->armed && !rp_pending_front(&c->pending);
	return s->armed == RP_ARMED_LIGHT && s->serial == run->serial &&
	       s->request == run->request && !(reads && !c->in_serial);
}

#endif
