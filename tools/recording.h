/* recording.h - one session file as arrays, before anything is known of symbols.
 *
 * Room: tools.  Slices live as long as the recording.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_RECORDING_H
#define RP_RECORDING_H

#include <stdbool.h>
#include "store/reader.h"
#include "store/records.h"
#include "store/why.h"

/* Arrays are in file order; stacks too, so parents stand before their children. */
struct rp_recording {
	struct rp_reader *reader;
	struct rp_session_head head;
	struct rp_rec_request request;
	struct rp_rec_response response;
	struct rp_rec_phases phases;
	struct rp_rec_thread *threads;
	struct rp_rec_segment *segments;
	struct rp_rec_module *modules;
	struct rp_rec_image *images;
	struct rp_rec_stack *stacks;
	struct rp_rec_sample *samples;
	struct rp_rec_object *objects;
	struct rp_rec_wait *waits;
	struct rp_rec_held *held;
	struct rp_rec_await *awaits;
	struct rp_rec_handoff *handoffs;
	struct rp_rec_link *links;
	struct rp_rec_short_waits *short_waits;
	struct rp_rec_stall *stalls;
	struct rp_rec_code *code;
	struct rp_rec_mapping *mappings;
	struct rp_rec_counter *counters, *drops;
	bool *unwatched; /* of each segment: its clocks were not read (its CPU is 0 here) */
	size_t n_threads, n_segments, n_modules, n_images, n_stacks, n_samples, n_objects, n_waits,
	        n_held, n_awaits, n_handoffs, n_links, n_short_waits, n_stalls, n_code, n_mappings,
	        n_counters, n_drops;
	bool complete;
	struct rp_why why; /* when it is not complete */
};

/* Reads PATH to the end of what can be trusted.  NULL with WHY when it is no session at all. */
struct rp_recording *rp_recording_open(const char *path, struct rp_why *why);
void rp_recording_close(struct rp_recording *r);

/* The records with a number of their own, by that number; NULL when there is none. */
const struct rp_rec_thread *rp_recording_thread(const struct rp_recording *r, uint32_t thread);
const struct rp_rec_object *rp_recording_object(const struct rp_recording *r, uint32_t object);

/* Who had the lock of WAITS[WAIT], or NULL; FROM (0 at first) remembers where to look next. */
const struct rp_rec_held *rp_recording_held(const struct rp_recording *r, size_t wait,
                                            size_t *from);

/* The position of the stack numbered NUMBER (they ascend); n_stacks when there is none. */
size_t rp_recording_stack(const struct rp_recording *r, uint32_t number);

#endif
