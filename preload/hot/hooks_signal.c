/* hooks_signal.c - masks, sets and actions, so that the host never meets our signal.
 *
 * Room: hot.  SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include "preload/hot/hooks.h"
#include "preload/hot/mask.h"
#include "preload/hot/seat.h"
#include "preload/hot/sys.h"

RP_HOOK int sigaction(int sig, const struct sigaction *restrict act, struct sigaction *restrict old)
{
	if (rp_unlikely(sig > 0 && sig == rp_mask_signal()))
		return rp_mask_action(act, old);
	return rp_real.sigaction(sig, act, old);
}

RP_HOOK __sighandler_t signal(int sig, __sighandler_t handler)
{
	struct sigaction act = {.sa_handler = handler, .sa_flags = SA_RESTART}, old;

	if (rp_likely(sig <= 0 || sig != rp_mask_signal()))
		return rp_real.signal(sig, handler);
	rp_mask_action(&act, &old);
	return old.sa_handler;
}

/* The two names of one call; they differ in how they fail, which is REAL's to say. */
static RP_PASS int change_mask(__typeof__(sigprocmask) *real, int how, const sigset_t *set,
                               sigset_t *old)
{
	struct rp_self *s = &rp_self;
	bool blocks = s->host_blocks, was = blocks;
	sigset_t copy;

	if (rp_likely(!s->armed) || !rp_mask_signal() ||
	    (s->armed == RP_ARMED_LIGHT && !s->lets_in)) /* the mask is the host's own */
		return real(how, set, old);
	int ret = real(how, rp_mask_change(how, set, &copy, &blocks), old);

	if (ret == 0) {
		s->host_blocks = blocks;
		rp_mask_report(old, was);
	}
	return ret;
}

RP_HOOK int sigprocmask(int how, const sigset_t *restrict set, sigset_t *restrict old)
{
	return change_mask(rp_real.sigprocmask, how, set, old);
}

RP_HOOK int pthread_sigmask(int how, const sigset_t *restrict set, sigset_t *restrict old)
{
	return change_mask(rp_real.pthread_sigmask, how, set, old);
}

/* A signalfd made before our signal was picked keeps it from being picked. */
RP_HOOK int signalfd(int fd, const sigset_t *set, int flags)
{
	sigset_t copy;
	int ret = rp_real.signalfd(fd, rp_mask_without(set, &copy), flags);

	if (ret >= 0) {
		atomic_fetch_or(&rp_mask_signalfds, *(const uint64_t *)(const void *)set);
		if (fd < 0)
			rp_conn_born(ret, RP_FD_OTHER);
	}
	return ret;
}

RP_HOOK int sigsuspend(const sigset_t *set)
{
	struct rp_wait w;
	sigset_t copy;

	rp_wait_enter(&w, RP_WAIT_SIGNAL, NULL, 0);
	int ret = rp_real.sigsuspend(rp_self.armed ? rp_mask_with(set, &copy) : set);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK int sigwait(const sigset_t *restrict set, int *restrict sig)
{
	struct rp_wait w;
	sigset_t copy;

	rp_wait_enter(&w, RP_WAIT_SIGNAL, NULL, 0);
	int ret = rp_real.sigwait(rp_mask_without(set, &copy), sig);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK int sigwaitinfo(const sigset_t *restrict set, siginfo_t *restrict info)
{
	struct rp_wait w;
	sigset_t copy;

	rp_wait_enter(&w, RP_WAIT_SIGNAL, NULL, 0);
	int ret = rp_real.sigwaitinfo(rp_mask_without(set, &copy), info);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK int sigtimedwait(const sigset_t *restrict set, siginfo_t *restrict info,
                         const struct timespec *restrict timeout)
{
	struct rp_wait w;
	sigset_t copy;

	rp_wait_enter(&w, RP_WAIT_SIGNAL, NULL, 0);
	int ret = rp_real.sigtimedwait(rp_mask_without(set, &copy), info, timeout);

	rp_wait_leave(&w);
	return ret;
}
