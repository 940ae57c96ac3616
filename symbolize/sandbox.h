/* sandbox.h - a process that may read files, compute and answer, and nothing else.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_SANDBOX_H
#define RP_SYMBOLIZE_SANDBOX_H

#include <stdint.h>

/* For good, in a process just forked: no descriptor but KEEP, no core file, at most MEMORY_BYTES
 * of its own, no system call but those of the list in sandbox.c, an end with its parent.  What the
 * kernel does not know is left out: a narrower room is better than no names. */
void rp_sandbox_enter(int keep, uint64_t memory_bytes);

#endif
