/* answer_out.c - what the host offers while an answer is replaced: swallowed, held, queued, or
 * let through.  See answer.h.
 *
 * Room: hot.  One call may carry the end of one answer and the beginning of the next: it is taken
 * apart at these ends, and what counts as sent is always a beginning of what was offered.
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include "preload/hot/answer.h"
#include "preload/hot/answer_head.h"
#include "preload/hot/answer_queue.h"
#include "preload/hot/clock.h"
#include "preload/hot/heads.h"
#include "preload/hot/offer_part.h"
#include "preload/hot/sys.h"

enum { DISCARD_BYTES = 4096 };

/* ---- swallowed ------------------------------------------------------------------------------- */

/* A file is read by nobody; from anything else the bytes are taken, for they must be gone. */
static ssize_t swallow_file(struct rp_conn *c, const struct rp_offer *o, size_t n)
{
	char some[DISCARD_BYTES];
	int64_t at = -1, left = rp_file_left(o, n, &at);

	if (left < 0) {
		left = rp_file_read(o, some, n < sizeof(some) ? n : sizeof(some), -1);
	} else {
		rp_file_advance(o, at + left);
	}
	if (left > 0)
		rp_part_say(c, o, (struct rp_part){0, (size_t)left, false});
	return left;
}

/* The answer that is under way on C is still A's.  The bytes that were said tell: of a file the
 * host may offer more than there is. */
static bool goes_on(struct rp_conn *c, const struct rp_answer *a)
{
	struct rp_run *run = rp_pending_front(&c->pending);

	return run && run->request == a->request && run->serial == a->serial;
}

static ssize_t swallow(struct rp_conn *c, struct rp_answer *a, const struct rp_offer *o,
                       struct rp_part part)
{
	ssize_t n = (ssize_t)part.n;

	if (o->iov)
		rp_part_say(c, o, part);
	else
		n = swallow_file(c, o, part.n);
	if ((part.ends && n == (ssize_t)part.n) || !goes_on(c, a)) {
		atomic_store(&a->over_ns, rp_mono_ns());
		rp_answer_set(a, RP_ANSWER_DUE);
	}
	return n;
}

/* ---- the head -------------------------------------------------------------------------------- */

/* Appends of PART what the head still needs; the bytes of PART that are head.  *WHOLE: it is. */
static size_t hold_head(struct rp_answer *a, const struct rp_offer *o, const struct rp_part *part,
                        bool *whole)
{
	uint32_t before = atomic_load(&a->n_head), n = before;
	struct rp_part rest = *part;
	struct iovec iov;

	*whole = false;
	while (rest.n && n < RP_ANSWER_HEAD_BYTES && rp_part_first(o, &rest, &iov)) {
		size_t room = RP_ANSWER_HEAD_BYTES - n;
		size_t some = iov.iov_len < room ? iov.iov_len : room;
		size_t end;

		memcpy(a->head + n, iov.iov_base, some);
		end = rp_answer_head_end(a->head, n + some, n);
		*whole = end;
		rest.from += some;
		rest.n -= some;
		n = end ? (uint32_t)end : n + (uint32_t)some;
		if (end)
			break;
	}
	atomic_store(&a->n_head, n);
	return n - before;
}

/* It is not replaced after all: what was held of it in earlier calls goes out first, by our
 * thread, and so does what the host sends until that is done; without any its queue is never
 * opened, and the answer is one that gets lines. */
static void leave(struct rp_answer *a, uint32_t held)
{
	uint64_t none = 0;
	bool over;

	rp_requests[a->request].mode = RP_MODE_SAVE;
	if (held)
		rp_answer_queue(a, a->head, held, &over);
	else
		atomic_compare_exchange_strong(&a->queued, &none, RP_QUEUE_OVER);
	rp_answer_set(a, RP_ANSWER_LEFT);
}

/* "100 Continue": the client may wait for it.  It may be left out, too (RFC 9110 15.2), as it is
 * when the kernel has no room. */
static void interim(struct rp_conn *c, struct rp_answer *a, int fd)
{
	struct rp_answer *last = rp_answer_hold_last(c);
	uint32_t n = atomic_load(&a->n_head);
	bool over = true;

	if (last)
		rp_answer_queue(last, a->head, n, &over);
	if (over)
		rp_sys(SYS_sendto, fd, a->head, n, MSG_DONTWAIT | MSG_NOSIGNAL, 0, 0);
	if (last)
		rp_answer_let(last);
	atomic_store(&a->n_head, 0);
}

/* Bytes of the head: how many are done with; 0: A is left, and its bytes are anybody's. */
static ssize_t take_head(struct rp_conn *c, struct rp_answer *a, const struct rp_offer *o,
                         const struct rp_part *part)
{
	uint32_t held = atomic_load(&a->n_head);
	bool whole;
	size_t n = o->iov ? hold_head(a, o, part, &whole) : 0;
	enum rp_judgement judged = RP_JUDGED_KEEP;

	if (o->flags & MSG_ZEROCOPY ||
	    o->control) /* the host waits for the kernel to be done with it */
		n = 0;
	if (n && whole)
		judged = rp_answer_head_judge(a->head, atomic_load(&a->n_head));
	else if (n && atomic_load(&a->n_head) < RP_ANSWER_HEAD_BYTES && !part->ends)
		judged = RP_JUDGED_INTERIM; /* not yet */
	if (judged == RP_JUDGED_KEEP) {
		leave(a, held);
		return 0;
	}
	struct rp_part head = {part->from, n, part->ends && n == part->n};

	if (judged == RP_JUDGED_REPLACE) {
		rp_answer_set(a, RP_ANSWER_BODY);
		return swallow(c, a, o, head);
	}
	rp_part_say(c, o, head);
	if (whole)
		interim(c, a, o->fd);
	return (ssize_t)n;
}

/* ---- all together ---------------------------------------------------------------------------- */

/* A part of an answer that is not replaced. */
static ssize_t forward(struct rp_conn *c, const struct rp_offer *o, struct rp_part part,
                       struct rp_fate *fate)
{
	struct rp_answer *last = rp_answer_hold_last(c);
	ssize_t put = 0;

	if (last) {
		put = rp_answer_put(c, last, o, part, fate);
		rp_answer_let(last);
	}
	if (last && (put || !fate->over))
		return put;
	fate->over = false;
	fate->whole = !part.from && part.n == o->n;
	return fate->whole ? 0 : rp_heads_pass(c, o, part);
}

/* What is done of the next part. */
static ssize_t take_part(struct rp_conn *c, const struct rp_offer *o, size_t from,
                         struct rp_fate *fate)
{
	struct rp_run *run = rp_pending_front(&c->pending);
	struct rp_answer *a = run ? rp_answer_hold(c, run->request, run->serial) : NULL;
	struct rp_part part = rp_part_next(c, o, from, run ? run->asked : 0);
	uint32_t state = a ? atomic_load(&a->state) : RP_ANSWER_LEFT;
	ssize_t done = 0;

	if (state == RP_ANSWER_WANTED) {
		state = rp_answer_is_taken(a) && (!a->patient || rp_offer_blocks(o))
		                ? RP_ANSWER_HEAD
		                : RP_ANSWER_LEFT;
		if (state == RP_ANSWER_LEFT)
			leave(a, 0);
		else
			rp_answer_set(a, state);
	}
	if (state == RP_ANSWER_HEAD)
		done = take_head(c, a, o, &part);
	else if (state == RP_ANSWER_BODY)
		done = swallow(c, a, o, part);
	if (a)
		rp_answer_let(a);
	return done || state == RP_ANSWER_BODY ? done : forward(c, o, part, fate);
}

static bool any_of(struct rp_conn *c)
{
	for (unsigned i = 0; i < RP_MAX_ANSWERS; i++)
		if (atomic_load(&rp_answers[i].conn) == c)
			return true;
	return false;
}

/* The reader may want one at the same moment: looked at again after the mark is gone. */
static bool is_over(struct rp_conn *c)
{
	if (any_of(c))
		return false;
	atomic_fetch_and(&c->marks, (uint8_t)~RP_MARK_REPLACED);
	if (!any_of(c))
		return true;
	atomic_fetch_or(&c->marks, RP_MARK_REPLACED);
	return false;
}

static bool again(ssize_t *put)
{
	errno = EAGAIN;
	*put = -1;
	return true;
}

/* No border can be told any more: of an answer that was cut the rest is for nobody, and all else
 * comes behind the page. */
static bool offer_blind(struct rp_conn *c, const struct rp_offer *o, ssize_t *put)
{
	struct rp_part all = {0, o->n, false};
	struct rp_fate fate = {false, false, false};

	*put = (ssize_t)o->n;
	if (rp_answer_is_cut(c)) {
		if (!o->iov)
			*put = swallow_file(c, o, o->n);
		return true;
	}
	struct rp_answer *last = rp_answer_hold_last(c);

	if (!last)
		return false;
	*put = rp_answer_put(c, last, o, all, &fate);
	rp_answer_let(last);
	return *put || (!fate.over && (!fate.full || again(put)));
}

bool rp_answer_offer(struct rp_conn *c, const struct rp_offer *o, ssize_t *put)
{
	struct rp_fate fate = {false, false, false};
	size_t done = 0;

	if (is_over(c) || !o->n || c->layer == RP_LAYER_TLS)
		return false;
	if (atomic_load_explicit(&c->opaque, memory_order_relaxed))
		return offer_blind(c, o, put);
	rp_conn_touch(o->fd, false, 0);
	while (done < o->n && !atomic_load_explicit(&c->opaque, memory_order_relaxed)) {
		ssize_t some = take_part(c, o, done, &fate);

		if (fate.whole)
			return false;
		if (some < 0 && !done)
			return *put = -1, true;
		if (some <= 0)
			break;
		done += (size_t)some;
		if (!o->iov) /* there may be no more in it */
			break;
	}
	if (!done && !fate.full && atomic_load_explicit(&c->opaque, memory_order_relaxed))
		return false;
	*put = (ssize_t)done;
	return done || !fate.full || again(put);
}
