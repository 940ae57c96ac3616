/* times_segments.h - which segment holds a sample or a wait.
 *
 * Room: tools.  Part of times.h and account.h.  Pure.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_TIMES_SEGMENTS_H
#define RP_TIMES_SEGMENTS_H

#include <stddef.h>
#include <stdint.h>

struct rp_recording;

#define RP_SEGMENT_NONE SIZE_MAX

/* The segments of a recording by thread and begin; free() it. */
uint32_t *rp_segments_sort(const struct rp_recording *r);

/* The number of the segment of THREAD that holds AT_NS, or RP_SEGMENT_NONE.  EDGE: of the sample,
 * RP_EDGE_TICK for a wait: an edge may lie a moment outside of its segment, since the clock is
 * read twice. */
size_t rp_segments_find(const struct rp_recording *r, const uint32_t *sorted, uint32_t thread,
                        uint64_t at_ns, uint32_t edge);

#endif
