/* offer_part.h - what of one call of the host belongs to one answer.
 *
 * Room: hot.  A call may carry the end of an answer and the beginning of the next.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_OFFER_PART_H
#define RP_HOT_OFFER_PART_H

#include "preload/hot/conn_slot.h"
#include "preload/hot/offer.h"

/* The bytes of an offer from FROM on, N of them: those of one answer. */
struct rp_part {
	size_t from, n;
	bool ends; /* the answer ends with them */
};

/* The part from FROM on; ASKED: of the request that it answers. */
struct rp_part rp_part_next(const struct rp_conn *c, const struct rp_offer *o, size_t from,
                            unsigned asked);

/* Fills IOV with at most MOST pieces of PART; their number.  First: the bytes of the first one. */
size_t rp_part_pieces(const struct rp_offer *o, const struct rp_part *part, struct iovec *iov,
                      size_t most);
size_t rp_part_first(const struct rp_offer *o, const struct rp_part *part, struct iovec *iov);

/* The host is told that PART is out. */
void rp_part_say(struct rp_conn *c, const struct rp_offer *o, struct rp_part part);

/* The host's call may block. */
bool rp_offer_blocks(const struct rp_offer *o);

#endif
