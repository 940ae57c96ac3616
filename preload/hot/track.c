/* track.c - see track.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/track.h"

#include <string.h>
#include <linux/futex.h>
#include "preload/hot/drops.h"
#include "preload/hot/sys.h"

struct rp_track rp_tracks[RP_MAX_TRACKS];
static _Atomic uint32_t n_claims;

struct rp_track *rp_track_claim(uint32_t request, uint32_t serial, uint32_t tid, uint64_t now_ns)
{
	for (unsigned i = 0; i < RP_MAX_TRACKS; i++) {
		struct rp_track *t = &rp_tracks[i];
		uint32_t state = RP_TRACK_FREE;

		/* The fields are the claimer's from here on: the drain looks at OPEN tracks only
		 * after "request" is told, and it is told last. */
		if (atomic_load_explicit(&t->state, memory_order_relaxed) != RP_TRACK_FREE ||
		    !atomic_compare_exchange_strong(&t->state, &state, RP_TRACK_OPEN))
			continue;
		atomic_fetch_add_explicit(&n_claims, 1, memory_order_relaxed);
		atomic_store(&t->lost_full, 0);
		atomic_store(&t->lost_samples, 0);
		t->serial = serial;
		t->tid = tid;
		t->begin_ns = now_ns;
		__atomic_store_n(&t->request, request + 1, __ATOMIC_RELEASE);
		return t;
	}
	rp_drop(RP_DROP_no_track);
	return NULL;
}

void rp_track_forked(void)
{
	if (!atomic_load(&n_claims))
		return;
	for (unsigned i = 0; i < RP_MAX_TRACKS; i++) {
		struct rp_track *t = &rp_tracks[i];

		if (atomic_load(&t->state) == RP_TRACK_FREE)
			continue;
		t->request = 0;
		atomic_store(&t->tail, atomic_load(&t->head));
		atomic_store(&t->state, RP_TRACK_FREE);
	}
}

static void fill(char *at, uint32_t bytes, enum rp_note_kind kind, const void *a, size_t n_a,
                 const void *b, size_t n_b, const void *c, size_t n_c)
{
	struct rp_note note = {bytes, kind};

	memcpy(at, &note, sizeof(note));
	at += sizeof(note);
	memcpy(at, a, n_a);
	if (n_b)
		memcpy(at + n_a, b, n_b);
	if (n_c)
		memcpy(at + n_a + n_b, c, n_c);
}

/* Signal-safe by starting over: everything is written beyond head, where nobody looks, and head
 * moves by one compare-and-swap.  A handler that pushed in between moved head; then our bytes
 * were in its way, and we write them again behind its own. */
bool rp_track_push(struct rp_track *t, enum rp_note_kind kind, const void *a, size_t n_a,
                   const void *b, size_t n_b, const void *c, size_t n_c)
{
	uint64_t bytes = (sizeof(struct rp_note) + n_a + n_b + n_c + 7) & ~7ull;

	for (;;) {
		uint64_t head = atomic_load_explicit(&t->head, memory_order_relaxed);
		uint64_t tail = atomic_load_explicit(&t->tail, memory_order_acquire);
		uint64_t at = head % RP_TRACK_BYTES, pad = 0;

		if (at + bytes > RP_TRACK_BYTES)
			pad = RP_TRACK_BYTES - at;
		if (head + pad + bytes - tail > RP_TRACK_BYTES)
			return false;
		if (pad) {
			struct rp_note skip = {(uint32_t)pad, RP_NOTE_SKIP};

			memcpy(t->ring + at, &skip, sizeof(skip));
		}
		fill(t->ring + (at + pad) % RP_TRACK_BYTES, (uint32_t)bytes, kind, a, n_a, b, n_b,
		     c, n_c);
		if (atomic_compare_exchange_strong_explicit(&t->head, &head, head + pad + bytes,
		                                            memory_order_release,
		                                            memory_order_relaxed))
			return true;
	}
}

const struct rp_note *rp_track_peek(struct rp_track *t)
{
	uint64_t tail = atomic_load_explicit(&t->tail, memory_order_relaxed);

	while (tail != atomic_load_explicit(&t->head, memory_order_acquire)) {
		const struct rp_note *note = (const void *)(t->ring + tail % RP_TRACK_BYTES);

		if (note->kind != RP_NOTE_SKIP)
			return note;
		tail += note->bytes;
		atomic_store_explicit(&t->tail, tail, memory_order_release);
	}
	return NULL;
}

void rp_track_take(struct rp_track *t, const struct rp_note *note)
{
	atomic_fetch_add_explicit(&t->tail, note->bytes, memory_order_release);
}

_Atomic uint32_t rp_track_bell;

void rp_track_wake(void)
{
	atomic_fetch_add(&rp_track_bell, 1);
	rp_sys(SYS_futex, &rp_track_bell, FUTEX_WAKE_PRIVATE, 1);
}
