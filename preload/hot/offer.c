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

bool rp_offer_msg(int fd, const struct msghdr *msg, int flags, ssize_t *put)
{
	const struct iovec *iov = msg->msg_iov;
	size_t n = 0;

	for (size_t i = 0; i < msg->msg_iovlen; i++)
		n += iov[i].iov_len;
	return rp_offer_take(&(struct rp_offer){fd, iov, msg->msg_iovlen, n, flags, -1, NULL,
	                                        msg->msg_controllen},
	                     put);
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
