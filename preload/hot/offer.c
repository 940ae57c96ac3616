/* offer.c - see offer.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/offer.h"

#include "preload/hot/answer.h"
#include "preload/hot/heads.h"

_Atomic uint32_t rp_n_answers;

bool rp_offer_is_marked(int fd)
{
	struct rp_conn *c = rp_conn_kind(fd) == RP_FD_CONN ? rp_conn_of(fd) : NULL;

	return c && atomic_load_explicit(&c->marks, memory_order_relaxed);
}

bool rp_offer_take(const struct rp_offer *offer, ssize_t *put)
{
	struct rp_conn *c = rp_conn_of(offer->fd);

	uint8_t marks = c ? atomic_load(&c->marks) : 0;

	if (marks & RP_MARK_REPLACED && rp_answer_offer(c, offer, put))
		return true;
	return marks & RP_MARK_HEADERS && rp_heads_offer(c, offer, put);
}

bool rp_offer_bytes(int fd, const void *buf, size_t n, int flags, ssize_t *put)
{
	struct iovec iov = {(void *)(uintptr_t)buf, n};

	return rp_offer_take(&(struct rp_offer){fd, &iov, 1, n, flags, -1, NULL, false}, put);
}

static size_t bytes_of(const struct msghdr *msg)
{
	size_t n = 0;

	for (size_t i = 0; i < msg->msg_iovlen; i++)
		n += msg->msg_iov[i].iov_len;
	return n;
}

bool rp_offer_msg(int fd, const struct msghdr *msg, int flags, ssize_t *put)
{
	return rp_offer_take(&(struct rp_offer){fd, msg->msg_iov, msg->msg_iovlen, bytes_of(msg),
	                                        flags, -1, NULL, msg->msg_controllen},
	                     put);
}

/* The first that has bytes, and those before it. */
bool rp_offer_mmsg(int fd, struct mmsghdr *msgs, unsigned n, int flags, ssize_t *put)
{
	unsigned empty = 0;
	ssize_t one = 0;

	while (empty < n && !bytes_of(&msgs[empty].msg_hdr))
		msgs[empty++].msg_len = 0;
	bool taken = empty < n && rp_offer_msg(fd, &msgs[empty].msg_hdr, flags, &one);

	if (!taken && !empty)
		return false;
	if (taken && one >= 0)
		msgs[empty++].msg_len = (unsigned)one;
	*put = empty ? (ssize_t)empty : -1;
	return true;
}

bool rp_offer_iov(int fd, const struct iovec *iov, size_t n_iov, int flags, ssize_t *put)
{
	struct msghdr msg = {.msg_iov = (struct iovec *)(uintptr_t)iov, .msg_iovlen = n_iov};

	return rp_offer_msg(fd, &msg, flags, put);
}

bool rp_offer_file(int fd, int in, int64_t *at, size_t n, int flags, ssize_t *put)
{
	return rp_offer_take(&(struct rp_offer){fd, NULL, 0, n, flags, in, at, false}, put);
}

bool rp_offer_splice(int fd, int in, int64_t *at, size_t n, unsigned flags, ssize_t *put)
{
	return rp_offer_file(fd, in, at, n, flags & SPLICE_F_NONBLOCK ? MSG_DONTWAIT : 0, put);
}
