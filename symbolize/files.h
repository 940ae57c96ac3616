/* files.h - the source files that a line table names.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_FILES_H
#define RP_SYMBOLIZE_FILES_H

#include "symbolize/pool.h"
#include "symbolize/units.h"

struct rp_file {
	const char *name;
	uint64_t dir;
	const char *path; /* filled at first use */
};

/* Entry 0 is there in every version. */
struct rp_files {
	const char *comp_dir; /* or NULL */
	struct rp_file *file;
	size_t n, cap;
	const char **dir;
	size_t n_dirs, dirs_cap;
};

/* Reads the tables off BYTES, which stand in a line table of VERSION, for UNIT. */
void rp_files_read(struct rp_files *files, struct rp_unit *unit, struct rp_bytes *bytes,
                   struct rp_widths widths);

/* The whole path of file INDEX, from POOL; NULL when there is no such file.  Equal indexes give
 * the same pointer. */
const char *rp_files_path(struct rp_files *files, uint64_t index, struct rp_pool *pool);

void rp_files_free(struct rp_files *files);

#endif
