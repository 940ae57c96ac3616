/* gate.h - may this head be recorded?  One function for every spelling of the trigger.
 *
 * Room: hot.  A refused trigger leaves no trace for the client; every refusal is counted.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_GATE_H
#define RP_HOT_GATE_H

#include <stdint.h>
#include "preload/hot/request.h"

/* The request of HEAD, which arrived on FD, made LIVE; NULL: not flagged, refused or over a
 * bound.  FIRST_NS 0: the head came whole, just now. */
struct rp_request *rp_gate_admit(int fd, const struct rp_head *head, uint64_t first_ns,
                                 uint64_t accepted_ns);

/* One more by the bucket FULL_AT_NS, filled by REQPROF_RATE and REQPROF_BURST?  Else DROP counts.
 */
bool rp_gate_within(_Atomic uint64_t *full_at_ns, uint64_t now_ns, enum rp_drop drop);

/* Set by cold/boot.c: makes sure our thread runs.  False: it cannot be started. */
extern bool (*rp_gate_start)(void);

#endif
