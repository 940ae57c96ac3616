/* world.h - the process forks, loads, ends: what hot tells cold, through pointers set by
 * cold/boot.c.
 *
 * Room: hot.  SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_WORLD_H
#define RP_HOT_WORLD_H

/* In a fresh child, before the host's code: nothing of the parent's recording remains. */
void rp_world_forked(void);
extern void (*rp_world_forked_cold)(void);

/* Around _Fork, on the thread that calls it (fork has its own way, pthread_atfork). */
extern void (*rp_world_before_fork)(void);
extern void (*rp_world_after_fork)(void);

/* What dlopen does before it jumps to the true one, which it returns (world_x86_64.c). */
void *rp_world_loading(void);

/* The host is about to end by _exit: waits a moment for sessions that are being written. */
extern void (*rp_world_exiting)(void);

#endif
