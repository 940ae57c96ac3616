/* executor.h - threads that run whatever task is ready: a runtime's workers (virtual threads, async
 * tasks, coroutines that it switches by itself).
 *
 * Room: hot.  A thread that reads a request mostly answers it, and works for it until then.  These
 * do not: a task may end, or rest, and another one's go on, by no call that a hook sees.  Which
 * they are is told by what only they do (they read a connection that an event loop watches on), by
 * their name, and by one that was seen to leave a request for another's.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_EXECUTOR_H
#define RP_HOT_EXECUTOR_H

#include <stdbool.h>
#include "preload/hot/wait.h"

/* May the calling thread, which is no loop, go on with somebody else's task at any time?  WATCHED:
 * the connection that it reads or writes is in an epoll set. */
bool rp_executor_is(struct rp_self *s, bool watched);

/* ... as its name says; which is asked for once. */
bool rp_executor_look(struct rp_self *s);
enum { RP_EXECUTOR_NOT_LOOKED, RP_EXECUTOR_BY_NO_NAME, RP_EXECUTOR_BY_NAME };
static inline bool rp_executor_is_named(struct rp_self *s)
{
	return rp_unlikely(s->executor != RP_EXECUTOR_BY_NO_NAME) && rp_executor_look(s);
}

/* S, which may be one and works for who is alone, is about to wait for WHAT; or for a futex that is
 * none of libc's locks and conditions.  A runtime's worker that parks has left its task, and goes
 * on with any. */
bool rp_executor_parks(struct rp_self *s, const struct rp_waited *what);
bool rp_executor_parks_on_futex(const struct rp_self *s);

/* The calling thread reads or writes on the connection of another request than the one, still
 * unanswered, that it was said to work for: threads of this process are believed no more. */
void rp_executor_meets(void);

#endif
