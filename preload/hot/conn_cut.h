/* conn_cut.h - reads of connections of many streams bring the frames of one at a time.
 *
 * Room: hot.  A loop that reads several requests at once serves one after the other, by no call
 * that tells which.  While a flagged stream is served, and for a moment afterwards (the next one
 * may come with others), a read ends where another stream's frames begin, as it would had they come
 * later; and where the host waits for an edge, the kernel is made to tell it of the rest.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_CONN_CUT_H
#define RP_HOT_CONN_CUT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include "preload/hot/conn.h"
#include "preload/hot/request.h"

/* For what an epoll set watches a connection, as far as one thread alone has said so. */
struct rp_watch {
	_Atomic uint64_t data;
	_Atomic uint32_t events;
	_Atomic uint32_t by;    /* that thread's mark; 0: none yet */
	_Atomic uint32_t again; /* so often we have said the same once more */
};

/* Before and after the host tells a set by epoll_ctl for what to watch FD; SINCE: what the first
 * one said. */
uint32_t rp_watch_changes(int fd, int op);
void rp_watch_changed(int epfd, int fd, int op, const struct epoll_event *event, uint32_t since);

/* A stream is flagged: reads are cut from now on, until RP_CUT_MS after the last one came, and none
 * is left whose session is not written; which our thread sees. */
void rp_cut_begins(void);
void rp_cut_ends(uint64_t now_ns);
void rp_cut_forked(void);
extern _Atomic bool rp_cut_on;

bool rp_cut_look(int fd, void *buf, size_t *n);

/* Before a call with FLAGS (of recv) that reads at most *N bytes of FD into BUF, which is written:
 * *N becomes what it may bring.  False: its answer is -1, errno is set. */
static inline bool rp_cut(int fd, void *buf, size_t *n, int flags)
{
	return rp_likely(!atomic_load_explicit(&rp_cut_on, memory_order_relaxed)) ||
	       rp_conn_kind(fd) != RP_FD_CONN || flags & ~(MSG_DONTWAIT | MSG_NOSIGNAL) ||
	       rp_cut_look(fd, buf, n);
}

#endif
