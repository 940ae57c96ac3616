/* answer_tls.h - an answer that is replaced inside TLS: only the host's library can send the page.
 *
 * Room: hot.  Our thread makes the page; the host's own last write gives it to the library.  Where
 * that write may block, it waits for the page.  Where not, the host hears "again, when you may
 * write", as of any slow client, and our thread makes the kernel tell it (cold/edge.h).
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_ANSWER_TLS_H
#define RP_HOT_ANSWER_TLS_H

#include "preload/hot/answer.h"
#include "preload/hot/heads.h"

/* The host writes what O offers into the TLS of OBJECT, by CALL; DIRECT: the library writes to
 * O->fd itself.  True: done, *PUT and *WORD as those of rp_heads_tls (*WORD 0 with *PUT 0: again).
 * False: nothing was done. */
bool rp_answer_tls(const struct rp_offer *o, const void *object, bool direct,
                   const struct rp_heads_call *call, size_t *put, long *word);

/* Nothing is replaced in what FD carries. */
void rp_answer_tls_leave(int fd);

/* The last that the host heard of OBJECT was our "again". */
bool rp_answer_tls_again(const void *object);

#endif
