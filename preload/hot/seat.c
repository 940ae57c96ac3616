/* seat.c - see seat.h: the segments of a thread, and the signals of our thread.
 *
 * Room: hot.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/seat.h"

#include <string.h>
#include "preload/hot/clock.h"
#include "preload/hot/conn_slot.h"
#include "preload/hot/current.h"
#include "preload/hot/drops.h"
#include "preload/hot/fiber.h"
#include "preload/hot/mask.h"
#include "preload/hot/sampler.h"
#include "preload/hot/seat_book.h"
#include "preload/hot/sys.h"
#include "preload/hot/turn.h"
#include "preload/settings.h"

struct rp_seat_book rp_seat_books[RP_MAX_SEATS];
_Atomic uint32_t rp_seats_used;

/* A place in the table for as long as the thread lives. */
static bool take_seat(struct rp_self *s)
{
	struct rp_inflight *table = atomic_load(&rp_flights);

	if (!s->tid)
		s->tid = (uint32_t)rp_sys(SYS_gettid, 0);
	for (uint32_t i = 0; i < RP_MAX_SEATS; i++) {
		struct rp_seat *seat = &table->seats[i];
		uint32_t none = 0, used = atomic_load(&rp_seats_used);

		if (atomic_load_explicit(&seat->tid, memory_order_relaxed) ||
		    !atomic_compare_exchange_strong(&seat->tid, &none, s->tid))
			continue;
		while (used <= i && !atomic_compare_exchange_weak(&rp_seats_used, &used, i + 1))
			;
		s->seat = seat;
		s->seat_number = i;
		/* No segment of the thread that sat here before is taken for one of this. */
		if (s->tick < atomic_load(&seat->segment))
			s->tick = atomic_load(&seat->segment);
		rp_mask_watch_exit(s);
		return true;
	}
	rp_drop(RP_DROP_no_seat);
	return false;
}

bool rp_seat_hold_back(void)
{
	uint64_t bit = rp_sigbit(rp_mask_signal());

	return rp_sigmask(SIG_BLOCK, bit) & bit;
}

/* Not settled: our thread has said that it will send one, and has not come to it.  Then the signal
 * stays out: the next segment looks again. */
void rp_seat_let_pass(struct rp_self *s, bool host_blocks)
{
	uint32_t promised = atomic_load(&s->seat->promised);
	bool settled = (int32_t)(atomic_load(&s->seat->settled) - promised) >= 0;
	uint64_t bit = rp_sigbit(rp_mask_signal());
	struct timespec now = {0, 0};

	rp_sys(SYS_rt_sigtimedwait, &bit, 0, &now, sizeof(bit));
	if (host_blocks)
		return;
	s->owes = !settled;
	if (settled)
		rp_sigmask(SIG_UNBLOCK, bit);
}

/* Of an old request the CPU clock is read at once; where the host keeps all signals out, ours is
 * let in. */
static void open_segment(struct rp_self *s, struct rp_seat_book *b, uint64_t now_ns, bool old)
{
	b->begin_ns = now_ns;
	b->watch_ns = RP_NEVER;
	b->handler_ns = b->ticks = 0;
	b->touched = b->talks = 0;
	s->host_blocks = false;
	if (rp_unlikely(s->owes))
		rp_seat_let_pass(s, false);
	s->lets_in = atomic_load_explicit(&s->seat->deaf, memory_order_relaxed);
	if (rp_unlikely(s->lets_in))
		s->host_blocks = rp_sigmask(SIG_UNBLOCK, rp_sigbit(rp_mask_signal())) &
		                 rp_sigbit(rp_mask_signal());
	if (rp_unlikely(old)) {
		b->watch_ns = b->mark_ns = now_ns;
		b->watch_cpu_ns = b->mark_cpu_ns = rp_cpu_ns();
		b->mark_voluntary = -1;
	}
}

void rp_seat_enter(uint32_t number, uint32_t serial)
{
	struct rp_self *s = &rp_self;

	if (s->armed == RP_ARMED_LIGHT && s->request == number && s->serial == serial)
		return;
	if (s->ours || s->moving)
		return;
	rp_current_leave();
	if (s->wait || (rp_unlikely(!s->seat) && !take_seat(s)))
		return;
	struct rp_flight *f = rp_flight_at(number);
	uint64_t now_ns = s->claimed == serial ? s->claimed_ns : rp_mono_ns();
	uint64_t first_ns = atomic_load_explicit(&f->course.first_byte_ns, memory_order_relaxed);
	bool old = rp_flight_keeps && now_ns - first_ns >= rp_settings.slow_interval_ns;

	s->moving = true;
	s->claimed = 0;
	s->call_ns = 0; /* that of an earlier segment */
	s->request = number;
	s->serial = serial;
	s->tick++;
	open_segment(s, rp_seat_book(s), now_ns, old);
	atomic_store_explicit(&s->seat->segment, s->tick, memory_order_relaxed);
	atomic_store_explicit(&s->seat->since_ns, 0, memory_order_relaxed);
	atomic_store_explicit(&s->seat->works, rp_flight_works(number, serial),
	                      memory_order_relaxed);
	s->armed = RP_ARMED_LIGHT;
	atomic_store_explicit(&s->seat->gate, RP_GATE_OUT, memory_order_release);
	s->moving = false;
}

bool rp_seat_watched(struct rp_self *s, struct rp_seat_book *b)
{
	struct rp_seat *seat = s->seat;

	if (b->watch_ns != RP_NEVER)
		return true;
	if (atomic_load_explicit(&seat->watched, memory_order_acquire) != s->tick)
		return false;
	b->watch_ns = b->mark_ns = atomic_load(&seat->watch_ns);
	b->watch_cpu_ns = b->mark_cpu_ns = atomic_load(&seat->watch_cpu_ns);
	b->mark_voluntary = (long)atomic_load(&seat->watch_voluntary) - 1;
	return true;
}

void rp_seat_mark(struct rp_seat_book *b, uint64_t now_ns, uint64_t cpu_ns)
{
	struct rp_usage u;

	rp_sampler_usage(&u);
	b->mark_ns = now_ns;
	b->mark_cpu_ns = cpu_ns;
	b->mark_voluntary = u.switches_voluntary;
}

static void note_segment(struct rp_self *s, struct rp_seat_book *b, uint64_t now_ns)
{
	struct rp_book_kind kinds[RP_N_WAIT_KINDS];
	uint64_t late_ns = 0;
	struct rp_book_segment segment = {.begin_ns = b->begin_ns,
	                                  .end_ns = now_ns,
	                                  .watch_ns = RP_NEVER,
	                                  .handler_ns = b->handler_ns,
	                                  .ticks = b->ticks};

	/* What a loop's thread did since a timer may have been due is nobody's. */
	if (rp_turn_is_over(s, now_ns)) {
		uint64_t end_ns = rp_turn_end_ns(s);

		late_ns = now_ns - end_ns;
		now_ns = end_ns;
		segment.end_ns = now_ns;
	}
	if (now_ns < b->begin_ns)
		return;
	if (rp_seat_watched(s, b) && b->watch_ns <= now_ns) {
		segment.watch_ns = b->watch_ns;
		uint64_t cpu_ns = rp_cpu_ns(), ran_ns = cpu_ns - b->mark_cpu_ns;
		struct rp_usage u;

		cpu_ns -= late_ns < ran_ns ? late_ns : ran_ns;

		rp_sampler_usage(&u);
		segment.cpu_ns = cpu_ns - b->watch_cpu_ns;
		segment.mark_ns = b->mark_ns;
		if (u.switches_voluntary == b->mark_voluntary &&
		    now_ns - b->mark_ns > cpu_ns - b->mark_cpu_ns)
			segment.tail_ns = now_ns - b->mark_ns - (cpu_ns - b->mark_cpu_ns);
		segment.switches = (uint64_t)(u.switches_voluntary + u.switches_forced);
		if (atomic_load(&s->seat->watched) == s->tick) {
			segment.delay_from_ns = atomic_load(&s->seat->delay_from_ns);
			segment.delay_ns = atomic_load(&s->seat->delay_ns);
			segment.delay_at_ns = atomic_load(&s->seat->delay_at_ns);
		}
	}
	for (unsigned i = 0; i < RP_N_WAIT_KINDS; i++)
		if (b->touched >> i & 1)
			kinds[segment.n_kinds++] = b->kinds[i];
	rp_book_note(rp_book_for(s), RP_NOTE_END, &segment, sizeof(segment), kinds,
	             segment.n_kinds * sizeof(*kinds), NULL);
}

void rp_seat_leave(struct rp_self *s, bool keep)
{
	struct rp_seat *seat = s->seat;

	s->moving = true;
	if (rp_unlikely(atomic_exchange(&seat->gate, RP_GATE_AWAY) == RP_GATE_CALLED))
		rp_seat_let_pass(s, rp_seat_hold_back());
	if (keep) {
		struct rp_seat_book *b = rp_seat_book(s);
		uint64_t now_ns = rp_mono_ns(), over_ns = rp_flight_over_ns(s->request, s->serial);

		note_segment(s, b, over_ns < now_ns ? over_ns : now_ns);
		if (b->talks)
			rp_conn_stall_left((int)b->talks - 1, b->way, s->request, s->serial,
			                   now_ns);
	}
	atomic_store_explicit(&seat->works, 0, memory_order_relaxed);
	atomic_store_explicit(&seat->since_ns, 0, memory_order_relaxed);
	s->armed = 0;
	rp_fiber_over(s);
	s->wait = NULL;
	s->paused = false;
	if (rp_unlikely(s->host_blocks)) {
		rp_seat_hold_back();
		rp_seat_let_pass(s, true);
		s->host_blocks = false;
	}
	s->moving = false;
}

static void sample(struct rp_self *s, struct rp_seat_book *b, uint64_t now_ns, void *context)
{
	uint64_t cpu_ns = rp_cpu_ns(), wall_ns = now_ns - b->mark_ns;
	struct rp_note_sample n = {.at_ns = now_ns,
	                           .weight = atomic_exchange(&s->seat->weight, 0),
	                           .cpu_ns = cpu_ns - b->mark_cpu_ns,
	                           .edge = RP_EDGE_TICK};
	struct rp_regs regs;
	long voluntary = b->mark_voluntary;

	rp_regs_from_context(&regs, context);
	rp_seat_mark(b, now_ns, cpu_ns);
	/* Off its CPU without having given it up: it stood in the run queue. */
	if (voluntary == b->mark_voluntary && wall_ns > n.cpu_ns)
		n.runq_ns = wall_ns - n.cpu_ns;
	n.delay_us = (uint32_t)(atomic_load(&s->seat->delay_ns) / 1000);
	if (!rp_book_note(rp_book_for(s), RP_NOTE_SAMPLE, &n, sizeof(n), NULL, 0, &regs))
		atomic_fetch_add(&rp_book_of(s->request)->lost_samples, (uint32_t)n.weight);
}

void rp_seat_called(struct rp_self *s, const siginfo_t *info, void *context)
{
	struct rp_seat *seat = s->seat;
	uint64_t now_ns = rp_mono_ns();
	uint32_t called = RP_GATE_CALLED;

	if (!seat || atomic_load(&seat->gate) != RP_GATE_CALLED)
		return;
	struct rp_seat_book *b = rp_seat_book(s);

	rp_fiber_ticks(s, context);
	if (s->armed == RP_ARMED_LIGHT && !s->moving &&
	    (uint32_t)(uintptr_t)info->si_value.sival_ptr == s->tick &&
	    rp_flight_lives(s->request, s->serial) && !rp_turn_is_over(s, now_ns) &&
	    rp_seat_watched(s, b))
		sample(s, b, now_ns, context);
	b->ticks++;
	b->handler_ns += rp_mono_ns() - now_ns;
	atomic_compare_exchange_strong(&seat->gate, &called, RP_GATE_OUT);
}

void rp_seat_show(struct rp_self *s, uint32_t number, uint32_t serial)
{
	if (!atomic_load(&rp_flights) || (!s->seat && !take_seat(s)))
		return;
	atomic_store_explicit(&s->seat->since_ns, 0, memory_order_relaxed);
	atomic_store_explicit(&s->seat->works, rp_flight_works(number, serial),
	                      memory_order_release);
}

void rp_seat_free(struct rp_self *s)
{
	struct rp_seat *seat = s->seat;

	s->seat = NULL;
	if (seat && rp_conn_own_process())
		atomic_store_explicit(&seat->tid, 0, memory_order_release);
}

void rp_seat_forked(struct rp_self *s)
{
	s->seat = NULL;
	if (s->owes)
		rp_sigmask(SIG_UNBLOCK, rp_sigbit(rp_mask_signal()));
	s->owes = false;
	atomic_store(&rp_seats_used, 0);
}
