/* guard.h - symbolize.h by a process of its own: a module that makes the reader crash, loop or eat
 * memory costs that module its names, and no other.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_GUARD_H
#define RP_SYMBOLIZE_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "symbolize/symbolize.h"

struct rp_guard_limits {
	uint64_t memory_bytes; /* of the reader, beside what it maps from files */
	uint64_t cpu_ns;       /* for a question; more for large files and many addresses */
	/* Called there before a module is read, with its path; NULL.  A test's way to be a module
	 * that the reader cannot stand. */
	void (*before_read)(const char *path, bool plain);
};

/* What rp_sym_make does, with other limits. */
struct rp_symbolizer *rp_guard_make(const struct rp_guard_limits *limits);

/* How many processes were started so far. */
unsigned rp_guard_starts(const struct rp_symbolizer *s);

#endif
