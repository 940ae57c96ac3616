/* inflight.h - the requests in flight, out of the tables that servers show (store/inflight.h).
 *
 * Room: tools.  A table is read while it is being written: what changes meanwhile is read again or
 * left out.  Tables of processes that are no more are removed, where that is allowed.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_INFLIGHT_H
#define RP_INFLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A request, and one of the threads that work for it; a request of which none does has one row. */
struct rp_inflight_row {
	uint32_t pid, serial, tid; /* tid 0: no thread works for it */
	char server[32];           /* name of the process */
	char method[24], path[140];
	uint64_t first_byte_ns; /* CLOCK_MONOTONIC */
	uint64_t bytes_in, bytes_out;
	uint32_t status;
	bool flagged;
	uint64_t since_ns; /* the thread waits since then; 0: it is in no call that is seen */
	uint32_t kind;     /* for what: enum rp_wait_kind */
	int fd;            /* -1: no descriptor */
	int asks;          /* descriptor on which it asked another server; -1: none */
	uint64_t at;       /* of a lock, a sleep, a process: by kind */
	char state;        /* of the thread, as /proc has it; 0: not known */
};

struct rp_inflight_list {
	struct rp_inflight_row *rows; /* the oldest first */
	size_t n, n_processes;        /* tables that were read */
	char **denied;                /* directories that may not be looked into */
	size_t n_denied;
};

/* Looks through all tables that this user may read; PIDS (N of them, 0: all): only of these. */
void rp_inflight_read(struct rp_inflight_list *list, const uint32_t *pids, size_t n);
void rp_inflight_free(struct rp_inflight_list *list);

/* "recv tcp 127.0.0.1:5432", "runs": what the row's thread does; into TEXT. */
void rp_inflight_doing(const struct rp_inflight_row *row, char *text, size_t cap);

#endif
