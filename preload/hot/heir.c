/* heir.c - see heir.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/heir.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include "preload/hot/clock.h"
#include "preload/hot/current.h"
#include "preload/hot/queue.h"
#include "preload/hot/request.h"
#include "preload/hot/sampler.h"
#include "preload/hot/sys.h"
#include "preload/hot/turn.h"

/* Threads between their creation and their first instruction. */
static struct rp_heir heirs[RP_MAX_HEIRS];

/* Threads that run START were shown to do what their makers made them for: each that was joined by
 * its maker is a sign, and one that did nothing else while that was alone is enough. */
static struct {
	_Atomic uintptr_t start;
	_Atomic uint32_t signs;
} starts[RP_MAX_STARTS];

enum { SHOWN = 2 };

/* NULL: there is none, and no room for it. */
static _Atomic uint32_t *signs_of(uintptr_t start, bool make)
{
	for (unsigned i = 0; i < RP_MAX_STARTS; i++) {
		uintptr_t is = atomic_load_explicit(&starts[i].start, memory_order_relaxed);

		if (!is && make && atomic_compare_exchange_strong(&starts[i].start, &is, start))
			return &starts[i].signs;
		if (is == start)
			return &starts[i].signs;
		if (!is)
			break;
	}
	return NULL;
}

/* The host's pthread_t is not looked at: the new thread may have freed it by now. */
void rp_heir_made(void *(*start)(void *))
{
	struct rp_self *s = &rp_self;

	s->n_made = s->made == (uintptr_t)start ? s->n_made + 1 : 1;
	s->made = (uintptr_t)start;
}

static void show(uintptr_t start, uint32_t n)
{
	_Atomic uint32_t *signs = signs_of(start, true);

	if (signs)
		atomic_fetch_add_explicit(signs, n, memory_order_relaxed);
}

static bool is_shown(void *(*start)(void *))
{
	const _Atomic uint32_t *signs = signs_of((uintptr_t)start, false);

	return signs && atomic_load_explicit(signs, memory_order_relaxed) >= SHOWN;
}

void rp_heir_joined(void)
{
	struct rp_self *s = &rp_self;

	if (!s->n_made)
		return;
	s->n_made--;
	show(s->made, 1);
}

struct rp_heir *rp_heir_make(void *(*start)(void *), void *arg)
{
	const struct rp_self *s = &rp_self;
	bool shown = is_shown(start);

	/* An interpreter's new thread takes the interpreter's lock and then what comes first. */
	if (s->armed != RP_ARMED || !rp_request_lives(s->request, s->serial) ||
	    rp_turn_is_over(s, rp_mono_ns()) || rp_turn_runs < RP_RUNS_CALLBACKS ||
	    !(shown || rp_request_is_alone(s->request)))
		return NULL;
	for (unsigned i = 0; i < RP_MAX_HEIRS; i++) {
		struct rp_heir *h = &heirs[i];

		if (atomic_exchange(&h->taken, 1))
			continue;
		h->start = start;
		h->arg = arg;
		h->lone = !shown;
		h->handoff = (struct rp_handoff){s->request, s->serial, .by = RP_BY_CREATOR,
		                                 .tid = s->tid, .at_ns = rp_mono_ns()};
		rp_queue_makes_thread();
		return h;
	}
	return NULL;
}

void rp_heir_free(struct rp_heir *heir)
{
	atomic_store_explicit(&heir->taken, 0, memory_order_release);
}

/* Not inlined: the thread's own function shall have a caller of this name. */
void *rp_heir_main(void *arg)
{
	struct rp_heir *heir = arg;
	void *(*start)(void *) = heir->start;
	struct rp_handoff handoff = heir->handoff;
	bool lone = heir->lone;

	arg = heir->arg;
	rp_heir_free(heir);
	if (rp_request_lives(handoff.request, handoff.serial)) {
		rp_current_take(&handoff);
		rp_self.heir = rp_self.armed != 0;
		rp_self.lone |= lone;
	}
	arg = start(arg);
	if (rp_self.armed && rp_self.heir) /* it never waited for more to do */
		show((uintptr_t)start, SHOWN);
	rp_current_leave();
	return arg;
}

/* Files and named peers are what a request asks for; pipes, eventfds, socket pairs and sockets
 * without a peer are how threads are told of work. */
static bool may_bring_work(int fd)
{
	struct sockaddr_un peer;
	socklen_t n = sizeof(peer);
	struct stat st;

	if (rp_sys(SYS_newfstatat, fd, "", &st, AT_EMPTY_PATH) != 0)
		return true;
	if (!S_ISSOCK(st.st_mode))
		return S_ISFIFO(st.st_mode) || !(st.st_mode & S_IFMT);
	if (rp_sys(SYS_getpeername, fd, &peer, &n) != 0)
		return true;
	return peer.sun_family == AF_UNIX && n <= sizeof(peer.sun_family);
}

bool rp_heir_ends(const struct rp_waited *what)
{
	switch ((int)what->kind) {
	case RP_WAIT_COND:
	case RP_WAIT_SEM:
	case RP_WAIT_FUTEX:
	case RP_WAIT_EPOLL:
	case RP_WAIT_SIGNAL:
	case RP_WAIT_MSGQUEUE:
	case RP_WAIT_SEMOP:
	case RP_WAIT_BARRIER:
	case RP_WAIT_ACCEPT:
	case RP_WAIT_IO_URING:
		return true;
	case RP_WAIT_READ:
	case RP_WAIT_RECV:
	case RP_WAIT_POLL:
	case RP_WAIT_SELECT:
		return what->fd < 0 || may_bring_work(what->fd);
	default:
		return false;
	}
}
