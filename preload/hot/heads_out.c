/* heads_out.c - answers with our lines go to a socket.  See heads.h.
 *
 * Room: hot.  One call of the host is one call to the kernel, but where there are more pieces than
 * fit, and where the kernel took some of our lines and nothing behind them: then it is asked again,
 * so that what it says then is about the host's bytes.  SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include "preload/hot/heads.h"
#include "preload/hot/hooks.h"

enum { SOME_PIECES = 64, ALL_PIECES = SOME_PIECES + 2 };

/* What the host offers of PART: as many pieces as there is room for. */
static void offered(struct rp_weave *w, const struct rp_offer *o, const struct rp_part *part,
                    struct iovec *iov)
{
	*w = (struct rp_weave){.iov = iov, .n_iov = rp_part_pieces(o, part, iov, SOME_PIECES)};
	for (size_t i = 0; i < w->n_iov; i++)
		w->n += iov[i].iov_len;
}

/* Nothing but these bytes may be in front of the kernel's buffers: notifications that the host
 * counts, and urgent bytes, are its own. */
static bool may_insert(const struct rp_offer *o)
{
	return !(o->flags & (MSG_ZEROCOPY | MSG_OOB));
}

static void weave(struct rp_heads *h, struct rp_weave *w, const struct rp_offer *o)
{
	if (!h || !rp_insert_find(&h->insert, w))
		return;
	if (h->insert.state == RP_INSERT_WANT) {
		if (!may_insert(o))
			return;
		rp_heads_compose(h);
	}
	w->lines = h->lines + h->insert.sent;
	w->n_lines = (size_t)(h->insert.n - h->insert.sent);
}

struct rp_heads *rp_heads_due(struct rp_conn *c, const struct rp_offer *o,
                              const struct rp_part *part, size_t *before)
{
	struct rp_heads *h = rp_heads_take(c);
	struct iovec iov[SOME_PIECES];
	struct rp_weave w;

	offered(&w, o, part, iov);
	*before = w.n;
	weave(h, &w, o);
	if (w.n_lines && !w.at)
		return h;
	if (w.n_lines)
		*before = w.at;
	if (h)
		rp_heads_let(c, h);
	return NULL;
}

/* Gives W to the kernel; *DONE: what it took, of ours as well.  Its last word. */
static ssize_t give(const struct rp_offer *o, const struct rp_weave *w, int flags, size_t *done)
{
	ssize_t put;

	*done = 0;
	do {
		struct iovec iov[ALL_PIECES];
		struct msghdr msg = {.msg_iov = iov};
		struct rp_wait wait;
		size_t n;

		msg.msg_iovlen = rp_weave_pieces(w, *done, iov, ALL_PIECES, &n);
		rp_before_bytes(&wait, RP_WAIT_SEND, o->fd);
		put = rp_real.sendmsg(o->fd, &msg, flags);
		rp_wait_moved(&wait, put);
		*done += put > 0 ? (size_t)put : 0;
	} while (put > 0 && !rp_weave_of_host(w, *done));
	return put;
}

ssize_t rp_heads_pass(struct rp_conn *c, const struct rp_offer *o, struct rp_part part)
{
	size_t moved = 0;
	ssize_t put;
	bool more;
	int was = errno;

	do {
		struct iovec iov[SOME_PIECES];
		struct rp_part rest = {part.from + moved, part.n - moved, false};
		struct rp_heads *h = rp_heads_take(c);
		struct rp_weave w;
		size_t done, n;

		offered(&w, o, &rest, iov);
		weave(h, &w, o);
		put = give(o, &w, o->flags | (w.n < rest.n ? MSG_MORE : 0), &done);
		rest.n = n = rp_weave_of_host(&w, done);
		if (h && rp_conn_of(o->fd) == c) {
			rp_insert_took(&h->insert, done - n);
			rp_heads_let(c, h);
		}
		if (n)
			rp_part_say(c, o, rest);
		moved += n;
		more = put > 0 && moved < part.n && (n == w.n || rp_offer_blocks(o));
	} while (more);
	if (!moved)
		return put;
	errno = was;
	return (ssize_t)moved;
}

/* What goes to the kernel as it is is offered, and some of our lines are still owed: they go first.
 */
static bool flush(struct rp_conn *c, struct rp_heads *h, const struct rp_offer *o)
{
	struct rp_weave w = {.lines = h->lines + h->insert.sent,
	                     .n_lines = (size_t)(h->insert.n - h->insert.sent)};
	ssize_t put;

	do {
		size_t some;

		put = give(o, &w, MSG_MORE, &some);
		rp_insert_took(&h->insert, some);
		w.lines += some;
		w.n_lines -= some;
	} while (put > 0 && w.n_lines);
	rp_heads_let(c, h);
	return put > 0;
}

static bool offer_whole(struct rp_conn *c, const struct rp_offer *o, ssize_t *put)
{
	struct rp_heads *h = rp_heads_take(c);
	int was = errno;

	if (!h)
		return false;
	if (h->insert.state == RP_INSERT_PART) {
		*put = -1;
		if (!flush(c, h, o))
			return true;
		errno = was;
		return false;
	}
	h->insert.state = RP_INSERT_OVER; /* a head that is not seen */
	rp_heads_let(c, h);
	return false;
}

/* The whole call is one part of an answer that gets no lines (any more). */
static bool is_plain(struct rp_conn *c, const struct rp_offer *o, const struct rp_part *part)
{
	struct rp_heads *h = part->from || part->n < o->n ? NULL : rp_heads_take(c);

	if (h)
		rp_heads_let(c, h);
	return !h && !part->from && part->n == o->n;
}

bool rp_heads_offer(struct rp_conn *c, const struct rp_offer *o, ssize_t *put)
{
	size_t done = 0;

	if (c->layer == RP_LAYER_TLS || !o->n)
		return false;
	if (!o->iov || o->control)
		return offer_whole(c, o, put);
	while (done < o->n) {
		struct rp_run *run = rp_pending_front(&c->pending);
		struct rp_part part = rp_part_next(c, o, done, run ? run->asked : 0);

		if (is_plain(c, o, &part))
			return false;
		ssize_t some = rp_heads_pass(c, o, part);

		if (some < 0 && !done)
			return *put = -1, true;
		if (some < (ssize_t)part.n) {
			done += some > 0 ? (size_t)some : 0;
			break;
		}
		done += (size_t)some;
	}
	*put = (ssize_t)done;
	return true;
}
