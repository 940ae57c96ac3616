/* handmade.h - profiles written as text, for the pure parts of the tool.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#ifndef RP_TESTS_HANDMADE_H
#define RP_TESTS_HANDMADE_H

#include "tools/profile.h"

/* An empty profile of one session: GET /shop -> 200, one thread, 1 ms ticks. */
struct rp_profile *handmade_make(void);
void handmade_free(struct rp_profile *p);

/* Begins another session of the same request, SECONDS later and in process PID: what is added from
 * here on is its. */
void handmade_next(struct rp_profile *p, uint32_t pid, unsigned seconds);

/* MS milliseconds (wall and CPU alike) on STACK, root first: "main;handle@/src/a.c;read!libc;
 * [wait: sleep]".  A plain name is of /src/app/main.c in the main program, NAME@FILE of that
 * file, NAME!LIB of /usr/lib/LIB.so.6 without source, [NAME] a pseudo frame without CPU.  Points
 * follow each other in time. */
void handmade_add(struct rp_profile *p, const char *stack, unsigned ms);

/* The same on a second, third... thread (0 is the first), tid 4711 + THREAD. */
void handmade_add_on(struct rp_profile *p, unsigned thread, const char *stack, unsigned ms);

#endif
