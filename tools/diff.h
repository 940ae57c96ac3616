/* diff.h - two sets of sessions compared: which functions and waits changed, and how sure that is.
 *
 * Room: tools.  Pure.  Both sets are one profile, the first N_BEFORE sessions of which are those
 * "before".  A function is the same in both when its name and the last part of its file (or module)
 * are: lines move and programs are built elsewhere.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_DIFF_H
#define RP_DIFF_H

#include "tools/change.h"
#include "tools/profile.h"

enum rp_verdict { RP_DIFF_SAME, RP_DIFF_SLOWER, RP_DIFF_FASTER };

/* AUTO: what a busy machine hardly changes: functions by CPU time, waits and the whole request by
 * wall time less the time in which no CPU was free for them. */
enum rp_diff_clock { RP_DIFF_AUTO, RP_DIFF_CPU, RP_DIFF_WALL };

struct rp_diff_how {
	enum rp_diff_clock clock;
	double level; /* how sure to be of all verdicts together: 0.99 */
	double least; /* a smaller change, as a share, is no change: 0.02 */
};

/* Nanoseconds a request. */
struct rp_diff_row {
	const char *name;  /* of a line of the account; NULL: this is a function */
	bool judged;       /* false: told only; a verdict would be the machine's */
	uint32_t function; /* of the profile, as it is after, if it is there then */
	bool cpu;          /* measured as CPU time, else as wall time */
	struct rp_change change;
	enum rp_verdict verdict;
};

enum { RP_DIFF_LINES = 4 };

struct rp_diff {
	struct rp_diff_how how;
	size_t n_before, n_after;
	struct rp_diff_row lines[RP_DIFF_LINES]; /* duration, the same less run delay, CPU, waits */
	struct rp_diff_row *rows;                /* functions: changed ones first, by how much */
	size_t n_rows, n_changed, n_judged;      /* judged: lines among them */
	size_t n_small;                          /* functions with too little time to be compared */
	bool too_few;    /* requests, to be sure of anything at that level */
	bool one_by_one; /* all of one set were recorded before all of the other */
};

void rp_diff_make(struct rp_diff *d, const struct rp_profile *p, size_t n_before,
                  const struct rp_diff_how *how);
void rp_diff_free(struct rp_diff *d);

/* After - before, as a share of before; HUGE_VAL where there was nothing. */
double rp_diff_share(const struct rp_change *c);

/* For each function of P the one that stands for its kin; free() it. */
uint32_t *rp_diff_kin(const struct rp_profile *p);

#endif
