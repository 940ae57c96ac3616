/* carrier.h - pipes, eventfds, socket pairs, timers: the request of who wrote goes to who reads.
 *
 * Room: hot.  Only if it is certain: what is read is all that was written since it was empty, and
 * all of it for one request.  Who reads such a message takes what lies in a list, where more may
 * lie by then, or somebody else may be quicker: only of a request that is alone.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_CARRIER_H
#define RP_HOT_CARRIER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>
#include "preload/hot/wait.h"

/* What is written on WRITES will be read on READS (an eventfd: the same). */
void rp_carrier_born(int reads, int writes);

/* N bytes are about to be written on FD, in one call; something is, that is not counted. */
void rp_carrier_gives(int fd, size_t n);
void rp_carrier_unsure(int fd);

/* FD is about to be read; N bytes came. */
void rp_carrier_reads(int fd);
void rp_carrier_heard(int fd, const struct iovec *iov, size_t n_iov, size_t n);

/* S works for what came by a pipe, if for anybody, and is about to wait for WHAT: for events of
 * several, of which the next that comes by the pipe may be one? */
bool rp_carrier_is_done(const struct rp_self *s, const struct rp_waited *what);

/* FD is a timer, made by the calling thread; somebody sets it; it has rung. */
void rp_carrier_timer(int fd);
void rp_carrier_set(int fd);
void rp_carrier_rings(int fd);

/* In a forked child: who wrote in the parent is not here. */
void rp_carrier_forked(void);

#endif
