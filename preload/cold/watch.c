/* watch.c - see watch.h.  Room: cold.  SPDX-License-Identifier: MIT */
#include "preload/cold/watch.h"

#include <signal.h>
#include <string.h>
#include <time.h>
#include "preload/cold/caught.h"
#include "preload/cold/procstat.h"
#include "preload/hot/book.h"
#include "preload/hot/clock.h"
#include "preload/hot/flight.h"
#include "preload/hot/mask.h"
#include "preload/hot/seat.h"
#include "preload/hot/sys.h"
#include "preload/settings.h"

enum { CLOSE_NS = 20000 };

/* What our thread knows of a seat. */
struct look {
	uint32_t segment;    /* of which this is; 0: of none */
	uint64_t at_ns;      /* when it was looked at last */
	uint64_t cpu_ns;     /* its CPU clock then */
	uint64_t delay_ns;   /* in the run queue when it was looked at first */
	uint64_t carried_ns; /* of the time between looks, what no signal stands for yet */
};

static struct look looks[RP_MAX_SEATS];
static bool looked;

/* By its number, as pthread_getcpuclockid makes a clock of it. */
uint64_t rp_watch_cpu_ns(uint32_t tid)
{
	enum { PER_THREAD = 4, SCHED = 2 };

	return rp_clock_ns((clockid_t)(~tid << 3 | PER_THREAD | SCHED));
}

/* Both clocks at one moment; false: they could not be read without being interrupted. */
static bool read_clocks(uint32_t tid, uint64_t *now_ns, uint64_t *cpu_ns)
{
	for (unsigned i = 0; i < 3; i++) {
		uint64_t before_ns = rp_mono_ns();

		*cpu_ns = rp_watch_cpu_ns(tid);
		*now_ns = rp_mono_ns();
		if (*now_ns - before_ns < CLOSE_NS) {
			*now_ns -= (*now_ns - before_ns) / 2;
			return true;
		}
	}
	return false;
}

static bool is_still(struct rp_seat *seat, uint64_t works, uint32_t segment)
{
	return atomic_load(&seat->works) == works && atomic_load(&seat->segment) == segment;
}

/* The first look at a segment: its clocks are read from here on.  Its voluntary switches are told
 * only if it did not sleep at that moment: a thread that runs, and had as many before and after,
 * did not. */
static void begin(struct look *l, struct rp_seat *seat, uint64_t works, uint32_t segment)
{
	uint64_t now_ns, cpu_ns, delay_ns, arrivals;
	uint32_t tid = atomic_load(&seat->tid), voluntary = rp_procstat_switches(tid);
	struct rp_procstat stat;

	*l = (struct look){.segment = 0};
	if (!rp_procstat_read(tid, &stat) || !read_clocks(tid, &now_ns, &cpu_ns))
		return;
	if (stat.state != 'R' || rp_procstat_switches(tid) != voluntary)
		voluntary = 0;
	delay_ns = rp_procstat_delay_ns(tid, &arrivals);
	atomic_store(&seat->watched, 0);
	atomic_store(&seat->watch_ns, now_ns);
	atomic_store(&seat->watch_cpu_ns, cpu_ns);
	atomic_store(&seat->delay_from_ns, arrivals ? delay_ns : 0);
	atomic_store(&seat->delay_ns, 0);
	atomic_store(&seat->delay_at_ns, now_ns);
	atomic_store(&seat->watch_voluntary, voluntary);
	atomic_store(&seat->weight, 0);
	*l = (struct look){
	        .segment = segment, .at_ns = now_ns, .cpu_ns = cpu_ns, .delay_ns = delay_ns};
	if (is_still(seat, works, segment))
		atomic_store_explicit(&seat->watched, segment, memory_order_release);
}

static long send_signal(uint32_t tid, uint32_t segment)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	info.si_code = SI_QUEUE;
	info.si_pid = (pid_t)rp_sys(SYS_getpid, 0);
	info.si_value.sival_ptr = (void *)((uintptr_t)RP_SEAT_COOKIE << 32 | segment);
	return rp_sys(SYS_rt_tgsigqueueinfo, info.si_pid, tid, rp_mask_signal(), &info);
}

/* Promised before the gate is shut and settled when it was sent, or was not: a thread that finds
 * its gate shut knows from that whether the signal has come (seat.c). */
static void call(struct rp_seat *seat, uint64_t works, uint32_t segment)
{
	uint32_t out = RP_GATE_OUT, called = RP_GATE_CALLED;

	atomic_fetch_add(&seat->promised, 1);
	if (atomic_compare_exchange_strong(&seat->gate, &out, RP_GATE_CALLED) &&
	    (!is_still(seat, works, segment) || send_signal(atomic_load(&seat->tid), segment) != 0))
		atomic_compare_exchange_strong(&seat->gate, &called, RP_GATE_OUT);
	atomic_fetch_add(&seat->settled, 1);
}

/* Only a thread that runs is called: it has run since the last look, and is not asleep, in a call
 * that no hook saw. */
static bool runs(struct look *l, uint32_t tid)
{
	uint64_t cpu_ns = rp_watch_cpu_ns(tid), before_ns = l->cpu_ns;
	struct rp_procstat stat;

	l->cpu_ns = cpu_ns;
	return cpu_ns != before_ns && rp_procstat_read(tid, &stat) && stat.state == 'R';
}

uint64_t rp_watch_interval_ns(uint32_t number)
{
	unsigned full = rp_book_fullness(number);

	return rp_settings.slow_interval_ns * (full < 128   ? 1
	                                       : full < 192 ? 4
	                                       : full < 224 ? 16
	                                                    : 64);
}

static void look(struct look *l, struct rp_seat *seat, uint64_t works, uint32_t number)
{
	uint32_t segment = atomic_load(&seat->segment), tid = atomic_load(&seat->tid);
	uint64_t now_ns = rp_mono_ns(), each_ns = rp_settings.slow_interval_ns;

	if (l->segment != segment) {
		begin(l, seat, works, segment);
		return;
	}
	uint64_t arrivals, delay_ns = rp_procstat_delay_ns(tid, &arrivals);
	uint32_t gate = atomic_load(&seat->gate);

	if (delay_ns > l->delay_ns) {
		atomic_store(&seat->delay_ns, delay_ns - l->delay_ns);
		atomic_store(&seat->delay_at_ns, now_ns);
	}
	l->carried_ns += now_ns - l->at_ns;
	l->at_ns = now_ns;
	if (gate == RP_GATE_IN) { /* a wait, told by itself */
		l->carried_ns = 0;
		return;
	}
	if (l->carried_ns < rp_watch_interval_ns(number))
		return;
	bool is_running = runs(l, tid);

	atomic_fetch_add(&seat->weight, (uint32_t)(l->carried_ns / each_ns));
	l->carried_ns %= each_ns;
	if (gate == RP_GATE_OUT && is_running)
		call(seat, works, segment);
	else if (gate == RP_GATE_CALLED && is_running && rp_procstat_blocks(tid, rp_mask_signal()))
		atomic_store(&seat->deaf, 1); /* from its next segment on */
}

/* Threads that work for a request that is old enough. */
static void look_at_seats(struct rp_inflight *table, uint64_t now_ns)
{
	uint32_t n = atomic_load(&rp_seats_used);

	for (uint32_t i = 0; i < n; i++) {
		struct rp_seat *seat = &table->seats[i];
		uint64_t works = atomic_load_explicit(&seat->works, memory_order_acquire);

		if (!works || !atomic_load(&seat->tid))
			continue;
		struct rp_flight *f = &table->flights[(uint32_t)works - 1];

		if (atomic_load(&f->hold) != rp_flight_hold(works >> 32, RP_FLIGHT_LIVE) ||
		    atomic_load(&f->flags) & (RP_FLIGHT_FLAGGED | RP_FLIGHT_TOLD) ||
		    (int64_t)(now_ns - atomic_load(&f->course.first_byte_ns)) <
		            (int64_t)rp_settings.slow_interval_ns)
			continue;
		look(&looks[i], seat, works, RP_REQUEST_FLIGHTS + (uint32_t)works - 1);
	}
}

static void tend(uint32_t number, uint64_t now_ns)
{
	struct rp_flight *f = rp_flight_at(number);
	uint64_t hold = atomic_load(&f->hold);

	if ((uint32_t)hold == RP_FLIGHT_LEFT)
		rp_flight_free(number);
	else if ((uint32_t)hold == RP_FLIGHT_KEPT)
		rp_caught_write(number, now_ns);
	else if ((uint32_t)hold == RP_FLIGHT_LIVE && rp_settings.slow_ns != RP_NEVER &&
	         (int64_t)(now_ns - atomic_load(&f->course.first_byte_ns)) >
	                 (int64_t)rp_settings.max_ns)
		rp_caught_cut(number, now_ns);
}

bool rp_watch_turn(uint64_t now_ns)
{
	struct rp_inflight *table = atomic_load(&rp_flights);
	bool any = false;

	if (!table || !rp_flight_keeps)
		return false;
	looked = true;
	look_at_seats(table, now_ns);
	for (unsigned i = 0; i < RP_MAX_FLIGHTS / 64; i++) {
		uint64_t taken = atomic_load(&rp_flights_taken[i]);

		any |= taken;
		for (; taken; taken &= taken - 1)
			tend(RP_REQUEST_FLIGHTS + 64 * i + (uint32_t)__builtin_ctzll(taken),
			     now_ns);
	}
	return any;
}

void rp_watch_end(void)
{
	struct rp_inflight *table = atomic_load(&rp_flights);

	for (unsigned i = 0; table && rp_flight_keeps && i < RP_MAX_FLIGHTS; i++) {
		uint64_t hold = atomic_load(&table->flights[i].hold);

		if ((uint32_t)hold == RP_FLIGHT_LIVE)
			rp_flight_over(RP_REQUEST_FLIGHTS + i, (uint32_t)(hold >> 32),
			               RP_END_CLOSED);
	}
}

void rp_watch_forked(void)
{
	if (looked)
		memset(looks, 0, sizeof(looks));
	looked = false;
}
