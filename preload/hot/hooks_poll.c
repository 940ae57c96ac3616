/* hooks_poll.c - waiting for descriptors: poll, select and their masked twins.
 *
 * Room: hot.  Waiting for other connections is the event loop: the thread works for nobody.  The
 * calls that install a mask of their own get a copy of it with our signal in.
 * SPDX-License-Identifier: MIT
 */
#include "preload/hot/current.h"
#include "preload/hot/hooks.h"
#include "preload/hot/mask.h"
#include "preload/hot/object.h"
#include "preload/hot/stack.h"
#include "preload/hot/turn.h"

/* What the descriptors are that a call waits for. */
struct polled {
	bool foreign; /* one is somebody else's: the wait is a loop's */
	bool set;     /* ... an epoll set, which has the loop's events */
};

static void look_at_one(struct polled *p, int fd)
{
	if (!rp_conn_is_foreign(fd))
		return;
	p->foreign = true;
	p->set |= rp_conn_is_set(fd);
}

/* The wait brings what it brings, for at most TIMEOUT_NS.  False: it is not a loop's. */
static bool is_of_loop(struct rp_wait *w, const struct polled *p, uint64_t timeout_ns)
{
	int most = 1;

	if (!p->foreign)
		return false;
	w->on = p->set ? RP_WAIT_RIPE : RP_WAIT_LOOP;
	rp_turn_wait(timeout_ns, false, &most);
	return true;
}

static int after_poll(struct rp_wait *w, int ret)
{
	if (w->on == RP_WAIT_LOOP)
		rp_turn_begins(ret);
	else if (w->on == RP_WAIT_RIPE)
		rp_turn_ripens(ret);
	else
		rp_wait_leave(w);
	return ret;
}

/* Nobody is served here that anybody looks at. */
static inline bool polls_quietly(bool several)
{
	rp_unseen_polled();
	return !rp_self.armed &&
	       !(several && atomic_load_explicit(&rp_n_live, memory_order_relaxed));
}

/* What a loop is told by a quiet poll nobody knows later; but for how long it wanted to wait, and
 * whether that was for several. */
static inline void polls_unseen(bool several, uint64_t timeout_ns)
{
	struct rp_turn *t = &rp_self.turn;

	if (!several)
		return;
	t->kind = timeout_ns ? RP_TURN_UNSEEN : RP_TURN_BUSY;
	t->leader_serial = 0;
	if (rp_unlikely(t->looped))
		rp_turn_lasts(t, timeout_ns);
	else
		t->due_ns = RP_NEVER;
}

/* Several were ready, one of them somebody's connection: it is a loop's. */
static RP_SLOW void poll_unseen(const struct pollfd *fds, nfds_t n)
{
	for (nfds_t i = 0; i < n; i++)
		if (fds[i].fd >= 0 && fds[i].revents && rp_conn_is_foreign(fds[i].fd)) {
			rp_self.turn.looped = true;
			rp_self.turn.kind = RP_TURN_MANY;
		}
}

/* An epoll set alone, whose events are fetched by the next wait, maybe. */
static inline void ripens_unseen(const struct pollfd *fds, nfds_t n)
{
	for (nfds_t i = 0; i < n && n <= 2; i++)
		if (fds[i].revents && rp_conn_is_set(fds[i].fd))
			rp_self.turn.ripe = rp_self.turn.lone = true;
}

static inline int polled_unseen(const struct pollfd *fds, nfds_t n, int ret)
{
	if (rp_unlikely(ret > 1))
		poll_unseen(fds, n);
	else if (ret == 1)
		ripens_unseen(fds, n);
	return ret;
}

/* That is of use to a loop alone; to look costs a system call. */
static inline bool wants_time(bool several)
{
	return several && rp_self.turn.looped;
}

/* Nobody is served, and what the poll brings is no turn of anybody's: the thread is not known to be
 * a loop, and has never read from a client where it waits for SEVERAL.  The hook ends in the call
 * itself then, and how long that may wait is not asked (hooks.h). */
static inline bool polls_as_no_loop(bool several)
{
	const struct rp_self *s = &rp_self;

	return polls_quietly(several) && !s->turn.looped && !(several && s->client);
}

/* Several, or the set of a loop. */
static inline bool polls_several(const struct pollfd *fds, nfds_t n)
{
	return n > 1 ||
	       (rp_unlikely(atomic_load_explicit(&rp_n_live, memory_order_relaxed)) && n == 1 &&
	        rp_stack_readable((uintptr_t)fds) && rp_conn_kind(fds->fd) == RP_FD_LOOP);
}

/* libc declares that poll only writes FDS; the empty asm keeps the compiler from believing it of
 * us, who read them. */
static __attribute__((noinline)) void look_at_polled(struct rp_wait *w, const struct pollfd *fds,
                                                     nfds_t n, uint64_t timeout_ns)
{
	struct polled polled = {false, false};

	if (n &&
	    (!rp_stack_readable((uintptr_t)fds) || !rp_stack_readable((uintptr_t)(fds + n) - 8))) {
		rp_wait_enter(w, RP_WAIT_POLL, NULL, 0); /* the kernel will say EFAULT */
		return;
	}
	for (nfds_t i = 0; i < n; i++)
		if (fds[i].fd >= 0)
			look_at_one(&polled, fds[i].fd);
	if (is_of_loop(w, &polled, timeout_ns))
		return;
	if (n == 1 && timeout_ns == RP_NEVER && (fds->events & (POLLIN | POLLOUT)) == POLLIN &&
	    rp_conn_awaits_next(fds->fd))
		rp_current_leave();
	/* One descriptor is its own object; several are named together. */
	if (n == 1 && fds[0].fd >= 0)
		rp_wait_enter_fd(w, RP_WAIT_POLL, fds[0].fd);
	else if (n)
		rp_wait_enter(w, RP_WAIT_POLL, fds, n);
	else
		rp_wait_enter(w, RP_WAIT_SLEEP, NULL, timeout_ns == RP_NEVER ? 0 : timeout_ns);
}

static inline void before_poll(struct rp_wait *w, const struct pollfd *fds, nfds_t n,
                               uint64_t timeout_ns)
{
	w->on = RP_WAIT_OFF;
	__asm__("" : "+r"(fds));
	look_at_polled(w, fds, n, timeout_ns);
}

static RP_SLOW int seen_poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	bool several = polls_several(fds, n);
	struct rp_wait w;

	if (polls_quietly(several)) {
		polls_unseen(several, rp_ms_or_ever(timeout_ms));
		return polled_unseen(fds, n, rp_real.poll(fds, n, timeout_ms));
	}
	before_poll(&w, fds, n, rp_ms_or_ever(timeout_ms));
	return after_poll(&w, rp_real.poll(fds, n, timeout_ms));
}

RP_HOOK int poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	bool several = polls_several(fds, n);

	if (rp_likely(polls_as_no_loop(several))) {
		polls_unseen(several, rp_ms_or_ever(timeout_ms));
		return rp_real.poll(fds, n, timeout_ms);
	}
	return seen_poll(fds, n, timeout_ms);
}

static RP_SLOW int seen_poll_chk(struct pollfd *fds, nfds_t n, int timeout_ms, size_t room)
{
	bool several = polls_several(fds, n);
	struct rp_wait w;

	if (polls_quietly(several)) {
		polls_unseen(several, rp_ms_or_ever(timeout_ms));
		return polled_unseen(fds, n, rp_real.__poll_chk(fds, n, timeout_ms, room));
	}
	before_poll(&w, fds, n, rp_ms_or_ever(timeout_ms));
	return after_poll(&w, rp_real.__poll_chk(fds, n, timeout_ms, room));
}

RP_HOOK int __poll_chk(struct pollfd *fds, nfds_t n, int timeout_ms, size_t room)
{
	bool several = polls_several(fds, n);

	if (rp_likely(polls_as_no_loop(several))) {
		polls_unseen(several, rp_ms_or_ever(timeout_ms));
		return rp_real.__poll_chk(fds, n, timeout_ms, room);
	}
	return seen_poll_chk(fds, n, timeout_ms, room);
}

static RP_SLOW int seen_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
                              const sigset_t *mask)
{
	bool several = polls_several(fds, n);
	struct rp_wait w;
	sigset_t copy;

	if (polls_quietly(several)) {
		polls_unseen(several, wants_time(several) ? rp_asked_or_ever(timeout) : RP_NEVER);
		return polled_unseen(fds, n, rp_real.ppoll(fds, n, timeout, mask));
	}
	before_poll(&w, fds, n, rp_asked_or_ever(timeout));
	return after_poll(&w, rp_real.ppoll(fds, n, timeout,
	                                    rp_self.armed ? rp_mask_with(mask, &copy) : mask));
}

RP_HOOK int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
                  const sigset_t *mask)
{
	bool several = polls_several(fds, n);

	if (rp_likely(polls_as_no_loop(several))) {
		polls_unseen(several, RP_NEVER);
		return rp_real.ppoll(fds, n, timeout, mask);
	}
	return seen_ppoll(fds, n, timeout, mask);
}

static RP_SLOW int seen_ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
                                  const sigset_t *mask, size_t room)
{
	bool several = polls_several(fds, n);
	struct rp_wait w;
	sigset_t copy;

	if (polls_quietly(several)) {
		polls_unseen(several, wants_time(several) ? rp_asked_or_ever(timeout) : RP_NEVER);
		return polled_unseen(fds, n, rp_real.__ppoll_chk(fds, n, timeout, mask, room));
	}
	before_poll(&w, fds, n, rp_asked_or_ever(timeout));
	return after_poll(&w, rp_real.__ppoll_chk(fds, n, timeout,
	                                          rp_self.armed ? rp_mask_with(mask, &copy) : mask,
	                                          room));
}

RP_HOOK int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
                        const sigset_t *mask, size_t room)
{
	bool several = polls_several(fds, n);

	if (rp_likely(polls_as_no_loop(several))) {
		polls_unseen(several, RP_NEVER);
		return rp_real.__ppoll_chk(fds, n, timeout, mask, room);
	}
	return seen_ppoll_chk(fds, n, timeout, mask, room);
}

static bool in_set(const fd_set *set, int fd)
{
	return set && FD_ISSET(fd, set);
}

/* The words of SET that the kernel reads for N descriptors; a set may be shorter than its type. */
static bool readable_set(const fd_set *set, int n)
{
	size_t words = n > 0 ? ((size_t)n + 63) / 64 : 0;

	return !set || !words ||
	       (rp_stack_readable((uintptr_t)set) &&
	        rp_stack_readable((uintptr_t)set + (words - 1) * 8));
}

static uint64_t asked_us(const struct timeval *t)
{
	if (!t)
		return RP_NEVER;
	if (!rp_stack_readable((uintptr_t)t))
		return 0;
	return (uint64_t)t->tv_sec * 1000000000u + (uint64_t)t->tv_usec * 1000u;
}

/* A select of one descriptor is named by it, of several by the first ones (object.h). */
static void before_select(struct rp_wait *w, int n, const fd_set *in, const fd_set *out,
                          const fd_set *other, uint64_t timeout_ns)
{
	struct polled polled = {false, false};
	uint64_t found = 0;
	int count = 0;

	w->on = RP_WAIT_OFF;
	if (!readable_set(in, n) || !readable_set(out, n) || !readable_set(other, n)) {
		rp_wait_enter(w, RP_WAIT_SELECT, NULL, 0); /* the kernel will say EFAULT */
		return;
	}
	for (int fd = 0; fd < n && fd < FD_SETSIZE; fd++) {
		if (!in_set(in, fd) && !in_set(out, fd) && !in_set(other, fd))
			continue;
		look_at_one(&polled, fd);
		found = rp_object_add_fd(found, count++, fd);
	}
	if (is_of_loop(w, &polled, timeout_ns))
		return;
	if (count == 1 && timeout_ns == RP_NEVER && !in_set(out, rp_object_fd(found, 0)) &&
	    rp_conn_awaits_next(rp_object_fd(found, 0)))
		rp_current_leave();
	if (count == 1)
		rp_wait_enter_fd(w, RP_WAIT_SELECT, rp_object_fd(found, 0));
	else if (count)
		rp_wait_enter(w, RP_WAIT_SELECT, NULL, found | (uint64_t)count);
	else
		rp_wait_enter(w, RP_WAIT_SLEEP, NULL, timeout_ns == RP_NEVER ? 0 : timeout_ns);
}

static RP_SLOW void select_unseen(int n, const fd_set *in, const fd_set *out)
{
	for (int fd = 0; fd < n && fd < FD_SETSIZE; fd++)
		if ((in_set(in, fd) || in_set(out, fd)) && rp_conn_is_foreign(fd)) {
			rp_self.turn.looped = true;
			rp_self.turn.kind = RP_TURN_MANY;
		}
}

static inline int selected_unseen(int n, const fd_set *in, const fd_set *out, int ret)
{
	if (rp_unlikely(ret > 1))
		select_unseen(n, in, out);
	return ret;
}

static RP_SLOW int seen_select(int n, fd_set *restrict in, fd_set *restrict out,
                               fd_set *restrict other, struct timeval *restrict timeout)
{
	struct rp_wait w;

	if (polls_quietly(n > 0)) {
		polls_unseen(n > 0, wants_time(n > 0) ? asked_us(timeout) : RP_NEVER);
		return selected_unseen(n, in, out, rp_real.select(n, in, out, other, timeout));
	}
	before_select(&w, n, in, out, other, asked_us(timeout));
	return after_poll(&w, rp_real.select(n, in, out, other, timeout));
}

RP_HOOK int select(int n, fd_set *restrict in, fd_set *restrict out, fd_set *restrict other,
                   struct timeval *restrict timeout)
{
	if (rp_likely(polls_as_no_loop(n > 0))) {
		polls_unseen(n > 0, RP_NEVER);
		return rp_real.select(n, in, out, other, timeout);
	}
	return seen_select(n, in, out, other, timeout);
}

static RP_SLOW int seen_pselect(int n, fd_set *restrict in, fd_set *restrict out,
                                fd_set *restrict other, const struct timespec *restrict timeout,
                                const sigset_t *restrict mask)
{
	struct rp_wait w;
	sigset_t copy;

	if (polls_quietly(n > 0)) {
		polls_unseen(n > 0, wants_time(n > 0) ? rp_asked_or_ever(timeout) : RP_NEVER);
		return selected_unseen(n, in, out,
		                       rp_real.pselect(n, in, out, other, timeout, mask));
	}
	before_select(&w, n, in, out, other, rp_asked_or_ever(timeout));
	return after_poll(&w, rp_real.pselect(n, in, out, other, timeout,
	                                      rp_self.armed ? rp_mask_with(mask, &copy) : mask));
}

RP_HOOK int pselect(int n, fd_set *restrict in, fd_set *restrict out, fd_set *restrict other,
                    const struct timespec *restrict timeout, const sigset_t *restrict mask)
{
	if (rp_likely(polls_as_no_loop(n > 0))) {
		polls_unseen(n > 0, RP_NEVER);
		return rp_real.pselect(n, in, out, other, timeout, mask);
	}
	return seen_pselect(n, in, out, other, timeout, mask);
}
