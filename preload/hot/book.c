/* book.c - see book.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/book.h"

#include <string.h>
#include "preload/hot/capture.h"
#include "preload/real.h"
#include "preload/settings.h"

/* The first notes are in the book itself; those of a request that has many in an annex. */
union page {
	struct rp_book book;
	char bytes[RP_BOOK_BYTES];
};

struct annex {
	_Atomic uint32_t used;
	uint32_t reserved;
	char bytes[RP_ANNEX_BYTES - 8];
};

enum {
	BOOK_FIRST = (sizeof(struct rp_book) + 7) & ~7u,
	NOTE = sizeof(struct rp_book_note),
	STACK = sizeof(struct rp_book_stack),
};

static union page pages[RP_MAX_FLIGHTS] __attribute__((aligned(64)));
static struct annex annexes[RP_MAX_ANNEXES] __attribute__((aligned(64)));
static _Atomic uint64_t annexes_taken;

_Static_assert(RP_MAX_ANNEXES == 64, "one word");

static union page *page_of(uint32_t number)
{
	return &pages[number - RP_REQUEST_FLIGHTS];
}

struct rp_book *rp_book_of(uint32_t number)
{
	return &page_of(number)->book;
}

static struct annex *annex_of(const struct rp_book *b)
{
	uint32_t annex = atomic_load_explicit(&b->annex, memory_order_acquire);

	return annex ? &annexes[annex - 1] : NULL;
}

static void keep_whole(struct rp_book *b, struct rp_span target, struct rp_span whole)
{
	b->n_head = (uint16_t)whole.n;
	b->target_at = (uint16_t)(target.at - whole.at);
	b->n_target = (uint16_t)target.n;
	memcpy(b->text, whole.at, whole.n);
}

static void keep_parts(struct rp_book *b, const struct rp_head *head)
{
	size_t n = head->target.n;

	rp_text_keep(&b->host, head->host);
	rp_text_keep(&b->protocol, head->protocol);
	rp_text_keep(&b->traceparent, head->traceparent);
	b->n_head = b->target_at = 0;
	b->n_target = (uint16_t)(n < sizeof(b->text) ? n : sizeof(b->text));
	memcpy(b->text, head->target.at, b->n_target);
}

void rp_book_open(uint32_t number, const struct rp_head *head, struct rp_span whole)
{
	struct rp_book *b = rp_book_of(number);

	atomic_store_explicit(&b->used, BOOK_FIRST, memory_order_relaxed);
	atomic_store_explicit(&b->annex, 0, memory_order_relaxed);
	atomic_store_explicit(&b->lost_samples, 0, memory_order_relaxed);
	atomic_store_explicit(&b->lost_waits, 0, memory_order_relaxed);
	atomic_store_explicit(&b->upstreams, 0, memory_order_relaxed);
	b->client = head->peer;
	b->n_peer = b->n_local = 0;
	if (whole.n)
		keep_whole(b, head->target, whole);
	else
		keep_parts(b, head);
}

bool rp_book_is_quiet(uint32_t number)
{
	return !atomic_load(&rp_book_of(number)->pushing);
}

void rp_book_close(uint32_t number)
{
	struct rp_book *b = rp_book_of(number);
	uint32_t annex = atomic_load_explicit(&b->annex, memory_order_relaxed);

	if (rp_likely(!annex))
		return;
	atomic_store_explicit(&b->annex, 0, memory_order_relaxed);
	atomic_fetch_and(&annexes_taken, ~(1ull << (annex - 1)));
}

void rp_book_forked(uint32_t number)
{
	atomic_store(&rp_book_of(number)->pushing, 0);
	rp_book_close(number);
}

/* Of two threads that want one at once the second gives its own back. */
static struct annex *make_annex(struct rp_book *b)
{
	uint64_t taken = atomic_load(&annexes_taken);
	uint32_t none = 0, i;

	do {
		if (!~taken)
			return annex_of(b);
		i = (uint32_t)__builtin_ctzll(~taken);
	} while (!atomic_compare_exchange_weak(&annexes_taken, &taken, taken | 1ull << i));
	atomic_store_explicit(&annexes[i].used, 0, memory_order_relaxed);
	if (!atomic_compare_exchange_strong(&b->annex, &none, i + 1))
		atomic_fetch_and(&annexes_taken, ~(1ull << i));
	return annex_of(b);
}

/* A place for a note, and whence it was taken. */
struct place {
	char *at;
	_Atomic uint32_t *used;
	uint32_t end; /* of it, in USED */
};

static bool take(struct place *p, char *bytes, _Atomic uint32_t *used, uint32_t cap, uint32_t n)
{
	uint32_t at = atomic_load_explicit(used, memory_order_relaxed);

	do {
		if (at + n > cap)
			return false;
	} while (!atomic_compare_exchange_weak(used, &at, at + n));
	*p = (struct place){bytes + at, used, at + n};
	return true;
}

static bool reserve(struct place *p, union page *page, uint32_t n)
{
	struct annex *a = annex_of(&page->book);

	if (!a && take(p, page->bytes, &page->book.used, sizeof(page->bytes), n))
		return true;
	if (!a)
		a = make_annex(&page->book);
	return a && take(p, a->bytes, &a->used, sizeof(a->bytes), n);
}

/* What was not needed goes back, unless somebody was given what comes behind it. */
static uint32_t shrink(const struct place *p, uint32_t from, uint32_t to)
{
	uint32_t end = p->end;

	return atomic_compare_exchange_strong(p->used, &end, p->end - (from - to)) ? to : from;
}

static void walk(char *at, const struct rp_regs *regs, uint32_t cap)
{
	struct rp_book_stack *stack = (void *)at;
	struct rp_note_stack found;

	rp_capture_into(&rp_self, regs, &found, (uint64_t *)(void *)(at + STACK), cap);
	*stack = (struct rp_book_stack){found.n, found.stop, found.generation, 0};
}

static bool note(struct rp_book_for whose, union page *page, enum rp_note_kind kind,
                 const void *head, size_t n_head, const void *tail, size_t n_tail,
                 const struct rp_regs *regs)
{
	uint32_t cap = rp_settings.max_frames < RP_INTO_FRAMES ? (uint32_t)rp_settings.max_frames
	                                                       : RP_INTO_FRAMES;
	uint32_t bytes = (uint32_t)(NOTE + n_head + n_tail), most = bytes;
	struct place p;

	if (regs)
		most += STACK + cap * 8;
	if (!reserve(&p, page, most))
		return false;
	struct rp_book_note *n = (void *)p.at;

	memcpy(p.at + NOTE, head, n_head);
	if (n_tail)
		memcpy(p.at + NOTE + n_head, tail, n_tail);
	if (regs) {
		walk(p.at + bytes, regs, cap);
		bytes += STACK + ((struct rp_book_stack *)(void *)(p.at + bytes))->n * 8;
	}
	*n = (struct rp_book_note){shrink(&p, most, bytes), kind, whose.serial, whose.tid};
	return true;
}

/* May something be noted?  Asked after it was said that somebody is about it. */
static bool is_open(struct rp_book_for whose)
{
	struct rp_flight *f = rp_flight_at(whose.number);
	uint64_t hold = atomic_load(&f->hold);

	return hold >> 32 == whose.serial && (uint32_t)hold >= RP_FLIGHT_LIVE &&
	       (uint32_t)hold <= RP_FLIGHT_KEPT && !(atomic_load(&f->flags) & RP_FLIGHT_TOLD);
}

bool rp_book_note(struct rp_book_for whose, enum rp_note_kind kind, const void *head, size_t n_head,
                  const void *tail, size_t n_tail, const struct rp_regs *regs)
{
	union page *page = page_of(whose.number);

	if (!rp_flight_keeps)
		return false;
	atomic_fetch_add(&page->book.pushing, 1);
	bool noted = is_open(whose) && note(whose, page, kind, head, n_head, tail, n_tail, regs);

	atomic_fetch_sub(&page->book.pushing, 1);
	return noted;
}

const struct rp_book_note *rp_book_next(uint32_t number, uint32_t serial,
                                        const struct rp_book_note *n)
{
	union page *page = page_of(number);
	struct annex *a = annex_of(&page->book);
	const char *at = n ? (const char *)n + n->bytes : page->bytes + BOOK_FIRST;
	bool in_page = at >= page->bytes && at <= page->bytes + sizeof(*page);

	for (;;) {
		const char *end = in_page ? page->bytes + atomic_load(&page->book.used)
		                          : a->bytes + atomic_load(&a->used);

		if (at < end) {
			n = (const void *)at;
			if (n->serial == serial)
				return n;
			at += n->bytes;
		} else if (in_page && a) {
			in_page = false;
			at = a->bytes;
		} else {
			return NULL;
		}
	}
}

unsigned rp_book_fullness(uint32_t number)
{
	struct annex *a = annex_of(rp_book_of(number));

	return a ? (unsigned)((uint64_t)atomic_load(&a->used) * 256 / sizeof(a->bytes)) : 0;
}
