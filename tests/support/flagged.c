/* flagged.c - see flagged.h.  SPDX-License-Identifier: MIT */
#include "tests/support/flagged.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "preload/cold/modules.h"
#include "preload/cold/settings.h"
#include "preload/hot/clock.h"
#include "preload/hot/conn.h"
#include "preload/hot/current.h"
#include "preload/hot/mask.h"
#include "preload/settings.h"

void flagged_ready(void)
{
	rp_settings_read();
	rp_conn_forked();
	rp_awake = true;
	if (!rp_mask_pick() || !rp_modules_refresh())
		abort();
}

static struct rp_span span(const char *text)
{
	return (struct rp_span){text, strlen(text)};
}

struct rp_request *flagged_open(uint64_t interval_ns)
{
	struct rp_head head = {.method = span("GET"),
	                       .target = span("/shop?profile=1&password=x"),
	                       .protocol = span("HTTP/1.1"),
	                       .host = span("localhost")};
	struct rp_trigger trigger = {.kind = RP_TRIGGER_QUERY, .tag = span("before")};
	struct rp_request *r = rp_request_claim(RP_MAX_REQUESTS);

	if (!r)
		abort();
	r->interval_ns = interval_ns;
	r->wall_ns = rp_wall_ns();
	r->n_peer = r->n_local = 0;
	atomic_store(&r->course.accepted_ns, RP_NEVER);
	rp_request_open(r, &head, &trigger, rp_mono_ns(), rp_mono_ns());
	return r;
}

static void add_sample(struct flagged_notes *notes, const struct rp_note *note)
{
	struct flagged_sample *s = &notes->samples[notes->n_samples % FLAGGED_MAX];
	const char *at = (const char *)(note + 1);

	memcpy(&s->head, at, sizeof(s->head));
	memcpy(&s->stack, at + sizeof(s->head), sizeof(s->stack));
	at += sizeof(s->head) + sizeof(s->stack);
	for (uint32_t i = 0; i < s->stack.n && i < FLAGGED_PCS; i++) {
		memcpy(&s->pc[i], at + i * sizeof(*s->pc), sizeof(*s->pc));
		s->pc[i] &= ~RP_PC_EXACT;
	}
	notes->n_samples++;
	notes->weight += s->head.weight;
	notes->cpu_ns += s->head.cpu_ns;
	notes->runq_ns += s->head.runq_ns;
}

static void add(struct flagged_notes *notes, const struct rp_note *note)
{
	struct rp_note_wait *wait = &notes->waits[notes->n_waits % FLAGGED_MAX];

	if (note->kind == RP_NOTE_SAMPLE) {
		add_sample(notes, note);
	} else if (note->kind == RP_NOTE_WAIT) {
		memcpy(wait, note + 1, sizeof(*wait));
		notes->n_waits++;
		notes->cpu_ns += wait->cpu_ns;
		notes->wait_ns += wait->span_ns;
	} else if (note->kind == RP_NOTE_END) {
		memcpy(&notes->end, note + 1, sizeof(notes->end));
		notes->n_ends++;
	} else {
		notes->n_unknown++;
	}
}

void flagged_close(struct rp_request *r, struct flagged_notes *notes)
{
	rp_current_leave();
	flagged_take(notes);
	rp_request_end(r, RP_END_COMPLETE, rp_mono_ns());
	rp_request_free(r);
}

void flagged_take(struct flagged_notes *notes)
{
	for (unsigned i = 0; i < RP_MAX_TRACKS; i++) {
		struct rp_track *t = &rp_tracks[i];
		uint32_t state = atomic_load(&t->state);

		for (const struct rp_note *note; (note = rp_track_peek(t)); rp_track_take(t, note))
			add(notes, note);
		if (state == RP_TRACK_CLOSED) {
			t->request = 0;
			atomic_store(&t->state, RP_TRACK_FREE);
		}
	}
}

unsigned flagged_tracks(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < RP_MAX_TRACKS; i++)
		n += atomic_load(&rp_tracks[i].state) != RP_TRACK_FREE;
	return n;
}

bool flagged_may_copy(void)
{
#if defined(__SANITIZE_ADDRESS__)
	const bool may = false;
#elif defined(__has_feature)
	const bool may = !__has_feature(address_sanitizer);
#else
	const bool may = true;
#endif
	if (!may)
		puts("SKIP: AddressSanitizer forbids to copy a stack");
	return may;
}

static _Thread_local volatile unsigned sink;

__attribute__((noinline, used, section(".text.burn"))) static void burn(void)
{
	for (unsigned i = 0; i < 20000; i++)
		sink += i;
}

bool flagged_is_burn(uint64_t pc)
{
	uint64_t at = (uint64_t)(uintptr_t)burn;

	return pc >= at && pc < at + 256;
}

void flagged_burn(unsigned ms)
{
	uint64_t until_ns = rp_mono_ns() + ms * 1000000ull;

	while (rp_mono_ns() < until_ns)
		burn();
}
