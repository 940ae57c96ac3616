/* mask.c - see mask.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/mask.h"

#include <string.h>
#include "preload/hot/sampler.h"
#include "preload/hot/stack.h"
#include "preload/hot/sys.h"
#include "preload/real.h"

_Atomic int rp_mask_picked;
_Atomic uint64_t rp_mask_signalfds;
unsigned rp_mask_exit_key;
bool rp_mask_has_exit_key;

/* The host's own action for our number; SIG_DFL, since we took a free one. */
static struct sigaction host_action;

enum { PICKING = -1, NONE = -2 };

static bool install(int sig)
{
	struct sigaction act, old;

	if (rp_real.sigaction(sig, NULL, &old) != 0 || old.sa_handler != SIG_DFL ||
	    (old.sa_flags & SA_SIGINFO) || (atomic_load(&rp_mask_signalfds) & rp_sigbit(sig)))
		return false;
	/* No SA_ONSTACK: servers exist whose threads share one alternate stack.  Everything is
	 * masked: no handler of the host runs on top of ours. */
	memset(&act, 0, sizeof(act));
	act.sa_sigaction = rp_sampler_tick;
	act.sa_flags = SA_SIGINFO | SA_RESTART;
	memset(&act.sa_mask, 0xff, sizeof(act.sa_mask));
	return rp_real.sigaction(sig, &act, NULL) == 0;
}

bool rp_mask_pick(void)
{
	int none = 0, sig;

	if (!atomic_compare_exchange_strong(&rp_mask_picked, &none, PICKING)) {
		for (unsigned i = 0; i < 100000 && none == PICKING; i++)
			none = atomic_load(&rp_mask_picked);
		return none > 0;
	}
	for (sig = SIGRTMAX - 1; sig > SIGRTMIN; sig--)
		if (install(sig))
			break;
	atomic_store_explicit(&rp_mask_picked, sig > SIGRTMIN ? sig : NONE, memory_order_release);
	return sig > SIGRTMIN;
}

void rp_mask_watch_exit(struct rp_self *s)
{
	if (s->has_key || !rp_mask_has_exit_key)
		return;
	s->has_key = pthread_setspecific(rp_mask_exit_key, s) == 0;
}

void rp_mask_foreign(int sig, siginfo_t *info, void *context)
{
	if (host_action.sa_flags & SA_SIGINFO) {
		host_action.sa_sigaction(sig, info, context);
	} else if (host_action.sa_handler == SIG_DFL) {
		/* The host would have died of it; so it does, as soon as we return. */
		struct sigaction act;

		memset(&act, 0, sizeof(act));
		rp_real.sigaction(sig, &act, NULL);
		rp_sys(SYS_tgkill, rp_sys(SYS_getpid, 0), rp_sys(SYS_gettid, 0), sig);
	} else if (host_action.sa_handler != SIG_IGN) {
		host_action.sa_handler(sig);
	}
}

int rp_mask_action(const struct sigaction *act, struct sigaction *old)
{
	struct sigaction was = host_action;

	if (act)
		host_action = *act;
	if (old)
		*old = was;
	return 0;
}

static uint64_t *bits(sigset_t *set)
{
	return (uint64_t *)(void *)set;
}

const sigset_t *rp_mask_without(const sigset_t *set, sigset_t *copy)
{
	int sig = rp_mask_signal();

	if (!sig || !set || !rp_stack_readable((uintptr_t)set))
		return set;
	*copy = *set;
	*bits(copy) &= ~rp_sigbit(sig);
	return copy;
}

const sigset_t *rp_mask_with(const sigset_t *set, sigset_t *copy)
{
	int sig = rp_mask_signal();

	if (!sig || !set || !rp_stack_readable((uintptr_t)set))
		return set;
	*copy = *set;
	*bits(copy) |= rp_sigbit(sig);
	return copy;
}

const sigset_t *rp_mask_change(int how, const sigset_t *set, sigset_t *copy, bool *blocks)
{
	uint64_t ours = rp_sigbit(rp_mask_signal());
	bool named;

	if (!set || !rp_stack_readable((uintptr_t)set))
		return set;
	*copy = *set;
	named = *bits(copy) & ours;
	if (how == SIG_SETMASK)
		*blocks = named;
	else if (named)
		*blocks = how == SIG_BLOCK;
	/* In a wait of ours (the host's handler runs in it) the signal stays out. */
	if (how == SIG_SETMASK && rp_self.wait && rp_self.armed != RP_ARMED_LIGHT)
		*bits(copy) |= ours;
	else
		*bits(copy) &= ~ours;
	return copy;
}

void rp_mask_report(sigset_t *old, bool blocks)
{
	uint64_t ours = rp_sigbit(rp_mask_signal());

	if (!old)
		return;
	if (blocks)
		*bits(old) |= ours;
	else
		*bits(old) &= ~ours;
}
