/* blame.h - who holds the lock that a flagged thread waits for, and where he lets it go.
 *
 * Room: hot.  Contended locks only.  The waiter leaves a letter-box with the holder's name on it;
 * the holder, in his unlock hook, puts his stack in.  Reads the insides of glibc's locks, which
 * rp_blame_check tries on locks of its own first: where they differ, nobody is blamed.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_BLAME_H
#define RP_HOT_BLAME_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "preload/hot/self.h"

/* The lock a wait is for, and who had it when the wait began; on the waiter's frame. */
struct rp_blame {
	const void *lock;
	uint32_t how; /* enum rp_held_how; RP_HELD_NOT_ASKED: blame is off */
	uint32_t tid; /* of the holder */
	uint32_t seq; /* of the session that he worked for; 0: none */
	uint32_t box; /* index + 1 of the letter-box; 0: none was free */
};

/* Letter-boxes that wait for their holder: all that an unlock looks at. */
extern _Atomic uint32_t rp_blame_waiting;

/* Once, in the constructor: are glibc's locks as we think they are?  Else blame stays off. */
void rp_blame_check(void);
extern bool rp_blame_works;

/* Before a contended wait; END after it, whatever became of it. */
void rp_blame_mutex(struct rp_blame *b, const pthread_mutex_t *m);
void rp_blame_rwlock(struct rp_blame *b, const pthread_rwlock_t *l);
void rp_blame_end(struct rp_blame *b);

/* Between them, when the wait of AT_NS is listed: pushes who held, and his stack if it came. */
void rp_blame_tell(struct rp_self *s, const struct rp_blame *b, uint64_t at_ns);

/* The mutex that somebody waits for (maybe another one) is about to be let go. */
void rp_blame_released(const pthread_mutex_t *m);
void rp_blame_released_rwlock(const pthread_rwlock_t *l);

/* The thread never came back from its wait (longjmp), or its segment ended in it. */
void rp_blame_forget(struct rp_self *s);

/* In a forked child: nobody who waited is here. */
void rp_blame_forked(void);

#endif
