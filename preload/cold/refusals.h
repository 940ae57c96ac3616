/* refusals.h - the line in REQPROF_LOG about triggers that were refused.
 *
 * Room: cold, our thread.  SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_REFUSALS_H
#define RP_COLD_REFUSALS_H

/* Writes it when it is due: why the last one was refused, whose it was, how many there were. */
void rp_refusals_tell(void);

#endif
