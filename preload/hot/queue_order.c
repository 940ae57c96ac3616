/* queue_order.c - is what was put first taken first?  Shown by what threads do with their jobs.
 *
 * Room: hot.  Who answers a client works for its request, and so does who wakes the only thread
 * that ever waits under a mutex.  That says which job the thread had taken.  A stack, where one
 * waits at the bottom, is a queue to all who only count; so an order is not believed before it
 * has been right where any other would have been wrong.
 * SPDX-License-Identifier: MIT
 */
#include "preload/hot/queue_parts.h"

#include "preload/hot/clock.h"
#include "preload/hot/conn_bytes.h"

void rp_queue_took(struct rp_queue *q, uint32_t taken, const struct rp_handoff *next, bool telling)
{
	struct rp_self *s = &rp_self;
	struct rp_took *t = NULL;

	for (unsigned i = 0; i < RP_SELF_WAITED; i++)
		if (s->took[i].queue == q)
			t = &s->took[i];
	if (!t)
		t = &s->took[s->n_took++ % RP_SELF_WAITED];
	*t = (struct rp_took){
	        .queue = q, .taken = taken, .put = q->put, .foretold = next, .telling = telling};
	s->has_taken = true;
	if (next) {
		t->request = next->request;
		t->serial = next->serial;
		t->client = next->client;
		t->client_tells = q->jobs[(q->put - 1) % RP_QUEUE_JOBS].client != next->client;
	}
}

void rp_queue_did(const struct rp_queue *q)
{
	for (unsigned i = 0; i < RP_SELF_WAITED; i++)
		if (rp_self.took[i].queue == q)
			rp_self.took[i].queue = NULL;
}

/* For whoever holds the mutex next; one at a time is enough. */
static void tell(struct rp_queue *q, const struct rp_took *t, uint32_t request, uint32_t serial)
{
	uint32_t none = 0;

	if (!serial || !atomic_compare_exchange_strong(&q->shown.state, &none, 1))
		return;
	q->shown.taken = t->taken;
	q->shown.put = t->put;
	q->shown.request = request;
	q->shown.serial = serial;
	atomic_store_explicit(&q->shown.state, 2, memory_order_release);
}

/* Nobody's may as well be one whose request was not known when it was put; and one that is over
 * has no client any more. */
static void compare(struct rp_queue *q, const struct rp_took *t, uint32_t request, uint32_t serial)
{
	bool same = t->serial == serial && (!serial || t->request == request);

	if (!t->serial || !rp_request_lives(t->request, t->serial))
		return;
	if (!same)
		atomic_store_explicit(&q->unordered, true, memory_order_relaxed);
	else if (t->telling)
		atomic_fetch_add_explicit(&q->ordered, 1, memory_order_relaxed);
}

/* Also of requests that nobody flagged.  Who puts was thought to do so for the connection that it
 * read from last: where that was right a few times, it is the order that is wrong. */
static void compare_clients(struct rp_queue *q, const struct rp_took *t, uint32_t client)
{
	enum { FEW = 4 };

	if (!client || !t->client || q->apart)
		return;
	if (client == t->client) {
		if (t->client_tells)
			atomic_fetch_add_explicit(&q->clients, 1, memory_order_relaxed);
		return;
	}
	if (atomic_exchange(&q->clients, 0) >= FEW)
		atomic_store_explicit(&q->unordered, true, memory_order_relaxed);
	atomic_store_explicit(&q->apart, true, memory_order_relaxed);
}

void rp_queue_credit(const struct rp_queue *q, struct rp_handoff *job)
{
	if (!job->client || q->clients < RP_QUEUE_CLIENTS || q->apart || q->unordered)
		return;
	struct rp_run *run = rp_pending_single(&rp_conns[job->client - 1].pending);

	/* Somebody else may have read the next request there, or of the next connection. */
	if (!run || run->serial != rp_self.client_serial || !rp_conn_followed(run))
		return;
	job->request = run->request;
	job->serial = run->serial;
	job->tid = rp_self.tid;
	job->at_ns = rp_mono_ns();
}

void rp_queue_shows(uint32_t request, uint32_t serial, uint32_t client)
{
	struct rp_self *s = &rp_self;

	s->has_taken = false;
	for (unsigned i = 0; i < RP_SELF_WAITED; i++) {
		struct rp_took *t = &s->took[i];

		if (!t->queue)
			continue;
		if (t->foretold) {
			compare(t->queue, t, request, serial);
			compare_clients(t->queue, t, client);
		} else {
			tell(t->queue, t, request, serial);
		}
		t->queue = NULL;
	}
}

/* The only job of the request that is kept. */
static bool find_put(const struct rp_queue *q, uint32_t request, uint32_t serial, uint32_t *put)
{
	unsigned n = 0;

	for (uint32_t i = q->put - q->kept; i != q->put; i++)
		if (rp_queue_is_for(&q->jobs[i % RP_QUEUE_JOBS], request, serial)) {
			*put = i;
			n++;
		}
	return n == 1;
}

/* A stack's would have been the last one that was put: what was that shows nothing. */
static void guess(struct rp_queue *q)
{
	uint32_t put;

	if (!find_put(q, q->shown.request, q->shown.serial, &put))
		return;
	if (put - q->shown.taken != q->guess)
		q->guessed = 0;
	else if (put + 1 == q->shown.put)
		return;
	q->guess = put - q->shown.taken;
	q->guessed++;
}

void rp_queue_learn(struct rp_queue *q)
{
	if (atomic_load_explicit(&q->shown.state, memory_order_acquire) != 2)
		return;
	guess(q);
	atomic_store_explicit(&q->shown.state, 0, memory_order_release);
	if (q->guessed < RP_QUEUE_LEARNT || q->put - q->taken - q->guess > q->kept)
		return;
	q->base = q->guess;
	q->mixed = q->counts = true;
	q->guessed = 0;
	atomic_store(&q->ordered, RP_QUEUE_ORDERED);
}
