/* offer_part.c - see offer_part.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/offer_part.h"

#include <fcntl.h>
#include "preload/hot/conn_slot.h"
#include "preload/hot/sys.h"

size_t rp_part_pieces(const struct rp_offer *o, const struct rp_part *part, struct iovec *iov,
                      size_t most)
{
	size_t skip = part->from, left = part->n, made = 0;

	for (size_t i = 0; i < o->n_iov && left && made < most; i++) {
		size_t n = o->iov[i].iov_len;

		if (skip >= n) {
			skip -= n;
			continue;
		}
		n = n - skip < left ? n - skip : left;
		iov[made++] = (struct iovec){(char *)o->iov[i].iov_base + skip, n};
		left -= n;
		skip = 0;
	}
	return made;
}

size_t rp_part_first(const struct rp_offer *o, const struct rp_part *part, struct iovec *iov)
{
	return rp_part_pieces(o, part, iov, 1) ? iov->iov_len : 0;
}

/* The delimiter is asked on a copy of its state: nothing was sent yet. */
struct rp_part rp_part_next(const struct rp_conn *c, const struct rp_offer *o, size_t from,
                            unsigned asked)
{
	struct rp_delim_out d = c->out;
	struct rp_part p = {from, o->n - from, false}, rest = p;
	enum rp_out_event event = RP_OUT_MORE;
	struct iovec iov = {NULL, o->n};

	while (rest.n && (!o->iov || rp_part_first(o, &rest, &iov))) {
		const char *bytes = iov.iov_base;
		size_t left = o->iov ? iov.iov_len : rest.n, n = left;

		do
			event = rp_delim_out_feed(&d, &bytes, &left, asked);
		while (left && event != RP_OUT_MORE && event < RP_OUT_END);
		p.ends = event >= RP_OUT_END;
		rest.from += n - left;
		rest.n -= n - left;
		if (p.ends)
			break;
	}
	if (p.ends && event == RP_OUT_END)
		p.n = rest.from - from;
	return p;
}

void rp_part_say(struct rp_conn *c, const struct rp_offer *o, struct rp_part part)
{
	struct iovec iov = {NULL, part.n};

	while (part.n && (!o->iov || rp_part_first(o, &part, &iov))) {
		rp_conn_say(o->fd, c, &iov, 1, iov.iov_len);
		part.from += iov.iov_len;
		part.n -= iov.iov_len;
	}
}

bool rp_offer_blocks(const struct rp_offer *o)
{
	return !(o->flags & MSG_DONTWAIT) && !(rp_sys(SYS_fcntl, o->fd, F_GETFL) & O_NONBLOCK);
}
