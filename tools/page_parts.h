/* page_parts.h - what the writers of a page's data share: its stream, its nodes, its texts.
 *
 * Room: tools, private to page*.c.
 *
 * The JSON of the page, which tools/viewer/model.js reads.  All times are nanoseconds, those of
 * moments count from the first byte of their session; paths, kinds of waits and ways of hand-offs
 * are indexes into `texts`.
 *   version, tool, n_before   n_before > 0: a diff of the first sessions against the others
 *   sessions    as `reqprof export -f json` has them, but began_wall_ns as text; with first_ns (the
 *               first byte on the clock of the machine, as text), client, shorts, n_segments,
 *               n_without_tick
 *   threads     pid, tid, name
 *   functions   columns name, file, module, line, kind (0 own, 1 library, 2 pseudo),
 *               wait (0, or the kind of wait that it stands for)
 *   nodes       the tree of stacks, callers first: columns up (how far back the caller stands; 0: a
 *               root) and frame; of the frames columns function and line (that runs, or calls)
 *   lanes       the points of a thread of a session in the order of time: columns node (where the
 *               stack ends), at (since the point before), wall (less the interval of the session),
 *               cpu; kinds: a letter each for tick, edge, wait, i for the CPU time inside a wait
 *   summed      the points were too many: lanes hold sums by stack, with a column count, and there
 *               is one for all sessions (of a side) that a thread worked for
 *   stretches   [session, thread, begin, end, cpu]: the thread worked for the request
 *   waits       [session, thread, at, span, cpu, kind, object, node], of locks whose holder was
 *               asked for with [words, node where it let go or -1, tid, request]
 *   handoffs    [session, thread that went on, tid of the one it came from, by, given, taken]
 *   sources     file, changed (after the recording), from and lines: runs of lines
 *   modules     path, build_id, symbols, symbol_file
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_PAGE_PARTS_H
#define RP_PAGE_PARTS_H

#include <stdio.h>
#include "tools/page.h"
#include "tools/page_nodes.h"

struct rp_page_parts {
	FILE *out;
	const struct rp_profile *p;
	const struct rp_page_how *how;
	struct rp_page_nodes nodes;
	const char **texts; /* paths and kinds, each once; 0 is "" */
	size_t n_texts;
	struct rp_index text_index;
	const uint32_t *wait_of; /* per function: the text of what kind of wait it stands for */
};

/* The number of TEXT (borrowed; NULL: ""). */
uint32_t rp_page_text(struct rp_page_parts *parts, const char *text);

/* "KEY": - after a comma unless it is the FIRST of its object. */
void rp_page_key(struct rp_page_parts *parts, const char *key, bool first);

/* A column of numbers: begin, put each, end. */
void rp_page_column(struct rp_page_parts *parts, const char *key, bool first);
void rp_page_number(struct rp_page_parts *parts, size_t which, int64_t value);
void rp_page_column_end(struct rp_page_parts *parts);

/* Of page_lanes.c: the columns with a time in them. */
void rp_page_lanes(struct rp_page_parts *parts);
void rp_page_stretches(struct rp_page_parts *parts);
void rp_page_waits(struct rp_page_parts *parts);
void rp_page_handoffs(struct rp_page_parts *parts);

/* Of page_source.c: "sources", the lines around those that have time, where they can be read. */
void rp_page_sources(struct rp_page_parts *parts);

#endif
