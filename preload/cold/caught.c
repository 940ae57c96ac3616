/* caught.c - see caught.h.  Room: cold.  SPDX-License-Identifier: MIT */
#include "preload/cold/caught.h"

#include <string.h>
#include "preload/cold/procstat.h"
#include "preload/cold/session_parts.h"
#include "preload/cold/watch.h"
#include "preload/hot/book.h"
#include "preload/hot/clock.h"
#include "preload/hot/delim_head.h"
#include "preload/hot/flight.h"
#include "preload/hot/seat_book.h"
#include "preload/hot/sys.h"
#include "preload/settings.h"

enum { GRACE_NS = 200000000 };

static bool hurry;

/* What is known of the time of all segments while they were watched. */
struct sums {
	uint64_t span_ns, cpu_ns, delay_ns, waited_ns;
};

void rp_caught_hurry(void)
{
	hurry = true;
}

static void copy_course(struct rp_course *to, struct rp_course *from)
{
	atomic_store(&to->accepted_ns, atomic_load(&from->accepted_ns));
	atomic_store(&to->first_byte_ns, atomic_load(&from->first_byte_ns));
	atomic_store(&to->head_ns, atomic_load(&from->head_ns));
	atomic_store(&to->body_ns, atomic_load(&from->body_ns));
	atomic_store(&to->response_ns, atomic_load(&from->response_ns));
	atomic_store(&to->last_byte_ns, atomic_load(&from->last_byte_ns));
	atomic_store(&to->bytes_in, atomic_load(&from->bytes_in));
	atomic_store(&to->bytes_out, atomic_load(&from->bytes_out));
	atomic_store(&to->status, atomic_load(&from->status));
	atomic_store(&to->how, atomic_load(&from->how));
}

/* As the gate and the connection fill it in for those that are flagged. */
static struct rp_request *open_request(struct rp_flight *f, const struct rp_book *b)
{
	struct rp_request *r = &rp_requests[RP_REQUEST_CAUGHT];
	struct rp_span target = {b->text + b->target_at, b->n_target};
	struct rp_head head;

	r->seq = rp_request_next();
	atomic_store(&r->serial, r->seq);
	r->interval_ns = rp_settings.slow_interval_ns;
	r->trigger = atomic_load(&f->flags) & RP_FLIGHT_SLOW ? RP_TRIGGER_SLOW : RP_TRIGGER_STATUS;
	copy_course(&r->course, &f->course);
	r->claimed_ns = atomic_load(&r->course.head_ns);
	r->wall_ns = rp_wall_ns() - (rp_mono_ns() - atomic_load(&r->course.first_byte_ns));
	r->arrived_ns = RP_NEVER;
	r->over_tls = b->over_tls;
	r->client = b->client;
	r->method.n = f->n_method;
	memcpy(r->method.at, f->method, f->n_method);
	r->host = b->host;
	r->protocol = b->protocol;
	r->traceparent = b->traceparent;
	if (b->n_head && rp_head_parse(b->text, b->n_head, &head) > 0) {
		rp_text_keep(&r->method, head.method);
		rp_text_keep(&r->host, head.host);
		rp_text_keep(&r->protocol, head.protocol);
		rp_text_keep(&r->traceparent, head.traceparent);
	}
	r->tag.n = 0;
	r->n_target = (uint16_t)rp_trigger_mask_target(r->target, sizeof(r->target), target,
	                                               rp_settings.rules.name);
	r->peer = b->peer;
	r->local = b->local;
	r->n_peer = b->n_peer;
	r->n_local = b->n_local;
	r->peer_pid = 0;
	for (unsigned i = 0; i < RP_N_DROPS; i++)
		atomic_store(&r->drops[i], 0);
	atomic_store(&r->drops[RP_DROP_caught_samples], atomic_load(&b->lost_samples));
	atomic_store(&r->drops[RP_DROP_caught_waits], atomic_load(&b->lost_waits));
	return r;
}

static uint32_t stack_of(struct rp_session *s, const struct rp_book_stack *st)
{
	return st->n ? rp_nodes_stack(&s->nodes, s->writer, (const uint64_t *)(st + 1), st->n,
	                              st->stop, st->generation)
	             : 0;
}

static void put_sample(struct rp_session *s, uint32_t tid, const struct rp_note_sample *n)
{
	struct rp_item item = {.kind = RP_ITEM_SAMPLE};

	item.sample.stack = stack_of(s, (const void *)(n + 1));
	item.sample.thread = rp_session_thread(s, tid);
	item.sample.at_ns = n->at_ns;
	item.sample.weight = n->weight;
	item.sample.cpu_ns = n->cpu_ns;
	item.sample.runq_ns = n->runq_ns;
	item.sample.edge = n->edge;
	if (item.sample.thread != RP_NOBODY)
		rp_writer_put(s->writer, &item);
}

/* STACK NULL: where it waited is not known. */
static void put_wait(struct rp_session *s, struct sums *sums, uint32_t tid,
                     const struct rp_note_wait *n, const struct rp_book_stack *stack)
{
	struct rp_item item = {.kind = RP_ITEM_WAIT};

	item.wait.stack = stack ? stack_of(s, stack) : 0;
	item.wait.object = rp_session_object(s, n->object, n->n_object);
	item.wait.thread = rp_session_thread(s, tid);
	item.wait.kind = n->kind;
	item.wait.at_ns = n->at_ns;
	item.wait.span_ns = n->span_ns;
	item.wait.cpu_ns = n->cpu_ns;
	if (item.wait.thread == RP_NOBODY)
		return;
	if (n->cpu_ns != RP_NEVER)
		sums->waited_ns += n->span_ns - n->cpu_ns;
	rp_writer_put(s->writer, &item);
}

/* Where the watched part of a segment begins.  Inside a wait that is told it begins with the wait:
 * a wait is not cut in two. */
static uint64_t watched_from(uint32_t number, uint32_t serial, uint32_t tid,
                             const struct rp_book_segment *segment)
{
	const struct rp_book_note *n = NULL;

	while ((n = rp_book_next(number, serial, n))) {
		const struct rp_note_wait *wait = (const void *)(n + 1);

		if (n->kind == RP_NOTE_WAIT && n->tid == tid && wait->at_ns < segment->watch_ns &&
		    wait->at_ns + wait->span_ns > segment->watch_ns &&
		    wait->at_ns >= segment->begin_ns)
			return wait->at_ns;
	}
	return segment->watch_ns;
}

/* Run delay as the thread has seen it: between its samples, since the last of them, and inside
 * waits what the scheduler knew at one of the samples and the thread had not seen by then. */
static uint64_t delay_seen(uint32_t number, uint32_t serial, uint32_t tid,
                           const struct rp_book_segment *segment)
{
	const struct rp_book_note *n = NULL;
	uint64_t sum_ns = 0, inside_ns = 0;

	while ((n = rp_book_next(number, serial, n))) {
		const struct rp_note_sample *sample = (const void *)(n + 1);

		if (n->kind != RP_NOTE_SAMPLE || n->tid != tid ||
		    sample->at_ns < segment->watch_ns || sample->at_ns > segment->end_ns)
			continue;
		sum_ns += sample->runq_ns;
		if (sample->delay_us * 1000ull > sum_ns + inside_ns)
			inside_ns = sample->delay_us * 1000ull - sum_ns;
	}
	return sum_ns + inside_ns + segment->tail_ns;
}

/* The scheduler's sum: exact where the thread came onto no CPU since (cold/delay.c has the same);
 * else as it was when our thread looked last, and what the thread has seen since.  Each way tells
 * no more than there was, but that a delay which went on when it was first looked at counts whole:
 * so the sum is cut to the time off the CPU. */
static uint64_t delay_of(uint32_t tid, const struct rp_book_segment *n, uint64_t seen_ns)
{
	uint64_t delay_ns = n->delay_ns, arrivals, now_ns, most_ns;

	if (n->end_ns < n->watch_ns + n->cpu_ns)
		return 0;
	now_ns = n->delay_from_ns ? rp_procstat_delay_ns(tid, &arrivals) : 0;
	if (now_ns > n->delay_from_ns && n->switches && arrivals <= n->switches + 1)
		delay_ns = now_ns - n->delay_from_ns;
	else if (n->mark_ns >= n->delay_at_ns)
		delay_ns += n->tail_ns;
	delay_ns = delay_ns > seen_ns ? delay_ns : seen_ns;
	most_ns = n->end_ns - n->watch_ns - n->cpu_ns;
	return delay_ns < most_ns ? delay_ns : most_ns;
}

/* The watched part of a segment, and what lies before it: there the clocks are not known. */
static void put_parts(struct rp_session *s, uint32_t tid, const struct rp_book_segment *n)
{
	struct rp_item item = {.kind = RP_ITEM_SEGMENT};

	item.segment.thread = rp_session_thread(s, tid);
	if (item.segment.thread == RP_NOBODY)
		return;
	item.segment.begin_ns = n->begin_ns;
	item.segment.end_ns = n->watch_ns < n->end_ns ? n->watch_ns : n->end_ns;
	item.segment.cpu_ns = item.segment.runq_ns = RP_NEVER;
	if (item.segment.end_ns > item.segment.begin_ns)
		rp_writer_put(s->writer, &item);
	item.segment.begin_ns = n->watch_ns;
	item.segment.end_ns = n->end_ns;
	item.segment.cpu_ns = n->cpu_ns;
	item.segment.runq_ns = n->delay_ns;
	if (n->watch_ns < n->end_ns)
		rp_writer_put(s->writer, &item);
	s->segments++;
}

static void put_segment(struct rp_session *s, struct sums *sums, uint32_t tid,
                        const struct rp_book_segment *n, const struct rp_book_kind *kinds)
{
	uint64_t first_ns = atomic_load(&s->request->course.first_byte_ns);

	put_parts(s, tid, n);
	s->handler_ns += n->handler_ns;
	s->ticks += n->ticks;
	for (uint32_t i = 0; i < n->n_kinds; i++) {
		const struct rp_book_kind *k = &kinds[i];

		s->calls[k->kind].count += k->calls;
		s->calls[k->kind].bytes += k->bytes;
		s->shorts[k->kind].count += k->shorts;
		s->shorts[k->kind].span_ns += k->short_ns;
	}
	if (n->watch_ns >= n->end_ns)
		return;
	sums->span_ns += n->end_ns - n->watch_ns;
	sums->cpu_ns += n->cpu_ns;
	sums->delay_ns += n->delay_ns;
	if (!s->watched_from_ns || n->watch_ns - first_ns < s->watched_from_ns)
		s->watched_from_ns = n->watch_ns - first_ns;
}

/* The CPU clock was not read around calls that were short.  Of all their time only so much was
 * waiting as the threads were off their CPUs, and for nothing that is listed. */
static void share_shorts(struct rp_session *s, const struct sums *sums)
{
	uint64_t known_ns = sums->cpu_ns + sums->delay_ns + sums->waited_ns, short_ns = 0;
	uint64_t left_ns = sums->span_ns > known_ns ? sums->span_ns - known_ns : 0;

	for (unsigned i = 0; i < RP_N_WAIT_KINDS; i++)
		short_ns += s->shorts[i].span_ns;
	for (unsigned i = 0; i < RP_N_WAIT_KINDS && short_ns > left_ns; i++) {
		struct rp_rec_short_waits *sum = &s->shorts[i];
		double waited = (double)left_ns / (double)short_ns;

		sum->cpu_ns = sum->span_ns - (uint64_t)((double)sum->span_ns * waited);
	}
}

static void put_await(struct rp_session *s, uint32_t tid, const struct rp_note_wait *n)
{
	struct rp_item item = {.kind = RP_ITEM_AWAIT};

	item.await.thread = rp_session_thread(s, tid);
	item.await.at_ns = n->at_ns;
	item.await.span_ns = n->span_ns;
	item.await.object = (struct rp_slice){n->object, n->n_object};
	if (item.await.thread != RP_NOBODY)
		rp_writer_put(s->writer, &item);
}

/* As it was noted: up to the end of its object's name.  Returns what follows. */
static const void *wait_of(const void *body, struct rp_note_wait *wait)
{
	*wait = (struct rp_note_wait){0};
	memcpy(wait, body, offsetof(struct rp_note_wait, object));
	memcpy(wait, body, rp_book_wait_bytes(wait));
	return (const char *)body + rp_book_wait_bytes(wait);
}

static void replay(struct rp_session *s, struct sums *sums, uint32_t number, uint32_t serial)
{
	const struct rp_book_note *n = NULL;

	while ((n = rp_book_next(number, serial, n))) {
		const void *body = n + 1;
		const struct rp_book_segment *segment = body;
		struct rp_note_wait wait;

		if (n->kind == RP_NOTE_SAMPLE) {
			put_sample(s, n->tid, body);
		} else if (n->kind == RP_NOTE_WAIT) {
			const void *stack = wait_of(body, &wait);

			put_wait(s, sums, n->tid, &wait, stack);
		} else if (n->kind == RP_NOTE_AWAIT) {
			wait_of(body, &wait);
			put_await(s, n->tid, &wait);
		} else if (n->kind == RP_NOTE_STALL) {
			rp_session_put_stall(s, body);
		} else if (n->kind == RP_NOTE_END) {
			struct rp_book_segment whole = *segment;

			whole.watch_ns = watched_from(number, serial, n->tid, segment);
			whole.delay_ns = delay_of(n->tid, &whole,
			                          delay_seen(number, serial, n->tid, &whole));
			put_segment(s, sums, n->tid, &whole, (const void *)(segment + 1));
		}
	}
}

static bool works_for(struct rp_seat *seat, uint32_t number, uint32_t serial)
{
	return atomic_load(&seat->tid) &&
	       atomic_load(&seat->works) == rp_flight_works(number, serial);
}

/* A thread that has not left: it sleeps, or still works (the request goes on).  Up to now. */
static void cut(struct rp_session *s, struct sums *sums, uint32_t i)
{
	struct rp_seat *seat = &atomic_load(&rp_flights)->seats[i];
	struct rp_seat_book *b = &rp_seat_books[i];
	uint32_t segment = atomic_load(&seat->segment), tid = atomic_load(&seat->tid), n = 0;
	struct rp_note_wait wait = {.at_ns = atomic_load(&seat->since_ns),
	                            .kind = atomic_load(&seat->kind),
	                            .cpu_ns = RP_NEVER};
	struct rp_book_kind kinds[RP_N_WAIT_KINDS];
	struct rp_book_segment end = {.begin_ns = b->begin_ns,
	                              .end_ns = atomic_load(&s->request->course.last_byte_ns),
	                              .watch_ns = RP_NEVER,
	                              .handler_ns = b->handler_ns,
	                              .ticks = b->ticks};

	if (atomic_load(&seat->watched) == segment) {
		end.watch_ns = atomic_load(&seat->watch_ns);
		end.cpu_ns = rp_watch_cpu_ns(tid) - atomic_load(&seat->watch_cpu_ns);
		end.delay_ns = atomic_load(&seat->delay_ns);
		if (wait.at_ns && wait.at_ns < end.watch_ns && wait.at_ns >= end.begin_ns)
			end.watch_ns = wait.at_ns;
	}
	if (end.end_ns <= end.begin_ns || atomic_load(&seat->segment) != segment)
		return;
	if (wait.at_ns && wait.at_ns < end.end_ns) {
		wait.span_ns = end.end_ns - wait.at_ns;
		put_wait(s, sums, tid, &wait, NULL);
	}
	for (unsigned k = 0; k < RP_N_WAIT_KINDS; k++)
		if (b->touched >> k & 1)
			kinds[n++] = b->kinds[k];
	end.n_kinds = n;
	put_segment(s, sums, tid, &end, kinds);
}

/* QUIET: nobody is about to note anything, so that the notes can be read. */
static void write_session(uint32_t number, uint32_t serial, bool quiet, uint64_t limit_ns)
{
	struct rp_request *r = open_request(rp_flight_at(number), rp_book_of(number));
	uint32_t n_seats = atomic_load(&rp_seats_used);
	struct sums sums = {0};

	if (limit_ns) {
		atomic_store(&r->course.last_byte_ns, limit_ns);
		atomic_store(&r->course.how, RP_END_LIMIT);
	}
	if (!quiet)
		rp_request_drop(r, RP_DROP_caught_waits, 1);
	struct rp_session *s = rp_session_of(RP_REQUEST_CAUGHT);

	if (!s->failed) {
		s->upstreams = atomic_load(&rp_book_of(number)->upstreams);
		if (rp_watch_interval_ns(number) > r->interval_ns)
			s->longest_ns = rp_watch_interval_ns(number);
		s->bound_ns = r->trigger == RP_TRIGGER_SLOW ? rp_settings.slow_ns : 0;
		if (quiet)
			replay(s, &sums, number, serial);
		for (uint32_t i = 0; i < n_seats; i++)
			if (works_for(&atomic_load(&rp_flights)->seats[i], number, serial))
				cut(s, &sums, i);
		share_shorts(s, &sums);
	}
	char name[RP_NAME_MAX];

	rp_session_finish(s, name);
	atomic_store(&r->serial, 0);
}

static bool is_worked_for(uint32_t number, uint32_t serial)
{
	uint32_t n_seats = atomic_load(&rp_seats_used);

	for (uint32_t i = 0; i < n_seats; i++)
		if (works_for(&atomic_load(&rp_flights)->seats[i], number, serial))
			return true;
	return false;
}

/* Who begins to note something from now on finds it told, and who was about it is soon done. */
static bool close_book(uint32_t number)
{
	atomic_fetch_or(&rp_flight_at(number)->flags, RP_FLIGHT_TOLD);
	for (unsigned i = 0; i < 100 && !rp_book_is_quiet(number); i++) {
		struct timespec t = {0, 20000};

		rp_sys(SYS_nanosleep, &t, 0);
	}
	return rp_book_is_quiet(number);
}

void rp_caught_write(uint32_t number, uint64_t now_ns)
{
	struct rp_flight *f = rp_flight_at(number);
	uint32_t serial = (uint32_t)(atomic_load(&f->hold) >> 32);
	uint64_t over_ns = now_ns - atomic_load(&f->course.last_byte_ns);

	if (is_worked_for(number, serial) && (int64_t)over_ns < GRACE_NS && !hurry)
		return;
	write_session(number, serial, close_book(number), 0);
	rp_flight_free(number);
	atomic_fetch_sub(&rp_flights_kept, 1);
}

void rp_caught_cut(uint32_t number, uint64_t now_ns)
{
	struct rp_flight *f = rp_flight_at(number);
	uint32_t serial = (uint32_t)(atomic_load(&f->hold) >> 32);

	if (atomic_load(&f->flags) & (RP_FLIGHT_TOLD | RP_FLIGHT_FLAGGED))
		return;
	atomic_fetch_or(&f->flags, RP_FLIGHT_SLOW);
	if (rp_flight_within_rate(now_ns))
		write_session(number, serial, close_book(number), now_ns);
	else
		atomic_fetch_or(&f->flags, RP_FLIGHT_TOLD);
}
