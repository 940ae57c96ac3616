/* loader.h - our thread's turn inside the loader, kept apart from the host's forks.
 *
 * Room: cold.  glibc's fork gives the child every lock of the loader anew but the one that
 * dl_iterate_phdr holds: forked in that moment, the child would never load a library again.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_LOADER_H
#define RP_COLD_LOADER_H

#include <stdbool.h>

/* Around every loader call of our thread. */
void rp_loader_enter(void);
void rp_loader_leave(void);

/* The same on a thread of the host, which waits at most a second: false, go on without. */
bool rp_loader_try(void);

/* Around fork, on the thread that forks.  Waits for our thread, at most a second. */
void rp_loader_before_fork(void);
void rp_loader_after_fork(void);

#endif
