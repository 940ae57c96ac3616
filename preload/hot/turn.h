/* turn.h - turns of an event loop: what one wait for events brought, until the next such wait.
 *
 * Room: hot.  A loop's thread works for whoever the turn's event was for, until a timer may be due,
 * until it turns to somebody else, and no longer than the turn.  A timer that was set in a turn of
 * a request that is alone is its own, and so is the turn that it makes begin.  While a flagged
 * request is being served a loop gets one event a turn, and gets the next one only when nothing is
 * left to do. SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_TURN_H
#define RP_HOT_TURN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "preload/hot/current.h"
#include "preload/hot/fiber.h"
#include "preload/hot/self.h"
#include "preload/hot/unseen.h"

enum rp_turn_kind {
	RP_TURN_UNSEEN, /* it began before anybody looked */
	RP_TURN_ONE,    /* a wait that could block brought one event: nothing else was left to do */
	RP_TURN_MANY,   /* it brought several, or none */
	RP_TURN_BUSY,   /* a poll that could not block brought them: something else is to be done */
};

/* A request was flagged in this process, so turns are looked at. */
extern _Atomic bool rp_turn_watching;

/* What runs on the loops of this process (cold/runtimes.c). */
enum rp_turn_runs {
	RP_RUNS_ANYTHING, /* not known, or other threads put tasks in between at any time */
	RP_RUNS_TASKS, /* a callback may go on with somebody else's task; other threads send events
	                */
	RP_RUNS_CALLBACKS, /* a turn of one event is for one request; lists of things to do, maybe
	                    */
	RP_RUNS_INLINE,    /* ... and an event's callback does at once all that is to be done */
};
extern _Atomic uint8_t rp_turn_runs;

/* What other threads do with the set of a loop, so that things are gone on with in its turns that
 * no event of them brought: they wait on it, too; they ring its bells (nginx and node take what
 * lies in their lists then when the bell's event comes, and not before). */
enum { RP_SET_OF_SEVERAL = 1, RP_SET_RUNG = 2 };

static inline bool rp_turn_notes_count(uint32_t notes)
{
	uint8_t runs = atomic_load_explicit(&rp_turn_runs, memory_order_relaxed);

	return notes & RP_SET_OF_SEVERAL || (notes & RP_SET_RUNG && runs == RP_RUNS_CALLBACKS);
}

/* Before a wait of the calling thread on the set EPFD: is it the only one that does? */
void rp_turn_comes_to(int epfd);

/* EPFD is a new epoll set: nobody has waited on it yet. */
void rp_turn_set_made(int epfd);

/* The calling thread puts a bell into EPFD, or makes it ring; AGAIN: by changing what is in the
 * set. */
void rp_turn_set_rung(int epfd, bool again);

/* After rp_turn_begins: what the set EPFD brought; BY_BELL: one event, of a timer, or of a wake. */
void rp_turn_brought(int epfd, bool by_bell);

/* Before one that nobody looks at: when a timer may be due in the turn that it brings. */
void rp_turn_lasts(struct rp_turn *t, uint64_t timeout_ns);
/* ... and that it is a loop's, which may be somebody's first turn. */
void rp_turn_unseen(struct rp_turn *t, uint64_t timeout_ns);
/* ... and that it brought N events, of which the first has DATA. */
static inline void rp_turn_unseen_begins(struct rp_turn *t, int n, bool could_block, uint64_t data)
{
	could_block &= !t->rang;
	t->rang = false;
	t->kind = !could_block ? RP_TURN_BUSY : n == 1 ? RP_TURN_ONE : RP_TURN_MANY;
	t->unseen = n == 1;
	t->data = data;
}

/* Before a loop's wait of TIMEOUT_NS (RP_NEVER: for ever) for at most *MOST events, which may
 * become 1.  True: there is something left to do, the answer is 0 at once (only with MAY_HOLD). */
bool rp_turn_wait(uint64_t timeout_ns, bool may_hold, int *most);

/* It brought N events (negative: failed). */
void rp_turn_begins(int n);

/* ... descriptors, one of which may be the loop's set: the wait for its events that follows, and
 * cannot block, is part of it. */
void rp_turn_ripens(int n);

/* May the calling thread, which touches something of REQUEST, be said to work for it from here
 * on?  READS: what came belongs to it, rather than what goes out. */
bool rp_turn_allows(uint32_t request, enum rp_source by, bool reads);
/* ... which touches its client's connection; WATCHED: that one is in an epoll set. */
bool rp_turn_allows_client(uint32_t request, bool watched, bool reads);
/* The calling thread is no loop, or all that it does in its turn is for REQUEST, which is alone. */
bool rp_turn_leads(uint32_t request);

/* The calling thread, which touches such a connection, is no loop, and may go on with somebody
 * else's task at any time. */
bool rp_turn_is_guest(bool watched);

/* Others wait on the set of this loop, so that what one began another may go on with: a turn here
 * is anybody's, except while a request is alone. */
static inline bool rp_turn_is_shared(const struct rp_self *s)
{
	return s->turn.looped && rp_turn_notes_count(s->turn.shared);
}

/* Since when that has been so, where it was not when S's turn began; RP_NEVER: it is not. */
uint64_t rp_turn_shared_ns(const struct rp_self *s);

/* From when on the turn belongs to nobody any more: a timer of the loop may be due, or what a
 * runtime has said of it is over; what is believed of who is alone is over when somebody comes.
 * RP_NEVER: not known. */
static inline uint64_t rp_turn_end_ns(const struct rp_self *s)
{
	uint64_t due_ns = RP_NEVER, company_ns = RP_NEVER;
	bool lone = (s->lone && !rp_current_is_told(s)) || rp_current_is_doubted(s);

	if (rp_unlikely(s->rests_ns))
		return s->rests_ns;
	if (rp_unlikely(rp_unseen_waits()) && rp_current_is_no_loops(s))
		return 0;
	if (rp_fiber_is_left())
		return s->coroutine.here_ns;
	if (rp_unlikely(!s->coroutine.own && rp_fiber_is_away()) && !rp_current_is_told(s) &&
	    rp_fiber_is_anybodys(s->turn.looped) && !rp_request_is_alone(s->request))
		return 0;
	if (rp_unlikely(lone) && s->armed == RP_ARMED_LIGHT && !rp_request_is_alone(s->request))
		return 0;
	if (s->turn.looped && !s->coroutine.own && !rp_current_is_told(s)) {
		uint64_t shared_ns = rp_turn_shared_ns(s);

		due_ns = s->turn.due_ns < shared_ns ? s->turn.due_ns : shared_ns;
	}
	if (rp_unlikely(s->by == RP_BY_PIPE || lone) && s->armed == RP_ARMED)
		company_ns = rp_request_company_ns(s->request);
	return due_ns < company_ns ? due_ns : company_ns;
}

static inline bool rp_turn_is_over(const struct rp_self *s, uint64_t now_ns)
{
	bool over = now_ns >= rp_turn_end_ns(s);

	if (rp_unlikely(s->coroutine.found) && !over)
		rp_self.coroutine.here_ns = now_ns;
	return over;
}

#endif
