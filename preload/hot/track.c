/* track.c - see track.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/track.h"

#include <string.h>
#include <linux/futex.h>
#include "preload/hot/drops.h"
#include "preload/hot/sys.h"
#include "preload/place.h"

struct rp_track rp_tracks[RP_MAX_TRACKS];
_Atomic uint32_t rp_tracks_used;

static void use(uint32_t n)
{
	uint32_t used = atomic_load_explicit(&rp_tracks_used, memory_order_relaxed);

	while (used < n && !atomic_compare_exchange_strong(&rp_tracks_used, &used, n))
		;
}

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
		use(i + 1);
		atomic_store_explicit(&t->wait_at_ns, 0, memory_order_relaxed);
		/* From the start of the ring: what a small request needs stays a few pages. */
		atomic_store_explicit(&t->head, 0, memory_order_relaxed);
		atomic_store_explicit(&t->tail, 0, memory_order_relaxed);
		/* A push that the host left by longjmp never ended. */
		atomic_store(&t->claimed, atomic_load(&t->head));
		atomic_store(&t->depth, 0);
		atomic_store(&t->hold, ((atomic_load(&t->hold) >> 2) + 1) << 2);
		t->serial = serial;
		t->tid = tid;
		t->begin_ns = now_ns;
		__atomic_store_n(&t->request, request + 1, __ATOMIC_RELEASE);
		if (i >=
		    RP_MAX_TRACKS / 2) /* a loop has short segments: the drain must not sleep on */
			rp_track_wake();
		return t;
	}
	return NULL;
}

void rp_track_park(struct rp_track *t, uint32_t gen)
{
	uint32_t held = gen << 2 | RP_TRACK_HELD;

	atomic_compare_exchange_strong(&t->hold, &held, gen << 2 | RP_TRACK_PARKED);
}

bool rp_track_unpark(struct rp_track *t, uint32_t gen)
{
	uint32_t parked = gen << 2 | RP_TRACK_PARKED;

	return atomic_compare_exchange_strong(&t->hold, &parked, gen << 2 | RP_TRACK_HELD) ||
	       parked == (gen << 2 | RP_TRACK_HELD);
}

bool rp_track_take_parked(struct rp_track *t)
{
	uint32_t hold = atomic_load(&t->hold);

	return (hold & 3) == RP_TRACK_PARKED &&
	       atomic_compare_exchange_strong(&t->hold, &hold, (hold & ~3u) | RP_TRACK_TAKEN);
}

RP_EARLY void rp_track_forked(void)
{
	for (unsigned i = 0; i < atomic_load(&rp_tracks_used); i++) {
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

/* Kept free for the END note, which may meet the end of the ring: the numbers of a segment matter
 * more than its last sample. */
enum { END_BYTES = 2 * (sizeof(struct rp_note) + sizeof(struct rp_note_end)) };

/* Room for BYTES, the caller's alone; NULL: none.  A handler may take some in between. */
static char *reserve(struct rp_track *t, uint64_t bytes, uint64_t spare)
{
	uint64_t claimed = atomic_load_explicit(&t->claimed, memory_order_relaxed), at, pad;

	do {
		uint64_t tail = atomic_load_explicit(&t->tail, memory_order_acquire);

		at = claimed % RP_TRACK_BYTES;
		pad = at + bytes > RP_TRACK_BYTES ? RP_TRACK_BYTES - at : 0;
		if (claimed + pad + bytes + spare - tail > RP_TRACK_BYTES)
			return NULL;
	} while (!atomic_compare_exchange_strong(&t->claimed, &claimed, claimed + pad + bytes));
	if (pad) {
		struct rp_note skip = {(uint32_t)pad, RP_NOTE_SKIP};

		memcpy(t->ring + at, &skip, sizeof(skip));
	}
	return t->ring + (at + pad) % RP_TRACK_BYTES;
}

/* By the outermost push: whatever was claimed is filled, since handlers end before what they
 * interrupt.  DEPTH stays up while head is stored: a handler that published a newer head in
 * between would see it go back. */
static void publish(struct rp_track *t)
{
	do {
		atomic_store(&t->depth, 1);
		atomic_store_explicit(&t->head, atomic_load(&t->claimed), memory_order_release);
		atomic_store(&t->depth, 0);
	} while (atomic_load(&t->head) != atomic_load(&t->claimed));
}

bool rp_track_push(struct rp_track *t, enum rp_note_kind kind, const void *a, size_t n_a,
                   const void *b, size_t n_b, const void *c, size_t n_c)
{
	uint64_t bytes = (sizeof(struct rp_note) + n_a + n_b + n_c + 7) & ~7ull;
	uint32_t depth = atomic_fetch_add(&t->depth, 1);
	char *at = reserve(t, bytes, kind == RP_NOTE_END ? 0 : END_BYTES);

	if (at)
		fill(at, (uint32_t)bytes, kind, a, n_a, b, n_b, c, n_c);
	if (depth)
		atomic_store(&t->depth, depth);
	else
		publish(t);
	return at;
}

bool rp_track_is_roomy(const struct rp_track *t)
{
	return atomic_load_explicit(&t->claimed, memory_order_relaxed) -
	               atomic_load_explicit(&t->tail, memory_order_relaxed) <
	       RP_TRACK_BYTES / 2;
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

_Atomic uint32_t rp_track_bell, rp_track_wakes;

void rp_track_wake(void)
{
	atomic_fetch_add(&rp_track_wakes, 1);
	rp_track_glimpse();
}

void rp_track_glimpse(void)
{
	atomic_fetch_add(&rp_track_bell, 1);
	rp_sys(SYS_futex, &rp_track_bell, FUTEX_WAKE_PRIVATE, 1);
}
