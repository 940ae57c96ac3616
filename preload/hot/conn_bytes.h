/* conn_bytes.h - bytes of connections on their way to the delimiter, edges on their way to
 * requests.
 *
 * Room: hot.  What comes in is conn_in.c, what goes out conn_out.c: two threads may be there at
 * once, one on each side.  The host's call is over when we look: nothing here can change what it
 * did.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_CONN_BYTES_H
#define RP_HOT_CONN_BYTES_H

#include "preload/hot/conn_slot.h"
#include "preload/hot/request.h"

/* The request a run stands for, NULL when it is plain, over, or of our parent process. */
struct rp_course *rp_conn_followed(const struct rp_run *run);

/* Is the calling thread, which touches C, not the one that has read there what is to be answered,
 * RUN?  It may leave the rest of the answer to that one, or the client may be gone, or it has only
 * read the body: then it goes on with somebody else's request though this one is not answered. */
static inline bool rp_conn_is_lent(const struct rp_conn *c, const struct rp_run *run)
{
	const struct rp_self *s = &rp_self;
	bool light = run->request >= RP_REQUEST_FLIGHTS && !s->client_serial; /* conn_light.c */

	return s->client != rp_conn_client(c) || (s->client_serial != run->serial && !light);
}

/* Takes a side of C (BUSY: in_busy or out_busy), which its user sets to 0 again.  False: C is
 * opaque, or becomes it now, since a second reader or writer is there at the same moment and no
 * order of bytes can be told any more. */
bool rp_conn_side(int fd, struct rp_conn *c, _Atomic uint8_t *busy);

static inline void rp_set_moment(_Atomic uint64_t *moment, uint64_t ns)
{
	atomic_store_explicit(moment, ns, memory_order_relaxed);
}

static inline void rp_add_bytes(_Atomic uint64_t *sum, size_t n)
{
	atomic_fetch_add_explicit(sum, n, memory_order_relaxed);
}

#endif
