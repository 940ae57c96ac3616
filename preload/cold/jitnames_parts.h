/* jitnames_parts.h - the search for names of code in no module, shared by its three sources.
 *
 * Room: cold, private to jitnames.c, mappings.c, perfmap.c and jitdump.c.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_JITNAMES_PARTS_H
#define RP_COLD_JITNAMES_PARTS_H

#include <stdbool.h>
#include "preload/limits.h"
#include "store/writer.h"

struct rp_jitnames {
	const uint64_t *addr; /* ascending, each once */
	uint32_t n, n_unnamed;
	struct rp_writer *writer;
	uint32_t n_code; /* records written */
	uint64_t until_ns;
	bool cut;                      /* something was not looked at */
	bool full;                     /* no more records */
	uint8_t named[RP_MAX_FOUND];   /* by addr */
	uint8_t strange[RP_MAX_FOUND]; /* by addr: no module then, though perhaps one now */
};

/* The first address of J in [BEGIN, BEGIN + SIZE); J->n when there is none. */
uint32_t rp_jitnames_first(const struct rp_jitnames *j, uint64_t begin, uint64_t size);

/* Is there any that is not strange? */
bool rp_jitnames_knows(const struct rp_jitnames *j, uint64_t begin, uint64_t size);

/* Whether there is still time, which is looked at once a window. */
bool rp_jitnames_may_go_on(struct rp_jitnames *j);

/* Writes CODE; its addresses are named from now on.  false: no more room (j->full). */
bool rp_jitnames_code(struct rp_jitnames *j, const struct rp_rec_code *code);

/* Opens PATH to be read when it is a regular file of this user or root, never through a link and
 * never waiting; *SIZE is its length.  A descriptor or -1. */
int rp_jitnames_open(const char *path, uint64_t *size);

/* Reads /proc/self/maps from FD: MAPPING records for what holds addresses of J, and the path of
 * this process's jitdump (PID) into DUMP (CAP bytes), "" when none is mapped. */
void rp_mappings_read(struct rp_jitnames *j, int fd, uint32_t pid, char *dump, size_t cap);

/* Reads a perf map of SIZE bytes from FD, the last line first. */
void rp_perfmap_read(struct rp_jitnames *j, int fd, uint64_t size);

/* Reads a jitdump of SIZE bytes from FD; NOW_NS is the monotonic time. */
void rp_jitdump_read(struct rp_jitnames *j, int fd, uint64_t size, uint64_t now_ns);

#endif
