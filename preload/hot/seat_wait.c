/* seat_wait.c - the calls of a thread that works for a request nobody flagged; see seat.h.
 *
 * Room: hot.  Two looks at the clock; a call that took long is noted with its object and stack, all
 * others are counted.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/clock.h"
#include "preload/hot/conn.h"
#include "preload/hot/current.h"
#include "preload/hot/executor.h"
#include "preload/hot/object.h"
#include "preload/hot/sampler.h"
#include "preload/hot/seat_book.h"
#include "preload/hot/turn.h"

void rp_seat_wait_begin(struct rp_self *s, struct rp_wait *w, const struct rp_waited *what)
{
	if (rp_unlikely(s->wait) && rp_wait_is_inside(s, w))
		return;
	w->at_ns = rp_mono_ns();
	if (rp_unlikely(rp_turn_is_over(s, w->at_ns)) || rp_executor_parks(s, what)) {
		rp_seat_leave(s, true);
		return;
	}
	w->on = RP_WAIT_LIGHT;
	w->what = *what;
	w->tick = s->tick;
	w->number = ++s->wait_number;
	w->moved_bytes = 0;
	w->held_back = false;
	s->wait = w;
	rp_seat_waits(s, what, w->at_ns);
	if (rp_unlikely(atomic_exchange(&s->seat->gate, RP_GATE_IN) == RP_GATE_CALLED)) {
		w->host_blocks = rp_seat_hold_back();
		w->held_back = true;
	}
}

/* How much of a call was running.  Unknown (RP_NEVER) while nobody watches.  Between the last look
 * at the clock and the call the thread can not have run longer than that took: so it is at least
 * what is returned, and exactly that where it was never off its CPU in between. */
static uint64_t cpu_inside(struct rp_self *s, struct rp_seat_book *b, uint64_t at_ns,
                           uint64_t span_ns)
{
	if (!rp_seat_watched(s, b))
		return RP_NEVER;
	uint64_t cpu_ns = rp_cpu_ns();
	uint64_t before_ns = at_ns > b->mark_ns ? at_ns - b->mark_ns : 0;
	uint64_t ran_ns = cpu_ns - b->mark_cpu_ns;
	uint64_t inside_ns = ran_ns > before_ns ? ran_ns - before_ns : 0;

	rp_seat_mark(b, at_ns + span_ns, cpu_ns);
	return inside_ns < span_ns ? inside_ns : span_ns;
}

static bool listed(struct rp_self *s, struct rp_wait *w, uint64_t span_ns)
{
	struct rp_note_wait n = {.at_ns = w->at_ns, .span_ns = span_ns, .kind = w->what.kind};
	struct rp_regs regs;

	n.cpu_ns = cpu_inside(s, rp_seat_book(s), w->at_ns, span_ns);
	if (w->what.fd >= 0 && w->what.kind != RP_WAIT_CONNECT)
		w->what.n = span_ns;
	n.n_object = (uint32_t)rp_object_name(n.object, sizeof(n.object), &w->what, s->request);
	rp_regs_here(&regs);
	return rp_book_note(rp_book_for(s), RP_NOTE_WAIT, &n, rp_book_wait_bytes(&n), NULL, 0,
	                    &regs);
}

/* The thread was watched when it last gave its CPU up, and has not since. */
static bool only_preempted(struct rp_self *s, struct rp_seat_book *b)
{
	struct rp_usage u;

	if (!rp_seat_watched(s, b) || b->mark_voluntary < 0)
		return false;
	rp_sampler_usage(&u);
	return u.switches_voluntary == b->mark_voluntary;
}

/* The request ended elsewhere while this thread waited for it: what came since is nobody's. */
static void outlived(struct rp_self *s, struct rp_wait *w)
{
	uint64_t over_ns = rp_flight_over_ns(s->request, s->serial);

	if (over_ns != RP_NEVER && over_ns > w->at_ns)
		listed(s, w, over_ns - w->at_ns);
	rp_seat_leave(s, true);
}

static void count(struct rp_self *s, struct rp_wait *w, uint64_t span_ns)
{
	struct rp_book_kind *k = rp_seat_kind(rp_seat_book(s), w->what.kind);

	k->calls++;
	k->bytes += w->moved_bytes;
	if (rp_likely(span_ns < RP_CAUGHT_WAIT_NS)) {
		k->shorts++;
		k->short_ns += span_ns;
	} else if (w->what.fd >= 0 && only_preempted(s, rp_seat_book(s))) {
		/* It waited for nothing but its CPU. */
	} else if (!rp_flight_lives(s->request, s->serial)) {
		outlived(s, w);
	} else if (!listed(s, w, span_ns)) {
		k->shorts++;
		k->short_ns += span_ns;
		atomic_fetch_add(&rp_book_of(s->request)->lost_waits, 1);
	}
}

void rp_seat_wait_end(struct rp_self *s, struct rp_wait *w)
{
	uint64_t ended_ns = rp_mono_ns();

	/* The segment may have ended in a handler of the host: then the thread is AWAY. */
	bool same = s->armed == RP_ARMED_LIGHT && s->tick == w->tick;

	if (rp_unlikely(w->held_back) && s->seat)
		rp_seat_let_pass(s, w->host_blocks);
	if (!same)
		return;
	s->wait = NULL;
	s->call_ns = ended_ns;
	atomic_store_explicit(&s->seat->since_ns, 0, memory_order_relaxed);
	atomic_store_explicit(&s->seat->gate, RP_GATE_OUT, memory_order_release);
	if (rp_flight_keeps)
		count(s, w, ended_ns - w->at_ns);
}
