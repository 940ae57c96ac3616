/* coroutine.h - where a coroutine's outermost function returns to.
 *
 * Room: cold.  SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_COROUTINE_H
#define RP_COLD_COROUTINE_H

#include <stdint.h>

/* The function that makecontext lets a coroutine return into (glibc's __start_context): nobody
 * calls it, though its unwind rules tell of a caller.  0: unknown.  The same each time. */
uint64_t rp_coroutine_end(void);

#endif
