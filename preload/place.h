/* place.h - which functions lie together in the library.
 *
 * The kernel maps a file 16 pages at a time around the one that is needed: what runs in processes
 * where nothing is ever flagged is kept on few of them, also for the caches.  The order of the
 * objects does the rest (FIRST in the Makefile).
 * Room: preload.  SPDX-License-Identifier: MIT
 */
#ifndef RP_PRELOAD_PLACE_H
#define RP_PRELOAD_PLACE_H

/* In front of one of libc's functions; and what every such call goes through. */
#define RP_HOOK __attribute__((visibility("default"), hot))
#define RP_PASS __attribute__((noinline, hot))

/* What a hook does when there is something to see: elsewhere, or the hook would keep a frame. */
#define RP_SLOW __attribute__((noinline))

/* At the start of a process, around its forks, and when it ends. */
#define RP_EARLY __attribute__((section(".text.startup")))

#endif
