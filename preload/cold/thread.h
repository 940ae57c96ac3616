/* thread.h - how threads of ours begin: detached, on a small stack, with every signal blocked.
 *
 * Room: cold.  SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_THREAD_H
#define RP_COLD_THREAD_H

#include <stddef.h>

/* 0, or the error; errno stays. */
int rp_thread_start(void *(*run)(void *), void *arg, size_t stack_bytes);

#endif
