/* answer_tls.c - see answer_tls.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/answer_tls.h"

#include <linux/futex.h>
#include <string.h>
#include "preload/hot/answer_head.h"
#include "preload/hot/clock.h"
#include "preload/hot/sys.h"

enum { RECORD_BYTES = 16384, SOON_NS = 5000000 };

struct step {
	const struct rp_offer *o;
	struct rp_conn *c;
	struct rp_answer *a;
	const void *object;
	const struct rp_heads_call *call;
};

/* Until the page is there; for SOON_NS only, where the host waits in a way that would only make it
 * come again at once. */
static bool wait_ready(const struct step *s)
{
	bool blocks = rp_offer_blocks(s->o);
	struct timespec t = {0, SOON_NS};

	if (!atomic_load(&s->a->ready) && !blocks && !s->c->epoll)
		rp_sys(SYS_futex, &s->a->ready, FUTEX_WAIT_PRIVATE, 0, &t);
	while (blocks && !atomic_load(&s->a->ready))
		rp_sys(SYS_futex, &s->a->ready, FUTEX_WAIT_PRIVATE, 0, NULL);
	return atomic_load(&s->a->ready);
}

/* What is offered and not taken is offered again as it was, as the library wants it. */
static bool give_page(const struct step *s, size_t *put, long *word)
{
	struct rp_answer *a = s->a;

	*put = 0;
	*word = 0;
	atomic_store(&a->again, s->object);
	if (!wait_ready(s))
		return true;
	atomic_store(&a->again, NULL);
	while (a->n_given < a->n_page) {
		size_t left = a->n_page - a->n_given, took = 0;

		*word = s->call->give(s->call, a->page + a->n_given,
		                      left < RECORD_BYTES ? left : RECORD_BYTES, &took);
		if (!took)
			return true;
		a->n_given += took;
	}
	s->c->owed = s->c->flushed = 0;
	*put = a->n_call < s->o->n ? a->n_call : s->o->n;
	rp_answer_set(a, RP_ANSWER_LEFT);
	return true;
}

/* Nothing of it goes to the wire, so nothing is owed. */
static void say(const struct step *s, struct rp_part part)
{
	s->c->owed = s->c->flushed = 0;
	rp_part_say(s->c, s->o, part);
}

/* The head is judged as it is in the host's first call, where nearly every server has it whole:
 * nothing can be held here; nor may the host hear that the beginning of the next answer was not
 * taken, for its library would have taken all.  False: it stays. */
static bool may_replace(const struct step *s, const struct rp_part *part)
{
	struct iovec iov;
	size_t n = s->o->iov ? rp_part_first(s->o, part, &iov) : 0;
	size_t end = n ? rp_answer_head_end(iov.iov_base, n, 0) : 0;

	if (!end || end > RP_ANSWER_HEAD_BYTES || part->n < s->o->n ||
	    rp_answer_head_judge(iov.iov_base, end) != RP_JUDGED_REPLACE)
		return false;
	memcpy(s->a->head, iov.iov_base, end);
	atomic_store(&s->a->n_head, (uint32_t)end);
	return true;
}

static void leave(struct rp_answer *a)
{
	rp_requests[a->request].mode = RP_MODE_SAVE;
	rp_answer_set(a, RP_ANSWER_LEFT);
}

static bool take(const struct step *s, bool direct, size_t *put, long *word)
{
	struct rp_run *run = rp_pending_front(&s->c->pending);
	struct rp_part part = rp_part_next(s->c, s->o, 0, run ? run->asked : 0);

	if (atomic_load(&s->a->state) == RP_ANSWER_WANTED) {
		if (!direct || !rp_answer_is_taken(s->a) || !may_replace(s, &part)) {
			leave(s->a);
			return false;
		}
		rp_answer_set(s->a, RP_ANSWER_BODY);
	}
	say(s, part);
	*put = part.n;
	*word = 1;
	if (!part.ends)
		return true;
	s->a->n_call = part.n;
	atomic_store(&s->a->over_ns, rp_mono_ns());
	rp_answer_set(s->a, RP_ANSWER_DUE);
	return give_page(s, put, word);
}

/* The answer on C that is under way in TLS: one whose page is due, or that of the request that is
 * being answered. */
static struct rp_answer *find(struct rp_conn *c)
{
	struct rp_run *run = rp_pending_front(&c->pending);
	struct rp_answer *a = rp_answer_hold_due(c);

	return a || !run ? a : rp_answer_hold(c, run->request, run->serial);
}

bool rp_answer_tls(const struct rp_offer *o, const void *object, bool direct,
                   const struct rp_heads_call *call, size_t *put, long *word)
{
	struct rp_conn *c = rp_conn_of(o->fd);
	struct rp_answer *a = c && o->n ? find(c) : NULL;
	struct step s = {o, c, a, object, call};
	uint32_t state = a ? atomic_load(&a->state) : RP_ANSWER_LEFT;
	bool done = false;

	if (state == RP_ANSWER_DUE)
		done = give_page(&s, put, word);
	else if (state == RP_ANSWER_WANTED || state == RP_ANSWER_BODY)
		done = take(&s, direct, put, word);
	if (a)
		rp_answer_let(a);
	return done;
}

void rp_answer_tls_leave(int fd)
{
	struct rp_conn *c = rp_conn_of(fd);
	struct rp_answer *a = c ? find(c) : NULL;

	if (a && atomic_load(&a->state) == RP_ANSWER_WANTED)
		leave(a);
	if (a)
		rp_answer_let(a);
}

bool rp_answer_tls_again(const void *object)
{
	for (unsigned i = 0; i < RP_MAX_ANSWERS; i++)
		if (atomic_load(&rp_answers[i].again) == object)
			return true;
	return false;
}
