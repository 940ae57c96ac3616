/* heads.c - see heads.h: whose answers get lines, and what stands in them.
 *
 * Room: hot.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/heads.h"

#include "preload/hot/clock.h"
#include "preload/hot/self.h"
#include "preload/hot/sofar.h"
#include "preload/hot/sys.h"
#include "preload/hot/text.h"
#include "preload/settings.h"
#include "store/catalog.h"

/* One for each request, by its number. */
static struct rp_heads all[RP_MAX_REQUESTS];
static _Atomic bool ever; /* one was wanted: else they are untouched memory */

static struct rp_request *request_of(const struct rp_heads *h)
{
	return &rp_requests[h - all];
}

static bool is_wanted(const struct rp_heads *h)
{
	return h->insert.state == RP_INSERT_PART || h->untold ||
	       (h->insert.state == RP_INSERT_WANT &&
	        rp_request_lives((uint32_t)(h - all), h->serial));
}

/* ---- from the head to the last of the lines -------------------------------------------------- */

/* Bytes that are owed must be sent even if the request is over meanwhile. */
static void hold(struct rp_heads *h, bool owes)
{
	if (h->held == owes)
		return;
	h->held = owes;
	if (owes) {
		atomic_fetch_add(&rp_n_answers, 1);
		atomic_fetch_add(&rp_followed, 1); /* no short way past us */
	} else {
		atomic_fetch_sub(&rp_followed, 1);
		atomic_fetch_sub(&rp_n_answers, 1);
	}
}

static void end(struct rp_heads *h)
{
	h->insert.state = RP_INSERT_OVER;
	h->untold = 0;
	hold(h, false);
	atomic_store(&h->conn, NULL);
}

/* Routes are the operator's wish: the client did not ask. */
void rp_heads_want(struct rp_conn *c, const struct rp_request *r, const struct rp_head *head)
{
	struct rp_heads *h = &all[r - rp_requests];
	bool http = head->wire == RP_WIRE_HTTP && !head->asked && !head->is_connect;

	if (rp_settings.headers_off || !http || r->trigger == RP_TRIGGER_ROUTE || h->held)
		return;
	atomic_store(&ever, true);
	h->serial = atomic_load(&r->serial);
	h->untold = 0;
	h->insert = (struct rp_insert){.state = RP_INSERT_WANT, .lines = h->lines};
	atomic_store(&h->busy, 0);
	atomic_store(&h->conn, c);
	atomic_fetch_or(&c->marks, RP_MARK_HEADERS);
}

static bool any_of(struct rp_conn *c)
{
	for (unsigned i = 0; i < RP_MAX_REQUESTS; i++)
		if (atomic_load_explicit(&all[i].conn, memory_order_relaxed) == c &&
		    is_wanted(&all[i]))
			return true;
	return false;
}

/* The reader may want some at the same moment: looked at again after the mark is gone. */
static void unmark(struct rp_conn *c)
{
	if (any_of(c))
		return;
	atomic_fetch_and(&c->marks, (uint8_t)~RP_MARK_HEADERS);
	if (any_of(c))
		atomic_fetch_or(&c->marks, RP_MARK_HEADERS);
}

static struct rp_heads *find(struct rp_conn *c)
{
	struct rp_run *run = rp_pending_front(&c->pending);

	for (unsigned i = 0; i < RP_MAX_REQUESTS; i++)
		if (atomic_load_explicit(&all[i].conn, memory_order_relaxed) == c && all[i].held)
			return &all[i];
	if (!run || !run->serial || run->request >= RP_MAX_REQUESTS)
		return NULL;
	struct rp_heads *h = &all[run->request];

	return atomic_load(&h->conn) == c && h->serial == run->serial && is_wanted(h) ? h : NULL;
}

struct rp_heads *rp_heads_take(struct rp_conn *c)
{
	struct rp_heads *h = find(c);

	if (!h) {
		unmark(c);
		return NULL;
	}
	return atomic_exchange(&h->busy, 1) ? NULL : h;
}

void rp_heads_let(struct rp_conn *c, struct rp_heads *h)
{
	bool owes = h->insert.state == RP_INSERT_PART || h->untold;

	hold(h, owes);
	if (h->insert.state == RP_INSERT_OVER && !owes) {
		end(h);
		unmark(c);
	}
	atomic_store(&h->busy, 0);
}

void rp_heads_said(struct rp_conn *c, uint32_t number, uint32_t serial, const char *bytes, size_t n)
{
	struct rp_heads *h = number < RP_MAX_REQUESTS ? &all[number] : NULL;

	if (h && atomic_load_explicit(&h->conn, memory_order_relaxed) == c && h->serial == serial)
		rp_insert_said(&h->insert, bytes, n);
}

void rp_heads_over(struct rp_conn *c)
{
	for (unsigned i = 0; i < RP_MAX_REQUESTS; i++)
		if (atomic_load_explicit(&all[i].conn, memory_order_relaxed) == c)
			end(&all[i]);
}

void rp_heads_forked(void)
{
	for (unsigned i = 0; i < RP_MAX_REQUESTS && atomic_load(&ever); i++) {
		if (!atomic_load_explicit(&all[i].conn, memory_order_relaxed))
			continue;
		all[i].held = false; /* whoever counts it has forgotten it, too */
		end(&all[i]);
	}
}

/* ---- what stands in them --------------------------------------------------------------------- */

enum { US_NS = 1000, MS_US = 1000, FLOOR_NS = 10000, ENTRY_BYTES = 40 };

static const char *const kinds[] = {
#define WAIT(name, text) #name,
#include "store/waits.def"
};

/* "; dur=12.034" in milliseconds. */
static void add_duration(struct rp_line *l, uint64_t ns)
{
	uint64_t us = ns / US_NS, part = us % MS_US;

	rp_line_text(l, ";dur=");
	rp_line_number(l, us / MS_US, 10);
	rp_line_byte(l, '.');
	for (uint64_t digit = MS_US / 10; digit; digit /= 10)
		rp_line_byte(l, (char)('0' + part / digit % 10));
}

/* "wait-recv;dur=1.250": its name in lower case. */
static void add_wait(struct rp_line *l, unsigned kind, uint64_t ns)
{
	rp_line_text(l, ", wait-");
	for (const char *at = kinds[kind]; *at; at++)
		rp_line_byte(l, (char)(*at == '_' ? '-' : *at | 0x20));
	add_duration(l, ns);
}

/* The longest first, as many as there is room for. */
static void add_waits(struct rp_line *l, const struct rp_sofar *sofar)
{
	bool told[RP_N_WAIT_KINDS] = {false};

	while (l->n + ENTRY_BYTES < l->cap) {
		uint64_t most = FLOOR_NS;
		unsigned longest = RP_N_WAIT_KINDS;

		for (unsigned i = 0; i < RP_N_WAIT_KINDS; i++) {
			if (told[i] || sofar->waits_ns[i] < most)
				continue;
			most = sofar->waits_ns[i];
			longest = i;
		}
		if (longest == RP_N_WAIT_KINDS)
			return;
		told[longest] = true;
		add_wait(l, longest, most);
	}
}

void rp_heads_compose(struct rp_heads *h)
{
	struct rp_line l = {h->lines, 0, sizeof(h->lines)};
	struct rp_request *r = request_of(h);
	struct rp_sofar sofar;
	char id[RP_ID_MAX];

	rp_sofar_read(&sofar, (uint32_t)(r - rp_requests), h->serial);
	rp_line_text(&l, "X-Reqprof-Id: ");
	rp_line_bytes(&l, id, rp_catalog_id(id, (uint32_t)rp_sys(SYS_getpid, 0), r->seq));
	rp_line_text(&l, "\r\nServer-Timing: ttfb");
	add_duration(&l, rp_mono_ns() - atomic_load(&r->course.first_byte_ns));
	rp_line_text(&l, ", cpu");
	add_duration(&l, sofar.cpu_ns);
	l.cap -=
	        2 * RP_EMPTY_LINE; /* room for the ends of this line and, inside TLS, of the head */
	add_waits(&l, &sofar);
	l.cap += 2 * RP_EMPTY_LINE;
	rp_line_text(&l, "\r\n");
	h->insert.n = (uint16_t)l.n;
	h->insert.sent = 0;
}
