/* unseen.h - does the host wait for its clients' bytes by calls that no hook sees?
 *
 * Room: hot.  A runtime that makes its own system calls for that (Rust's async-io, bun) reads and
 * writes by libc all the same: its threads look as if they had a connection each, and go on with
 * other tasks after every wait.  What tells: a listener, or a connection, that does not block had
 * nothing to bring, or was put into an epoll set; and then it had, though nobody waited meanwhile
 * by a call that is seen.  What is found first counts, for good.  SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_UNSEEN_H
#define RP_HOT_UNSEEN_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "preload/real.h"

/* LIKELY: a time limit of a descriptor that blocks looks the same.  To ask costs a system call,
 * which nobody makes before somebody is flagged. */
enum rp_unseen { RP_UNSEEN_NOT_KNOWN, RP_UNSEEN_NO, RP_UNSEEN_LIKELY, RP_UNSEEN_YES };
extern _Atomic uint8_t rp_unseen;
/* The descriptor, plus 1, that is waited for; 0: none.  With RP_UNSEEN_IN_SET: by a set. */
extern _Atomic int rp_unseen_dry;
enum { RP_UNSEEN_IN_SET = 1 << 30 };

void rp_unseen_settle(enum rp_unseen found);
/* A flagged request has come on FD. */
void rp_unseen_ask(int fd);

static inline bool rp_unseen_is(enum rp_unseen what)
{
	return atomic_load_explicit(&rp_unseen, memory_order_relaxed) == what;
}

/* Threads that are no loop may be anywhere between two calls that are seen. */
static inline bool rp_unseen_waits(void)
{
	return rp_unlikely(atomic_load_explicit(&rp_unseen, memory_order_relaxed) >=
	                   RP_UNSEEN_LIKELY);
}

/* FD is waited for: it had nothing to bring, or is put into an epoll set, whose wait says so
 * whether it blocks or not. */
void rp_unseen_awaits(int fd, bool in_set);

/* A read, or an accept, of FD has answered RET. */
static inline void rp_unseen_answered(int fd, long ret)
{
	int dry = atomic_load_explicit(&rp_unseen_dry, memory_order_relaxed);

	if (rp_unlikely(dry) && (dry & ~RP_UNSEEN_IN_SET) == fd + 1 && ret >= 0)
		rp_unseen_settle(dry & RP_UNSEEN_IN_SET ? RP_UNSEEN_YES : RP_UNSEEN_LIKELY);
	else if (rp_unlikely(ret < 0) && errno == EAGAIN && !dry)
		rp_unseen_awaits(fd, false);
}

/* Somebody waits for a set's events: sooner or later for those of clients. */
static inline void rp_unseen_waited(void)
{
	if (rp_unlikely(rp_unseen_is(RP_UNSEEN_NOT_KNOWN)))
		rp_unseen_settle(RP_UNSEEN_NO);
}

/* Somebody waits for descriptors: a client's is looked for among them only where it counts. */
static inline void rp_unseen_polled(void)
{
	if (rp_unlikely(atomic_load_explicit(&rp_unseen_dry, memory_order_relaxed)))
		rp_unseen_settle(RP_UNSEEN_NO);
}

/* FD is something else, or nothing, from now on. */
static inline void rp_unseen_forget(int fd)
{
	int dry = atomic_load_explicit(&rp_unseen_dry, memory_order_relaxed);

	if (rp_unlikely(dry) && (dry & ~RP_UNSEEN_IN_SET) == fd + 1)
		atomic_compare_exchange_strong(&rp_unseen_dry, &dry, 0);
}

#endif
