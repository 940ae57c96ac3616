/* heads_tls.c - answers with our lines go into the host's TLS library.  See heads.h.
 *
 * Room: hot.  What is offered to the library and not taken must be offered again as it was: the
 * host's bytes before the lines, the lines with the empty line behind them, the host's bytes behind
 * that are calls of their own, and the host hears "again" until all of its own call is taken.
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include "preload/hot/conn_tls.h"
#include "preload/hot/heads.h"

struct step {
	int fd;
	struct rp_conn *c;
	const char *buf;
	size_t n, told; /* of BUF, those that are taken */
	const struct rp_heads_call *call;
};

static void said(struct step *s, const char *bytes, size_t n)
{
	rp_conn_plain_said(s->fd, bytes, n);
	s->told += n;
}

/* The lines, and with them the host's empty line.  False: the library takes no more. */
static bool give_lines(struct step *s, struct rp_heads *h, long *word)
{
	while (h->insert.sent < h->insert.n) {
		size_t put = 0;

		*word = s->call->give(s->call, h->lines + h->insert.sent,
		                      (size_t)(h->insert.n - h->insert.sent), &put);
		if (!put)
			return false;
		h->insert.sent = (uint16_t)(h->insert.sent + put);
	}
	s->c->owed += (uint64_t)(h->insert.n - RP_EMPTY_LINE);
	h->insert.state = RP_INSERT_OVER;
	said(s, h->lines + h->insert.n - RP_EMPTY_LINE, RP_EMPTY_LINE);
	return true;
}

static void make_lines(struct rp_heads *h)
{
	rp_heads_compose(h);
	memcpy(h->lines + h->insert.n, "\r\n", RP_EMPTY_LINE);
	h->insert.n += RP_EMPTY_LINE;
	h->insert.state = RP_INSERT_PART;
}

/* The host's bytes up to the lines, or to the end of this answer.  False: the library takes no
 * more. */
static bool give_host(struct step *s, struct rp_heads *h, long *word)
{
	struct iovec all = {(void *)(uintptr_t)s->buf, s->n}, iov;
	struct rp_offer o = {.fd = s->fd, .iov = &all, .n_iov = 1, .n = s->n, .in = -1};
	struct rp_run *run = rp_pending_front(&s->c->pending);
	struct rp_part part = rp_part_next(s->c, &o, s->told, run ? run->asked : 0);
	struct rp_weave w = {.iov = &iov, .n_iov = 1};
	size_t n, put = 0;

	w.n = rp_part_first(&o, &part, &iov);
	n = rp_insert_find(&h->insert, &w) ? w.at : w.n;
	if (!n) {
		make_lines(h);
		return true;
	}
	*word = s->call->give(s->call, iov.iov_base, n, &put);
	if (put)
		said(s, iov.iov_base, put);
	return put == n;
}

static long as_it_is(int fd, const void *buf, size_t n, const struct rp_heads_call *call,
                     size_t *put)
{
	long word = call->give(call, buf, n, put);

	if (*put)
		rp_conn_plain_said(fd, buf, *put);
	return word;
}

/* GnuTLS may be asked again without a buffer: the one that it was given last is meant. */
static struct rp_heads *take(struct rp_conn *c, const void *buf, size_t n)
{
	struct rp_heads *h = c ? rp_heads_take(c) : NULL;

	if (!h || h->insert.state == RP_INSERT_PART || (buf && n > h->untold))
		return h;
	h->untold = 0;
	h->insert.state = RP_INSERT_OVER;
	rp_heads_let(c, h);
	return NULL;
}

long rp_heads_tls(int fd, const void *buf, size_t n, const struct rp_heads_call *call, size_t *put)
{
	struct rp_conn *c = rp_conn_of(fd);
	struct rp_heads *h = take(c, buf, n);
	long word = 0;
	bool more;

	*put = 0;
	if (!h)
		return as_it_is(fd, buf, n, call, put);
	struct step s = {fd, c, buf, n, h->untold, call};
	size_t before;

	do {
		before = s.told;
		more = h->insert.state == RP_INSERT_PART ? give_lines(&s, h, &word)
		                                         : give_host(&s, h, &word);
	} while (more && s.told < n);
	/* Where some of a call is taken and then no more, the host must come again with all of it,
	 * unless it may hear of a part, or the library itself took one of what it was given. */
	bool again = !more && s.told == before && !(call->pieces && s.told);

	*put = again ? 0 : s.told;
	h->untold = again ? s.told : 0;
	rp_heads_let(c, h);
	return word;
}
