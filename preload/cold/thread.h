/* thread.h - how threads of ours begin: detached, on a small stack, with every signal blocked.
 *
 * Room: cold.  SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_THREAD_H
#define RP_COLD_THREAD_H

#include <stddef.h>

/* 0, or the error; errno stays. */
int rp_thread_start(void *(*run)(void *), void *arg, size_t stack_bytes);

/* The calling thread, which is ours, takes no processor from one of the host's that runs when it is
 * woken, and where it runs itself the host's do not wait for long.  Its share of a processor stays
 * what it was: with less of it what is recorded would be lost.  Not where a filter of system calls
 * may kill for it. */
void rp_thread_steps_back(void);

#endif
