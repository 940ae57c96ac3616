/* peer.h - what a flagged request asks of other servers, and how long until they answer.
 *
 * Room: hot.  A socket that a flagged thread connects or writes to is its request's until the
 * answer; whoever reads that answer, on whatever thread, ends the wait.  Where the thread that
 * asked did not stay with the request (event loops), that is an await: told to the drain.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_PEER_H
#define RP_HOT_PEER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include "preload/hot/track.h"

/* A request waited for its upstream while none of its threads did. */
struct rp_await {
	_Atomic uint32_t state; /* enum rp_await_state; hot fills, the drain empties */
	uint32_t request, serial, tid;
	struct rp_note_wait wait;   /* kind is not used */
	struct rp_note_stack stack; /* where it was asked; n 0: not known */
	uint64_t pc[RP_BLAME_FRAMES];
};
enum rp_await_state { RP_AWAIT_FREE, RP_AWAIT_FILLING, RP_AWAIT_FULL };

extern struct rp_await rp_awaits[RP_MAX_AWAITS];

/* Before a call that READS (with FLAGS, of recv), or writes, on a socket that was asked. */
void rp_peer_touch(int fd, bool reads, int flags);
/* ... on one of which nothing is known. */
void rp_peer_strange(int fd, bool reads, int flags);
/* A flagged thread has begun to connect FD to A. */
void rp_peer_connected(int fd, const struct sockaddr *a, socklen_t n);
/* N bytes went out on a socket that is no client's; N bytes came in on one that was asked. */
void rp_peer_said(int fd, const struct iovec *iov, size_t n_iov, size_t n);
void rp_peer_heard(int fd);
/* FD is about to be closed. */
void rp_peer_gone(int fd);

/* What REQUEST has asked on FD, into TEXT; its length, 0: nothing is known.  SAYS: bytes went out
 * there in the call that is named, which may be those of another question. */
size_t rp_peer_asked(int fd, uint32_t request, bool says, char *text, size_t cap);

/* In a forked child: the questions are the parent's. */
void rp_peer_forked(void);

#endif
