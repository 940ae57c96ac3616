/* carrier.c - see carrier.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/carrier.h"

#include <string.h>
#include <sys/ioctl.h>
#include "preload/hot/bell.h"
#include "preload/hot/clock.h"
#include "preload/hot/coroutine.h"
#include "preload/hot/conn.h"
#include "preload/hot/current.h"
#include "preload/hot/request.h"
#include "preload/hot/sys.h"
#include "preload/hot/turn.h"

/* By the descriptor that is read; two that share a slot: the later one has it. */
struct carrier {
	_Atomic uint32_t busy; /* somebody is in it */
	_Atomic bool lost;     /* somebody else was there meanwhile: nothing is certain */
	int fd;
	uint64_t amount; /* written and not yet read: bytes, or what an eventfd counts */
	bool mixed;      /* not all of it for one request */
	struct rp_handoff from;
};

static struct carrier carriers[RP_MAX_CARRIERS];
static uint16_t
        reader_of[RP_MAX_FDS]; /* of a descriptor that is written on, + 1; written at birth */
static _Atomic bool used;

static bool is_watched(void)
{
	return atomic_load_explicit(&rp_turn_watching, memory_order_relaxed);
}

static bool is_counter(int fd)
{
	return reader_of[fd] == (uint16_t)(fd + 1);
}

/* The carrier read on FD, for the caller alone; NULL: there is none, or somebody is in it. */
static struct carrier *enter(int fd)
{
	struct carrier *c = &carriers[(unsigned)fd % RP_MAX_CARRIERS];

	if (atomic_exchange_explicit(&c->busy, 1, memory_order_acquire)) {
		atomic_store_explicit(&c->lost, true, memory_order_relaxed);
		return NULL;
	}
	atomic_store_explicit(&used, true, memory_order_relaxed);
	if (c->fd != fd || atomic_exchange_explicit(&c->lost, false, memory_order_relaxed)) {
		c->fd = fd;
		c->amount = 0;
		c->mixed = true; /* what is in it already is not known */
		c->from.serial = 0;
	}
	return c;
}

static void leave(struct carrier *c)
{
	atomic_store_explicit(&c->busy, 0, memory_order_release);
}

/* The carrier that is read on FD, which is about to be written to. */
static struct carrier *enter_to_write(int fd)
{
	if (fd < 0)
		return NULL;
	rp_bell_is_rung(fd);
	return is_watched() ? enter(fd) : NULL;
}

void rp_carrier_born(int reads, int writes)
{
	if ((unsigned)reads >= UINT16_MAX || (unsigned)writes >= RP_MAX_FDS)
		return;
	reader_of[writes] = (uint16_t)(reads + 1);
	struct carrier *c = is_watched() ? enter(reads) : NULL;

	if (!c)
		return;
	c->amount = 0;
	c->mixed = false;
	c->from.serial = 0;
	leave(c);
}

static int reader(int fd)
{
	return (unsigned)fd < RP_MAX_FDS ? reader_of[fd] - 1 : -1;
}

/* An eventfd is written to by ones; whoever adds more is not followed. */
static uint64_t amount_of(int fd, size_t n)
{
	return is_counter(fd) ? n == sizeof(uint64_t) : n;
}

static struct rp_handoff own_work(const struct rp_self *s)
{
	struct rp_handoff from = {.by = RP_BY_PIPE, .tid = s->tid};

	if (s->armed != RP_ARMED || rp_turn_is_over(s, rp_mono_ns()))
		return from;
	from.request = s->request;
	from.serial = s->serial;
	from.at_ns = rp_mono_ns();
	return from;
}

/* Before it is written: the reader may be first. */
void rp_carrier_gives(int fd, size_t n)
{
	struct carrier *c = enter_to_write(reader(fd));

	if (!c)
		return;
	struct rp_handoff from = own_work(&rp_self);

	if (!c->amount && !c->mixed)
		c->from = from;
	else if (c->from.request != from.request || c->from.serial != from.serial)
		c->mixed = true;
	c->amount += amount_of(fd, n);
	leave(c);
}

void rp_carrier_unsure(int fd)
{
	struct carrier *c = enter_to_write(reader(fd));

	if (!c)
		return;
	c->mixed = true;
	leave(c);
}

static bool has_more(int fd)
{
	int n = 1;

	return rp_sys(SYS_ioctl, fd, FIONREAD, &n) == 0 && n > 0;
}

/* AMOUNT has been read.  True: it is all for one request, or for nobody, as C->from says. */
static bool take(struct carrier *c, uint64_t amount)
{
	bool certain = !c->mixed && amount && amount <= c->amount;

	if (certain) {
		c->amount -= amount;
		return true;
	}
	if (is_counter(c->fd) || !has_more(c->fd)) {
		c->amount = 0;
		c->mixed = false;
	}
	return false;
}

/* What was written may say no more than that something lies in a list, where more may lie by then,
 * and whoever is told first need not be the first to take. */
static void arrives(struct rp_handoff *h, bool certain)
{
	bool lives = certain && h->serial && rp_request_lives(h->request, h->serial);

	if (!lives || !rp_request_is_alone(h->request))
		h->serial = 0;
	if (rp_current_is_told(&rp_self))
		return;
	if (!rp_coroutine_in_loop(&rp_self))
		rp_current_offer(h);
	else if (h->serial && rp_turn_allows(h->request, RP_BY_PIPE, true))
		rp_current_take(h);
	else
		rp_current_leave();
}

static uint64_t amount_read(int fd, const struct iovec *iov, size_t n_iov, size_t n)
{
	uint64_t count = 0;

	if (!is_counter(fd))
		return n;
	if (n == sizeof(count) && n_iov && iov->iov_base && iov->iov_len >= n)
		memcpy(&count, iov->iov_base, sizeof(count));
	return count;
}

static const void *mark_of(int fd)
{
	return (const void *)((uintptr_t)fd + 1);
}

void rp_carrier_reads(int fd)
{
	struct rp_self *s = &rp_self;

	if (s->armed && s->by == RP_BY_PIPE && s->queue == mark_of(fd))
		rp_current_leave(); /* that job is done */
}

bool rp_carrier_is_done(const struct rp_self *s, const struct rp_waited *what)
{
	if (!s->armed || s->by != RP_BY_PIPE)
		return false;
	return what->kind == RP_WAIT_EPOLL ||
	       (what->fd < 0 && (what->kind == RP_WAIT_POLL || what->kind == RP_WAIT_SELECT));
}

void rp_carrier_heard(int fd, const struct iovec *iov, size_t n_iov, size_t n)
{
	struct carrier *c = is_watched() ? enter(fd) : NULL;

	if (!c)
		return;
	bool certain = take(c, amount_read(fd, iov, n_iov, n));
	struct rp_handoff from = c->from;

	leave(c);
	from.queue = mark_of(fd);
	arrives(&from, certain);
}

/* A timer that a request made for itself is its own; one that was there before may be anybody's. */
void rp_carrier_timer(int fd)
{
	struct carrier *c = is_watched() && fd >= 0 ? enter(fd) : NULL;

	if (!c)
		return;
	c->from = own_work(&rp_self);
	c->from.by = RP_BY_TIMER;
	leave(c);
}

void rp_carrier_set(int fd)
{
	struct carrier *c = is_watched() && rp_conn_kind(fd) == RP_FD_TIMER ? enter(fd) : NULL;

	if (!c)
		return;
	if (!rp_current_works(c->from.request, c->from.serial))
		c->from.serial = 0;
	leave(c);
}

void rp_carrier_rings(int fd)
{
	struct carrier *c = is_watched() ? enter(fd) : NULL;

	if (!c)
		return;
	struct rp_handoff from = c->from;
	bool lives = from.serial && rp_request_lives(from.request, from.serial);

	leave(c);
	if (lives && rp_turn_allows(from.request, RP_BY_TIMER, true))
		rp_current_take(&from);
	else if (rp_coroutine_in_loop(&rp_self))
		rp_current_leave();
}

void rp_carrier_forked(void)
{
	if (!atomic_load(&used))
		return;
	for (unsigned i = 0; i < RP_MAX_CARRIERS; i++) {
		carriers[i].fd = 0;
		carriers[i].mixed = true;
		atomic_store(&carriers[i].busy, 0);
	}
}
