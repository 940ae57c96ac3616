/* answer_queue.h - what a host sends behind an answer that is replaced: put into the queue of the
 * thread that sends the page.
 *
 * Room: hot.  By the host's thread, in its call; it waits for room where the call may block.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_ANSWER_QUEUE_H
#define RP_HOT_ANSWER_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "preload/hot/answer.h"
#include "preload/hot/offer_part.h"

/* What became of a part that did not all go. */
struct rp_fate {
	bool whole; /* the host's call is to be made as it is */
	bool over;  /* the queue's thread takes no more */
	bool full;  /* it has no room; when it has, it makes the host try again */
};

/* Puts what it can of PART of O behind the page of A, says it, and returns how much it was; -1: the
 * file of O cannot be read, errno says why. */
ssize_t rp_answer_put(struct rp_conn *c, struct rp_answer *a, const struct rp_offer *o,
                      struct rp_part part, struct rp_fate *fate);

/* Of the file of O: what is left of it from *AT on, up to N bytes (-1: it is no regular file);
 * bytes of it at AT, or the next of a pipe (AT -1), as read(2); its place is now AT. */
int64_t rp_file_left(const struct rp_offer *o, size_t n, int64_t *at);
long rp_file_read(const struct rp_offer *o, char *buf, size_t n, int64_t at);
void rp_file_advance(const struct rp_offer *o, int64_t at);

#endif
