/* handed.h - whether who has been answered by another server hands something on, in the same turn
 * of the loop, to a request that waited for it: the connection, or a place among those that may
 * ask.
 *
 * Room: hot.  What is done between the answer and the next question is anybody's then.  So where it
 * was seen once, beside other requests, the turn that brings an answer is not its request's any
 * more in this process, but where that is alone.  SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_HANDED_H
#define RP_HOT_HANDED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* It was seen once; never taken back. */
extern _Atomic bool rp_handed_on;

/* May the turn that brings an answer be that of REQUEST? */
bool rp_handed_allows(uint32_t request);

/* The loop on the calling thread has read an answer to REQUEST. */
void rp_handed_answered(uint32_t request);

/* Before it asks another server: may that be for somebody who has waited?  Then so was all since
 * the answer. */
bool rp_handed_asks(void);

#endif
