/* conn_cut.c - see conn_cut.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/conn_cut.h"

#include <errno.h>
#include <string.h>
#include "preload/hot/clock.h"
#include "preload/hot/conn_h2.h"
#include "preload/hot/conn_slot.h"
#include "preload/hot/current.h"
#include "preload/hot/delim_h2.h"
#include "preload/hot/sys.h"
#include "preload/hot/turn.h"
#include "preload/hot/trigger.h"
#include "preload/place.h"
#include "preload/settings.h"

static const char PREFACE[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/* Not a thread's mark: several have said for what to watch, one is about to. */
enum { SEVERAL = 1, CHANGING = 2 };

_Atomic bool rp_cut_on;
static _Atomic uint64_t newest_ns;

void rp_cut_begins(void)
{
	atomic_store_explicit(&newest_ns, rp_mono_ns(), memory_order_relaxed);
	if (!atomic_load_explicit(&rp_cut_on, memory_order_relaxed) &&
	    !atomic_exchange(&rp_cut_on, true))
		atomic_fetch_add(&rp_followed, 1); /* no short way past us */
}

/* NOW_NS is when our thread's turn began: one may have come, and be over, since. */
void rp_cut_ends(uint64_t now_ns)
{
	if (atomic_load(&rp_cut_on) && !atomic_load(&rp_n_requests) &&
	    now_ns > atomic_load(&newest_ns) + RP_CUT_MS * 1000000ull &&
	    atomic_exchange(&rp_cut_on, false))
		atomic_fetch_sub(&rp_followed, 1);
}

static uint32_t my_mark(void)
{
	return (uint32_t)((uintptr_t)&rp_self >> 4) | 4;
}

static struct rp_conn *conn_at(int fd)
{
	return rp_conn_kind(fd) == RP_FD_CONN ? rp_conn_of(fd) : NULL;
}

uint32_t rp_watch_changes(int fd, int op)
{
	struct rp_conn *c = conn_at(fd);
	uint32_t since = c ? atomic_load(&c->watch.again) : 0;

	if (c && op == EPOLL_CTL_MOD && atomic_load(&c->watch.by) != my_mark())
		atomic_store(&c->watch.by, CHANGING);
	return since;
}

/* Who says the same once more on another thread sees that it has been changed, or is seen. */
void rp_watch_changed(int epfd, int fd, int op, const struct epoll_event *event, uint32_t since)
{
	struct rp_conn *c = conn_at(fd);
	struct epoll_event now = *event;

	if (!c)
		return;
	atomic_store(&c->watch.data, now.data.u64);
	atomic_store(&c->watch.events, now.events);
	if (op == EPOLL_CTL_ADD)
		atomic_store(&c->watch.by, my_mark());
	if (atomic_load(&c->watch.by) == my_mark())
		return;
	atomic_store(&c->watch.by, SEVERAL);
	if (atomic_load(&c->watch.again) != since)
		rp_sys(SYS_epoll_ctl, epfd, EPOLL_CTL_MOD, fd, &now);
}

static bool say_again(const struct rp_conn *c, int fd)
{
	struct epoll_event event = {.events = atomic_load(&c->watch.events),
	                            .data.u64 = atomic_load(&c->watch.data)};

	return rp_sys(SYS_epoll_ctl, c->epoll - 1, EPOLL_CTL_MOD, fd, &event) == 0;
}

/* The host will hear of what is left to read on FD, though it may think that there is nothing: who
 * waits for levels does, and so does who asks anew after each event.  A set that tells of edges
 * looks anew when it is told for what to watch. */
static bool will_hear(struct rp_conn *c, int fd)
{
	uint32_t by = atomic_load(&c->watch.by), events = atomic_load(&c->watch.events);

	if (!c->watched || c->n_epoll_more || !by || by == CHANGING ||
	    atomic_load_explicit(&rp_conn_has_ring, memory_order_relaxed))
		return false;
	if (!(events & EPOLLET) || events & EPOLLONESHOT)
		return true;
	if (by != my_mark() || !say_again(c, fd))
		return false;
	atomic_fetch_add(&c->watch.again, 1);
	if (atomic_load(&c->watch.by) == SEVERAL)
		say_again(c, fd);
	return true;
}

/* The thread is a loop's whose turn may be for the one stream that it reads. */
static bool is_of_use(const struct rp_conn *c)
{
	const struct rp_self *s = &rp_self;

	return s->turn.looped && rp_turn_runs != RP_RUNS_ANYTHING && !rp_turn_is_shared(s) &&
	       !rp_current_is_told(s) && (c->h2 || c->layer == RP_LAYER_FRESH) &&
	       c->layer != RP_LAYER_TLS && !atomic_load_explicit(&c->opaque, memory_order_relaxed);
}

/* What lies there is read ahead of the host, by what its client has said so far. */
static struct rp_h2_in ahead;
static _Atomic bool ahead_taken;

/* The bytes of its preface that lie there, 0 where it is over; false: there is nothing to read
 * ahead. */
static bool begin(const struct rp_conn *c, const char *bytes, size_t n, size_t *preface)
{
	*preface = c->h2 ? 0 : sizeof(PREFACE) - 1;
	if (c->h2 && rp_conn_h2_in(c)->side.block)
		return false;
	if (n <= *preface || memcmp(bytes, PREFACE, *preface) != 0)
		return false;
	if (atomic_exchange_explicit(&ahead_taken, true, memory_order_acquire))
		return false;
	if (c->h2)
		rp_h2_copy_in(&ahead, rp_conn_h2_in(c));
	else
		rp_h2_open_in(&ahead);
	return true;
}

/* Pages that were never written stay so: each would be a copy in every child. */
RP_EARLY void rp_cut_forked(void)
{
	if (!atomic_load(&rp_cut_on))
		return;
	atomic_store(&rp_cut_on, false);
	atomic_store(&ahead_taken, false);
}

/* Whose the frames are that come first. */
struct first {
	bool known;
	uint32_t stream; /* flagged; 0: of others */
};

static bool is_flagged(const struct rp_conn *c, const struct rp_h2_told *told,
                       enum rp_h2_event event)
{
	struct rp_trigger t;

	if (event == RP_H2_HEAD)
		return rp_trigger_judge(&rp_settings.rules, &told->head, &t) != RP_TRIGGER_NONE;
	return c->h2 && rp_conn_h2_flags(c, told->stream);
}

/* False: this frame belongs to others than those before it. */
static bool belongs(struct first *first, const struct rp_conn *c, const struct rp_h2_told *told,
                    enum rp_h2_event event)
{
	bool wide = told->wide && (first->known || (c->h2 && rp_conn_h2_open(c)));
	bool same = first->stream && told->stream == first->stream;
	uint32_t stream = same || is_flagged(c, told, event) ? told->stream : 0;

	if (!told->bytes || (!told->stream && !wide))
		return true;
	if (first->known)
		return stream == first->stream;
	*first = (struct first){true, stream};
	return true;
}

/* Of the N bytes that lie there, those up to the first frame of a flagged stream, or of another
 * one where they begin with such. */
static size_t part(const struct rp_conn *c, const char *bytes, size_t n)
{
	struct first first = {false, 0};
	enum rp_h2_event event;
	struct rp_h2_told told;
	size_t cut;

	if (!begin(c, bytes, n, &cut))
		return n;
	const char *at = bytes + cut;
	size_t left = n - cut;

	while ((event = rp_h2_feed(&ahead.side, &at, &left, &told)) != RP_H2_MORE &&
	       event != RP_H2_BAD && belongs(&first, c, &told, event))
		cut = n - left;
	atomic_store_explicit(&ahead_taken, false, memory_order_release);
	return event == RP_H2_MORE || event == RP_H2_BAD ? n : cut;
}

/* What lies there is looked at where it will come to anyhow. */
bool rp_cut_look(int fd, void *buf, size_t *n)
{
	struct rp_conn *c = rp_conn_of(fd);

	if (!c || !is_of_use(c))
		return true;
	long seen = rp_sys(SYS_recvfrom, fd, buf, *n, MSG_PEEK | MSG_DONTWAIT, NULL, NULL);

	if (seen < 0 && seen != -EAGAIN) {
		errno = (int)-seen; /* the socket's, which it tells once */
		return false;
	}
	if (seen <= 0 || atomic_exchange_explicit(&c->in_busy, 1, memory_order_acquire))
		return true; /* or somebody else reads at this moment: nothing is certain */
	size_t cut = part(c, buf, (size_t)seen);

	atomic_store_explicit(&c->in_busy, 0, memory_order_release);
	if (cut < (size_t)seen && will_hear(c, fd))
		*n = cut;
	return true;
}
