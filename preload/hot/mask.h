/* mask.h - our signal: which one it is, and that the host never sees it.
 *
 * Room: hot.  The signal is picked when the first request is flagged; before that every function
 * here only forwards.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_MASK_H
#define RP_HOT_MASK_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "preload/hot/self.h"

extern _Atomic int rp_mask_picked;         /* 0: none yet; < 0: there is none */
extern _Atomic uint64_t rp_mask_signalfds; /* signals that some signalfd of the host reads */

/* Our signal, 0: none. */
static inline int rp_mask_signal(void)
{
	int sig = atomic_load_explicit(&rp_mask_picked, memory_order_acquire);

	return sig > 0 ? sig : 0;
}

/* Finds a free real-time signal and installs the handler, once.  False: there is none. */
bool rp_mask_pick(void);

/* Tells pthread to call us when this thread ends (a key's destructor, set by cold/boot.c). */
void rp_mask_watch_exit(struct rp_self *s);
extern unsigned rp_mask_exit_key;
extern bool rp_mask_has_exit_key;

/* A signal of our number that is not ours: does what the host would have had. */
void rp_mask_foreign(int sig, siginfo_t *info, void *context);

/* sigaction(SIG = ours) as the host sees it. */
int rp_mask_action(const struct sigaction *act, struct sigaction *old);

/* SET without our signal, in COPY; SET itself when there is nothing to hide.  WITH: with it. */
const sigset_t *rp_mask_without(const sigset_t *set, sigset_t *copy);
const sigset_t *rp_mask_with(const sigset_t *set, sigset_t *copy);

/* What a mask change of the host means while our signal is unblocked for our own ends. */
const sigset_t *rp_mask_change(int how, const sigset_t *set, sigset_t *copy, bool *blocks);
void rp_mask_report(sigset_t *old, bool blocks);

#endif
