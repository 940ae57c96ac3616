/* conn.c - descriptors and connections: births, deaths, and whose thread it is.  See conn.h.
 *
 * Room: hot.  Bytes are in conn_in.c, conn_out.c.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/conn.h"

#include <string.h>
#include <sys/epoll.h>
#include "preload/hot/answer.h"
#include "preload/hot/clock.h"
#include "preload/hot/conn_h2.h"
#include "preload/hot/conn_slot.h"
#include "preload/hot/heads.h"
#include "preload/hot/current.h"
#include "preload/hot/drops.h"
#include "preload/hot/peer.h"
#include "preload/hot/sys.h"
#include "preload/hot/unseen.h"
#include "preload/settings.h"

_Atomic uint8_t rp_fd_kinds[RP_MAX_FDS];
_Atomic uint32_t rp_conn_pid;

struct rp_conn rp_conns[RP_MAX_CONNS];
static _Atomic uint32_t conn_of[RP_MAX_FDS]; /* index + 1; for an epoll set: its one connection */
static _Atomic int highest;                  /* descriptor that ever was a connection */

/* After vfork the child runs our hooks in its parent's memory; what it closes there must not be
 * forgotten here.  Asked only when a tracked descriptor or a segment's edge is touched. */
bool rp_conn_own_process(void)
{
	uint32_t pid = (uint32_t)rp_sys(SYS_getpid, 0);

	return pid == atomic_load_explicit(&rp_conn_pid, memory_order_relaxed);
}

static struct rp_conn *make(int fd)
{
	for (unsigned i = 0; i < 64; i++) {
		uint32_t index = ((uint32_t)fd + i * 509u) % RP_MAX_CONNS, none = 0;
		struct rp_conn *c = &rp_conns[index];

		if (!atomic_compare_exchange_strong(&c->refs, &none, 1))
			continue;
		memset((char *)c + sizeof(c->refs), 0, sizeof(*c) - sizeof(c->refs));
		c->accepted_ns = RP_NEVER;
		c->listener = -1;
		c->asked_by_rules = !rp_awake || rp_settings.rules.n_routes;
		none = 0;
		if (atomic_load_explicit(&highest, memory_order_relaxed) < fd)
			atomic_store_explicit(&highest, fd, memory_order_relaxed);
		if (atomic_compare_exchange_strong(&conn_of[fd], &none, index + 1)) {
			if (!i)
				atomic_store_explicit(&c->home, (uint16_t)(fd + 1),
				                      memory_order_release);
			return c;
		}
		atomic_store_explicit(&c->refs, 0, memory_order_release);
		return &rp_conns[none - 1]; /* another thread was first */
	}
	rp_drop(RP_DROP_no_conn);
	return NULL;
}

struct rp_conn *rp_conn_of(int fd)
{
	if ((unsigned)fd >= RP_MAX_FDS)
		return NULL;
	uint32_t index = atomic_load_explicit(&conn_of[fd], memory_order_acquire);

	return index ? &rp_conns[index - 1] : NULL;
}

struct rp_conn *rp_conn_get(int fd)
{
	struct rp_conn *c = rp_conn_of(fd);

	if (c || (unsigned)fd >= RP_MAX_FDS || rp_conn_kind(fd) == RP_FD_EPOLL)
		return c;
	c = make(fd);
	rp_conn_set_kind(fd, c ? RP_FD_CONN : RP_FD_OPAQUE);
	return c;
}

void rp_conn_set_kind(int fd, enum rp_fd_kind kind)
{
	atomic_store_explicit(&rp_fd_kinds[fd], (uint8_t)kind, memory_order_relaxed);
}

/* One name less.  The last one ends what was being served; of two threads that take the last two,
 * one. */
static void release(struct rp_conn *c, int fd, bool dies)
{
	uint32_t refs = atomic_load_explicit(&c->refs, memory_order_relaxed);

	while (refs > 1)
		if (atomic_compare_exchange_weak(&c->refs, &refs, refs - 1))
			return;
	rp_conn_over(c, RP_END_CLOSED);
	if (rp_unlikely(c->marks)) {
		rp_answer_closing(c, fd, dies);
		rp_heads_over(c);
	}
	rp_conn_give_head(c);
	rp_conn_h2_give(c);
	atomic_store_explicit(&c->refs, 0, memory_order_release);
}

/* C is not in the set EPFD any more. */
static void leave_set(struct rp_conn *c, int epfd)
{
	if (c->epoll == epfd + 1)
		c->watched = false;
}

/* ... and EPFD is closed. */
static void close_set(struct rp_conn *c, int epfd)
{
	leave_set(c, epfd);
	if (c->epoll == epfd + 1)
		c->epoll = 0;
}

/* DIES: FD still is what it was. */
static void forget(int fd, enum rp_fd_kind kind, bool dies)
{
	uint32_t index = atomic_exchange(&conn_of[fd], 0);
	uint8_t was = rp_conn_kind(fd);

	rp_unseen_forget(fd);
	if (index && was == RP_FD_EPOLL)
		close_set(&rp_conns[index - 1], fd);
	if (index && was != RP_FD_EPOLL && was != RP_FD_LOOP) {
		uint16_t home = (uint16_t)(fd + 1);

		atomic_compare_exchange_strong(&rp_conns[index - 1].home, &home, 0);
		release(&rp_conns[index - 1], fd, dies);
	}
	if (was == RP_FD_UPSTREAM)
		rp_peer_gone(fd);
	rp_conn_set_kind(fd, kind);
}

void rp_conn_retire(int fd)
{
	if ((unsigned)fd >= RP_MAX_FDS || rp_conn_is_plain(rp_conn_kind(fd)))
		return;
	if (rp_conn_kind(fd) == RP_FD_NEW && !rp_conn_of(fd))
		return;
	if (!rp_conn_own_process())
		return;
	forget(fd, RP_FD_NEW, true);
}

void rp_conn_retire_range(unsigned first, unsigned last)
{
	if (!rp_conn_own_process())
		return;
	for (unsigned fd = first; fd <= last && fd < RP_MAX_FDS; fd++)
		if (rp_conn_kind((int)fd) != RP_FD_NEW ||
		    atomic_load_explicit(&conn_of[fd], memory_order_relaxed))
			forget((int)fd, RP_FD_NEW, true);
}

void rp_conn_born(int fd, enum rp_fd_kind kind)
{
	uint8_t was = rp_conn_kind(fd);

	if ((unsigned)fd >= RP_MAX_FDS)
		return;
	/* A vfork child that closed it and opens something: here it is still what it was. */
	if (was != RP_FD_NEW && !rp_conn_is_plain(was) && !rp_conn_own_process())
		return;
	if (atomic_load_explicit(&conn_of[fd], memory_order_relaxed) || was == RP_FD_UPSTREAM) {
		forget(fd, kind, false);
	} else if (was != kind) {
		rp_unseen_forget(fd);
		rp_conn_set_kind(fd, kind);
	}
}

void rp_conn_accepted(int listener, int fd)
{
	rp_conn_born(fd, RP_FD_CONN);
	struct rp_conn *c = rp_conn_get(fd);

	if (!c)
		return;
	c->accepted_ns = rp_mono_ns();
	c->listener = listener;
	c->accepted = 1;
	c->untold = true;
}

void rp_conn_duped(int old_fd, int new_fd)
{
	if ((unsigned)new_fd >= RP_MAX_FDS || old_fd == new_fd || !rp_conn_own_process())
		return;
	uint8_t kind = rp_conn_kind(old_fd);

	if (kind == RP_FD_CARRIER || kind == RP_FD_TIMER) { /* under two names nobody counts it */
		kind = RP_FD_OTHER;
		rp_conn_set_kind(old_fd, RP_FD_OTHER);
	}
	/* What a set gets under one name is waited for under the other (Rust's mio): nobody knows
	 * what it holds. */
	if (kind == RP_FD_EPOLL)
		rp_conn_set_kind(old_fd, kind = RP_FD_LOOP);
	rp_conn_born(new_fd, kind == RP_FD_UPSTREAM ? RP_FD_SOCKET : kind);
	if (kind != RP_FD_CONN && kind != RP_FD_OPAQUE)
		return;
	struct rp_conn *c = rp_conn_of(old_fd);

	if (!c)
		return;
	atomic_fetch_add(&c->refs, 1);
	atomic_store_explicit(&conn_of[new_fd], (uint32_t)(c - rp_conns) + 1, memory_order_release);
}

_Atomic bool rp_conn_has_ring;

/* Sets in which there was something else than connections. */
static _Atomic uint64_t mixed[RP_MAX_FDS / 64];

void rp_conn_set_made(int epfd)
{
	uint64_t bit = 1ull << epfd % 64;

	if ((unsigned)epfd < RP_MAX_FDS && atomic_load(&mixed[epfd / 64]) & bit)
		atomic_fetch_and(&mixed[epfd / 64], ~bit);
}

bool rp_conn_is_set_of_one(int epfd)
{
	return rp_conn_kind(epfd) == RP_FD_EPOLL &&
	       !(atomic_load(&mixed[epfd / 64]) & 1ull << epfd % 64) &&
	       !atomic_load_explicit(&rp_conn_has_ring, memory_order_relaxed);
}

void rp_conn_joined(int epfd, int fd)
{
	uint8_t kind = rp_conn_kind(fd);
	struct rp_conn *c = kind == RP_FD_CONN ? rp_conn_of(fd) : NULL;

	if (kind == RP_FD_CONN || kind == RP_FD_LISTEN)
		rp_unseen_awaits(fd, true);
	if (c && c->epoll && c->epoll != epfd + 1)
		c->n_epoll_more++;
	else if (c)
		c->epoll = epfd + 1;
	if (c)
		c->watched = true;
	if ((unsigned)epfd >= RP_MAX_FDS || rp_conn_kind(epfd) == RP_FD_LOOP)
		return;
	if (kind != RP_FD_CONN)
		atomic_fetch_or(&mixed[epfd / 64], 1ull << epfd % 64);
	if (kind == RP_FD_LISTEN || kind == RP_FD_SERVE || kind == RP_FD_NEW) {
		rp_conn_set_kind(epfd, RP_FD_LOOP);
	} else if (kind == RP_FD_CONN) {
		uint32_t one = atomic_load_explicit(&conn_of[fd], memory_order_relaxed), none = 0;

		rp_conn_set_kind(epfd, RP_FD_EPOLL);
		if (!atomic_compare_exchange_strong(&conn_of[epfd], &none, one) && none != one)
			rp_conn_set_kind(epfd, RP_FD_LOOP);
	}
}

void rp_conn_parted(int epfd, int fd)
{
	struct rp_conn *c = rp_conn_kind(fd) == RP_FD_CONN ? rp_conn_of(fd) : NULL;

	if (c)
		leave_set(c, epfd);
}

void rp_conn_unwatch(int fd)
{
	for (int set = 0; set < RP_MAX_FDS; set++)
		if (rp_conn_kind(set) == RP_FD_EPOLL || rp_conn_kind(set) == RP_FD_LOOP)
			rp_sys(SYS_epoll_ctl, set, EPOLL_CTL_DEL, fd, NULL);
}

unsigned rp_conn_in_flight(unsigned most)
{
	unsigned n = 0;

	for (int fd = 0; n < most && fd <= atomic_load_explicit(&highest, memory_order_relaxed);
	     fd++) {
		struct rp_conn *c = rp_conn_kind(fd) == RP_FD_CONN ? rp_conn_of(fd) : NULL;

		n += !c ? 0 : c->h2 ? rp_conn_h2_open(c) : rp_pending_front(&c->pending) != NULL;
	}
	return n;
}

/* The thread works for what is being answered on C, and for nothing else there. */
static bool is_own(struct rp_conn *c)
{
	if (c->h2)
		return rp_conn_h2_is_own(c);
	struct rp_run *front = rp_pending_front(&c->pending);

	return front && rp_current_is(front->request, front->serial);
}

bool rp_conn_is_foreign(int fd)
{
	uint8_t kind = rp_conn_kind(fd);

	if (kind == RP_FD_SERVE || (kind == RP_FD_NEW && !rp_conn_of(fd)))
		return true; /* what is not known may be somebody's connection */
	if (rp_conn_is_set(fd))
		return rp_conn_is_loop(fd);
	if (kind != RP_FD_CONN)
		return false;
	struct rp_conn *c = rp_conn_of(fd);

	return !c || !is_own(c);
}

bool rp_conn_is_loop(int epfd)
{
	uint8_t kind = rp_conn_kind(epfd);

	if (atomic_load_explicit(&rp_conn_has_ring, memory_order_relaxed))
		return true;
	if (kind != RP_FD_EPOLL)
		return kind == RP_FD_LOOP;
	struct rp_conn *c = rp_conn_of(epfd);

	return c && !is_own(c);
}

void rp_conn_forked(void)
{
	atomic_store(&rp_conn_pid, (uint32_t)rp_sys(SYS_getpid, 0));
}
