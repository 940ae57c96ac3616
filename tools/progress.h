/* progress.h - a bar on stderr for work that takes longer than people expect; gone when it is done.
 *
 * Room: tools.  A thread of its own draws it, since the work may be deep in a library; only on a
 * terminal, and only after 0.3 s.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_PROGRESS_H
#define RP_PROGRESS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct rp_progress {
	const char *label;
	size_t total;
	_Atomic size_t done;      /* written by the worker, read by the drawer */
	const char *_Atomic what; /* the same; lives until the end */
	bool runs, over, drawn;   /* over: under the lock */
	unsigned columns;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t bell;
};

/* Begins to watch work of TOTAL steps, called LABEL ("reading symbols"); end it by
 * rp_progress_end. */
void rp_progress_begin(struct rp_progress *progress, const char *label, size_t total);

/* DONE steps are done, and now it is WHAT's turn. */
void rp_progress_at(struct rp_progress *progress, size_t done, const char *what);

/* Erases the bar. */
void rp_progress_end(struct rp_progress *progress);

#endif
