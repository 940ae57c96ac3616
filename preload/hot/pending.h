/* pending.h - the requests of a connection that wait for their response, oldest first.
 *
 * Room: hot.  The reading side pushes, the writing side pops; alike neighbours share a run, so a
 * pipeline of a thousand plain GETs takes one.  A run is left by the popper only when a newer one
 * exists: the pusher may still extend the newest.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_PENDING_H
#define RP_HOT_PENDING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "preload/limits.h"

struct rp_run {
	uint32_t serial;  /* of the followed request, 0: plain */
	uint16_t request; /* its number (request.h) */
	uint8_t asked;    /* RP_ASKED_* */
	uint8_t reserved;
	_Atomic uint16_t total; /* written by the pusher */
	_Atomic uint16_t done;  /* written by the popper */
};

struct rp_pending {
	_Atomic uint8_t first, end; /* runs in use: [first, end), modulo 256 */
	struct rp_run runs[RP_MAX_PENDING];
};

/* False: no room. */
bool rp_pending_push(struct rp_pending *p, uint8_t asked, uint16_t request, uint32_t serial);
/* Room is scarce: only what must have a run of its own shall take one. */
bool rp_pending_is_crowded(struct rp_pending *p);
/* The oldest unanswered, NULL: none.  Changes nothing: any thread may look, and may see it late. */
struct rp_run *rp_pending_front(struct rp_pending *p);
void rp_pending_pop(struct rp_pending *p);

#endif
