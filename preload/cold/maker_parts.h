/* maker_parts.h - what the parts of maker.c ask of each other.
 *
 * Room: cold.  maker_tool.c finds the tool, maker_process.c runs it, maker_small.c stands in for
 * it. SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_MAKER_PARTS_H
#define RP_COLD_MAKER_PARTS_H

#include <stdbool.h>
#include <stdint.h>
#include "preload/cold/maker.h"

/* The tool, open by its path alone (O_PATH): REQPROF_TOOL, else beside the shim, else where
 * `make install` puts it.  Never by PATH.  It must not be easier to change than the shim itself is;
 * -1: there is none, which is logged. */
int rp_maker_tool(void);

/* One run of it. */
struct rp_maker_run {
	const char *const *argv;
	int tool, out, said; /* what is run, its standard output, its standard error */
	bool bounded;        /* what it writes */
	uint64_t until_ns;
	/* What became of it, written by the processes that share our memory. */
	volatile long error; /* 0 or -errno: it could not be started */
	volatile bool late;
};

/* Runs it to its end, or kills it at UNTIL_NS. */
void rp_maker_process(struct rp_maker_run *run);

/* Has the tool write into JOB's descriptor; RP_MADE, or why it cannot. */
enum rp_made_how rp_maker_try(const struct rp_maker_job *job);

/* Of rp_maker_forked. */
void rp_maker_term_forked(void);

/* Puts a small page into JOB's memfd in place of what is there.  False: it cannot be written. */
bool rp_maker_small(const struct rp_maker_job *job, enum rp_made_how how);

#endif
