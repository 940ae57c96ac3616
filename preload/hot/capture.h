/* capture.h - a stack into a track: walked when the tables are ready, copied when they are not.
 *
 * Room: hot.  SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_CAPTURE_H
#define RP_HOT_CAPTURE_H

#include <stdbool.h>
#include "preload/hot/self.h"
#include "preload/hot/stack.h"

/* Whose scratch memory: a tick may interrupt a synchronous capture on the same thread. */
enum rp_capture_by { RP_CAPTURE_SYNC, RP_CAPTURE_TICK };

/* Pushes HEAD and the stack that begins at REGS.  False: no room in the track. */
bool rp_capture_push(struct rp_self *s, enum rp_note_kind kind, const void *head, size_t n_head,
                     const struct rp_regs *regs, enum rp_capture_by by);

/* The same into memory of the caller: up to CAP frames in PC.  No copy is made: STACK.n is 0 when
 * there are no tables now. */
void rp_capture_into(struct rp_self *s, const struct rp_regs *regs, struct rp_note_stack *stack,
                     uint64_t *pc, uint32_t cap);

/* Learns how far the calling thread's stack can be read (a few probes, once a thread). */
void rp_capture_bounds(struct rp_self *s);

#endif
